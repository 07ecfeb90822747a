//! What no consumer can use is laid aside with the reason, and can be put back.

use std::sync::Arc;

use kugel_bus::{Acknowledgement, Bus, DeadLetters, Event, Failure, Topic};
use kugel_types::TenantId;
use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use parking_lot::Mutex;

use super::{Broker, Recorder, numbered, on_broker};
use crate::world::eventually;

/// A message as somebody else might send it.
fn properties(id: &str, tenant: &str, version: i64) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("tenant".into(), AMQPValue::LongString(tenant.into()));
    headers.insert("store".into(), AMQPValue::LongString("store_001".into()));
    headers.insert("terminal".into(), AMQPValue::LongInt(1));
    headers.insert(
        "occurred_at".into(),
        AMQPValue::LongString("2026-06-11T05:20:00Z".into()),
    );
    headers.insert("schema_version".into(), AMQPValue::LongLongInt(version));
    BasicProperties::default()
        .with_message_id(id.into())
        .with_headers(headers)
}

async fn send(broker: &Broker, messages: &[(BasicProperties, &str)]) {
    let (connection, channel) = broker.channel().await;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await
        .unwrap();
    for (properties, body) in messages {
        let queue = broker.named("tranlog_report.stock");
        let options = BasicPublishOptions::default();
        let sent = channel.basic_publish("".into(), queue, options, body.as_bytes(), properties.clone());
        sent.await.unwrap().await.unwrap();
    }
    connection.close(200, "OK".into()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_is_laid_aside_with_the_reason_and_neighbours_pass() {
    on_broker(async |broker| {
        let tenant: TenantId = "Q7301".parse().unwrap();
        let (bus, recorder) = (broker.connected().await, Arc::new(Recorder::default()));
        bus.subscribe("stock", &[Topic::TranlogReport], recorder.clone());
        let heard: Arc<Mutex<Vec<Acknowledgement>>> = Arc::default();
        let listener = heard.clone();
        let listen = move |batch| listener.lock().extend(batch);
        bus.on_acknowledgement(&[Topic::TranlogReport], Box::new(listen));
        let ids: Vec<String> = (0..4)
            .map(|_| kugel_types::EventId::generate().to_string())
            .collect();
        let next = i64::from(Event::SCHEMA_VERSION) + 1;
        let foreign = format!(r#"{{"tenant_id": "Q7302", "event_id": "{}"}}"#, ids[2]);
        bus.publish(numbered(&tenant, 1)).await.unwrap();
        send(
            broker,
            &[
                (BasicProperties::default(), "what is this?"),
                (properties(&ids[0], "Q7301", 1), "{\"tenant_id\": "),
                (properties(&ids[1], "Q7301", next), "{}"),
                (properties(&ids[2], "Q7301", 1), &foreign),
                (properties(&ids[3], "no tenant at all", 1), "{}"),
            ],
        )
        .await;
        bus.publish(numbered(&tenant, 2)).await.unwrap();
        eventually("neighbours pass", async || *recorder.seen.lock() == ["1", "2"]).await;
        eventually("what can be answered for is", async || {
            heard.lock().iter().filter(|one| one.failure.is_some()).count() == 3 && bus.backlog() == 0
        })
        .await;
        let letters = DeadLetters::connect(&broker.url, &broker.namespace)
            .await
            .unwrap();
        let found = letters.list().await.unwrap();
        let reasons: Vec<&str> = found.iter().map(|letter| letter.reason.as_str()).collect();
        assert_eq!(found.len(), 5, "{reasons:?}");
        for (reason, expected) in reasons.iter().zip([
            "the message has no id",
            "the body is not the JSON of an event",
            "schema version 2 is not known, only up to 1",
            "the body's tenant_id is \"Q7302\", the message's \"Q7301\"",
            "header `tenant` cannot be read",
        ]) {
            assert!(reason.contains(expected), "{reason}");
        }
        assert!(found.iter().all(|letter| letter.service == "stock"));
        assert_eq!(found[0].body, "what is this?");
        assert_eq!(
            letters.list().await.unwrap().len(),
            5,
            "looking takes nothing away"
        );
        for one in heard.lock().iter().filter(|one| one.failure.is_some()) {
            assert!(matches!(one.failure, Some(Failure::Malformed(_))), "{one:?}");
            assert_eq!((&one.tenant, one.service.as_str()), (&tenant, "stock"));
        }
        letters.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_put_back_and_processed() {
    on_broker(async |broker| {
        let tenant: TenantId = "Q7301".parse().unwrap();
        let bus = broker.connected().await;
        // The consumer refuses it in one version and takes it in the next.
        let old = Arc::new(Refusing);
        bus.subscribe("stock", &[Topic::TranlogReport], old);
        let event = numbered(&tenant, 42);
        bus.publish(event.clone()).await.unwrap();
        bus.publish(numbered(&tenant, 43)).await.unwrap();
        let letters = DeadLetters::connect(&broker.url, &broker.namespace)
            .await
            .unwrap();
        eventually("both are laid aside", async || {
            letters.list().await.unwrap().len() == 2
        })
        .await;
        let letter = &letters.list().await.unwrap()[0];
        assert_eq!(letter.reason, "not in this version");
        assert_eq!(
            (&letter.id, &letter.tenant),
            (&Some(event.id.clone()), &Some(tenant.clone()))
        );
        assert_eq!(letter.occurred_at, Some(event.occurred_at));
        bus.close().await;
        let (next, recorder) = (broker.connected().await, Arc::new(Recorder::default()));
        next.subscribe("stock", &[Topic::TranlogReport], recorder.clone());
        let replayed = letters
            .replay(|letter| letter.id.as_ref() == Some(&event.id))
            .await
            .unwrap();
        assert_eq!(replayed.len(), 1);
        eventually("it is processed", async || *recorder.seen.lock() == ["42"]).await;
        assert_eq!(letters.list().await.unwrap().len(), 1, "the other one stays");
        letters.close().await;
    })
    .await;
}

struct Refusing;

#[async_trait::async_trait]
impl kugel_bus::Handler for Refusing {
    async fn handle(&self, _: &TenantId, _: &[Arc<Event>]) -> Result<(), Failure> {
        Err(Failure::Malformed("not in this version".to_owned()))
    }
}
