//! Connections are cut, consumers die, queues vanish: every event still counts once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use kugel_bus::{Announcement, Bus, Change, ChangeKind, DeadLetters, Event, Failure, Handler, Topic};
use kugel_types::TenantId;
use lapin::options::QueueDeleteOptions;
use parking_lot::Mutex;

use super::proxy::Proxy;
use super::{Recorder, connected, numbered, on_broker};
use crate::world::{Counter, World, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_loses_nothing_and_doubles_nothing() {
    on_broker(async |broker| {
        let world = World::new();
        let proxy = Proxy::before(&broker.url).await;
        let bus = broker.bus_by(proxy.url());
        world.consume(&*bus);
        let outbox = world.outbox(bus.clone());
        connected(&*bus).await;
        for number in 0..300 {
            outbox.dispatch(world.commit(&outbox).await);
            if number % 60 == 59 {
                let before = proxy.accepted();
                proxy.cut();
                eventually("it comes again", async || proxy.accepted() > before).await;
                connected(&*bus).await;
            }
        }
        // The clock stands still, so no regular sweep takes part in this.
        eventually("all is written down", async || {
            world.undelivered().await == 0 && outbox.backlog() == 0
        })
        .await;
        assert_eq!(world.counts().await, [300, 300, 300]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sales_go_on_without_a_broker_and_the_backlog_drains_when_it_is_back() {
    on_broker(async |broker| {
        let world = World::new();
        let proxy = Proxy::before(&broker.url).await;
        let bus = broker.bus_by(proxy.url());
        world.consume(&*bus);
        let outbox = world.outbox(bus.clone());
        connected(&*bus).await;
        proxy.close();
        eventually("it is noticed", async || bus.ping().await.is_err()).await;
        let reason = bus.ping().await.unwrap_err().to_string();
        assert!(
            reason.contains("127.0.0.1") && !reason.contains("guest"),
            "{reason}"
        );
        for _ in 0..600 {
            let event = world.commit(&outbox).await;
            outbox.dispatch(event);
        }
        eventually("nothing is kept in memory", async || outbox.backlog() == 0).await;
        assert_eq!(world.undelivered().await, 600);
        proxy.open();
        // The clock stands still, so no regular sweep takes part in this.
        eventually("the backlog drains", async || world.undelivered().await == 0).await;
        assert_eq!(world.counts().await, [600, 600, 600]);
    })
    .await;
}

/// Makes its effect durable and then never answers, like a process that dies between commit and acknowledgement.
struct Dying(Counter);

#[async_trait]
impl Handler for Dying {
    async fn handle(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        self.0.handle(tenant, events).await?;
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_consumer_had_done_counts_once() {
    on_broker(async |broker| {
        let world = World::new();
        let (service, documents) = world.consumers[1].clone();
        let counter = || Counter {
            service,
            documents: documents.clone(),
        };
        let dying = broker.connected().await;
        dying.subscribe(service, &[Topic::TranlogReport], Arc::new(Dying(counter())));
        for number in 0..50 {
            dying.publish(numbered(&world.tenant, number)).await.unwrap();
        }
        eventually("the effect is durable", async || world.counts().await[1] > 0).await;
        drop(dying);
        let next = broker.bus();
        let heard: Arc<Mutex<usize>> = Arc::default();
        let listener = heard.clone();
        let listen = move |batch: Vec<_>| *listener.lock() += batch.len();
        next.on_acknowledgement(&[Topic::TranlogReport], Box::new(listen));
        next.subscribe(service, &[Topic::TranlogReport], Arc::new(counter()));
        eventually("each is answered for", async || *heard.lock() == 50).await;
        assert_eq!(world.counts().await[1], 50);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_reaches_no_queue_is_noticed_and_sent_again() {
    on_broker(async |broker| {
        let world = World::new();
        let bus = broker.connected().await;
        let outbox = world.outbox(bus.clone());
        let (connection, channel) = broker.channel().await;
        for service in ["report", "journal", "stock"] {
            let queue = broker.named(&format!("tranlog_report.{service}"));
            channel
                .queue_delete(queue, QueueDeleteOptions::default())
                .await
                .unwrap();
        }
        connection.close(200, "OK".into()).await.unwrap();
        outbox.dispatch(world.commit(&outbox).await);
        // Nobody consumed until now, so only the broker could tell.
        eventually("it is noticed", async || bus.ping().await.is_err()).await;
        world.consume(&*bus);
        eventually("it arrives", async || world.undelivered().await == 0).await;
        assert_eq!(world.counts().await, [1, 1, 1]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caches_are_emptied_when_announcements_may_have_been_missed() {
    on_broker(async |broker| {
        let proxy = Proxy::before(&broker.url).await;
        let (near, far) = (broker.connected().await, broker.bus_by(proxy.url()));
        connected(&*far).await;
        let heard: Arc<Mutex<Vec<(&str, Announcement)>>> = Arc::default();
        for (name, bus) in [("near", &near), ("far", &far)] {
            let heard = heard.clone();
            bus.on_change(Box::new(move |announcement| {
                heard.lock().push((name, announcement.clone()))
            }));
        }
        let has_heard = |name: &str| heard.lock().contains(&(name, Announcement::Everything));
        // Each hears the other before it begins.
        let change = |key: &str| Change {
            tenant: "Q7301".parse().unwrap(),
            kind: ChangeKind::Tax,
            key: key.to_owned(),
        };
        for (speaker, listener) in [(&near, "far"), (&far, "near")] {
            let greeting = Announcement::Changed(change(listener));
            eventually("they hear each other", async || {
                speaker.announce(&change(listener));
                heard.lock().contains(&(listener, greeting.clone()))
            })
            .await;
        }
        heard.lock().clear();
        proxy.close();
        eventually("it is noticed", async || far.ping().await.is_err()).await;
        far.announce(&change("01"));
        proxy.open();
        eventually("who was away empties its caches", async || has_heard("far")).await;
        eventually("so does who missed its announcement", async || has_heard("near")).await;
    })
    .await;
}

/// Fails for a passing reason until it has been asked so many times.
struct Recovering {
    failures: AtomicUsize,
    /// Only this body fails, or every one.
    body: Option<&'static str>,
    recorder: Recorder,
}

#[async_trait]
impl Handler for Recovering {
    async fn handle(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        let concerned = events
            .iter()
            .any(|event| self.body.is_none_or(|body| event.body.text() == body));
        let left = self.failures.load(Ordering::SeqCst);
        if concerned && left > 0 {
            self.failures.store(left - 1, Ordering::SeqCst);
            return Err(Failure::Transient("the database is away".to_owned()));
        }
        self.recorder.handle(tenant, events).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_a_consumers_database_lays_nothing_aside_and_keeps_the_order() {
    on_broker(async |broker| {
        let tenant: TenantId = "Q7301".parse().unwrap();
        let handler = Arc::new(Recovering {
            failures: AtomicUsize::new(30),
            body: None,
            recorder: Recorder::default(),
        });
        let bus = broker.connected().await;
        bus.subscribe("stock", &[Topic::TranlogReport], handler.clone());
        for number in 0..300 {
            bus.publish(numbered(&tenant, number)).await.unwrap();
        }
        let seen = || handler.recorder.seen.lock().len();
        eventually("all have arrived", async || seen() >= 300 && bus.backlog() == 0).await;
        let expected: Vec<String> = (0..300).map(|number| number.to_string()).collect();
        assert_eq!(*handler.recorder.seen.lock(), expected);
        let letters = DeadLetters::connect(&broker.url, &broker.namespace)
            .await
            .unwrap();
        assert!(letters.list().await.unwrap().is_empty());
        letters.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_fails_alone_is_given_back_while_others_pass() {
    on_broker(async |broker| {
        let tenant: TenantId = "Q7301".parse().unwrap();
        let handler = Arc::new(Recovering {
            failures: AtomicUsize::new(30),
            body: Some("7"),
            recorder: Recorder::default(),
        });
        let bus = broker.connected().await;
        bus.subscribe("stock", &[Topic::TranlogReport], handler.clone());
        let seen = |body: &str| handler.recorder.seen.lock().iter().any(|text| text == body);
        for number in 0.. {
            // Its till waits for it for a while; the others do not.
            let mut event = (*numbered(&tenant, number)).clone();
            if number != 7 {
                event.terminal = Some(kugel_types::TerminalNo::new(2).unwrap());
            }
            bus.publish(Arc::new(event)).await.unwrap();
            let own = number.to_string();
            if number != 7 {
                eventually("a neighbour passes", async || seen(&own)).await;
            }
            if seen("7") {
                break;
            }
        }
        assert_eq!(handler.failures.load(Ordering::SeqCst), 0);
    })
    .await;
}
