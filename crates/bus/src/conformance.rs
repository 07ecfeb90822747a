//! What every bus must do. Adapters run it in their tests.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kugel_store::Body;
use kugel_types::{EventId, TenantId, TerminalNo};
use parking_lot::Mutex;

use crate::{Acknowledgement, Bus, Change, ChangeKind, Event, Failure, Handler, Topic};

/// Remembers what it was given, fails as the body says: `"bad"` always, `"late"` the first time.
#[derive(Default)]
struct Recorder {
    seen: Mutex<Vec<String>>,
    tried: Mutex<Vec<EventId>>,
}

#[async_trait]
impl Handler for Recorder {
    async fn handle(&self, _: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        for event in events {
            let text = event.body.text();
            if text == "\"bad\"" {
                return Err(Failure::Malformed("it says so itself".to_owned()));
            }
            let first = !self.tried.lock().contains(&event.id);
            if text == "\"late\"" && first {
                self.tried.lock().push(event.id.clone());
                return Err(Failure::Transient("not yet".to_owned()));
            }
        }
        self.seen
            .lock()
            .extend(events.iter().map(|event| event.body.text().to_owned()));
        Ok(())
    }
}

/// An event of `tenant` with a JSON text as its body.
pub fn event(tenant: &TenantId, topic: Topic, body: &str) -> Arc<Event> {
    Arc::new(Event {
        id: EventId::generate(),
        topic,
        tenant: tenant.clone(),
        store: "store_001".parse().expect("valid"),
        terminal: TerminalNo::new(1).expect("valid"),
        occurred_at: Timestamp::UNIX_EPOCH,
        schema_version: Event::SCHEMA_VERSION,
        traceparent: None,
        body: Body::from_text(body),
    })
}

/// Runs the suite on a fresh bus; `tenant` keeps runs apart in a shared broker. Panics at the first difference.
pub async fn run(bus: Arc<dyn Bus>, tenant: TenantId) {
    let (report, journal) = (Arc::new(Recorder::default()), Arc::new(Recorder::default()));
    bus.subscribe(
        "report",
        &[Topic::TranlogReport, Topic::CashlogReport],
        report.clone(),
    );
    bus.subscribe("journal", &[Topic::TranlogReport], journal.clone());
    let heard: Arc<Mutex<Vec<Acknowledgement>>> = Arc::default();
    let listener = heard.clone();
    bus.on_acknowledgement(
        &[Topic::TranlogReport],
        Box::new(move |batch| listener.lock().extend(batch)),
    );
    let changes: Arc<Mutex<Vec<Change>>> = Arc::default();
    let listener = changes.clone();
    bus.on_change(Box::new(move |change| listener.lock().push(change.clone())));

    let numbers: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    for number in &numbers {
        bus.publish(event(&tenant, Topic::TranlogReport, number))
            .await
            .expect("publish");
    }
    let bad = event(&tenant, Topic::TranlogReport, "\"bad\"");
    bus.publish(bad.clone())
        .await
        .expect("a bad event is accepted: only its consumer can tell");
    bus.publish(event(&tenant, Topic::TranlogReport, "\"late\""))
        .await
        .expect("publish");
    bus.publish(event(&tenant, Topic::CashlogReport, "\"cash\""))
        .await
        .expect("publish");
    eventually("every event was answered for", || {
        heard.lock().len() == 2 * 502 && bus.backlog() == 0
    })
    .await;

    let expected = |extra: &[&str]| {
        let extra = extra.iter().map(|text| (*text).to_owned());
        numbers.iter().cloned().chain(extra).collect::<Vec<String>>()
    };
    assert_eq!(
        *report.seen.lock(),
        expected(&["\"late\"", "\"cash\""]),
        "order is kept, a bad neighbour is passed"
    );
    assert_eq!(
        *journal.seen.lock(),
        expected(&["\"late\""]),
        "a consumer gets its own topics only"
    );
    let failures: Vec<_> = heard
        .lock()
        .iter()
        .filter(|one| one.failure.is_some())
        .cloned()
        .collect();
    assert_eq!(
        failures.len(),
        2,
        "each consumer refused the bad event, nobody anything else"
    );
    assert!(
        failures
            .iter()
            .all(|one| one.event_id == bad.id && one.tenant == tenant)
    );

    let change = Change {
        tenant,
        kind: ChangeKind::Item,
        key: "8801-M".to_owned(),
    };
    bus.announce(&change);
    eventually("an announcement arrives", || {
        changes.lock().as_slice() == std::slice::from_ref(&change)
    })
    .await;
    bus.close().await;
}

async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(20), wait).await.is_ok(),
        "{what}"
    );
}
