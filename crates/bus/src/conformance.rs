//! What every bus must do. Adapters run it in their tests.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kugel_store::Body;
use kugel_types::{EventId, TenantId, TerminalNo};
use parking_lot::Mutex;

use crate::{Acknowledgement, Announcement, Bus, Change, ChangeKind, Event, Failure, Handler, Topic};

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
        store: Some("store_001".parse().expect("valid")),
        terminal: Some(TerminalNo::new(1).expect("valid")),
        occurred_at: Timestamp::UNIX_EPOCH,
        schema_version: Event::SCHEMA_VERSION,
        traceparent: None,
        body: Body::from_text(body),
    })
}

/// What a suite has heard.
#[derive(Default)]
struct Heard {
    acknowledgements: Mutex<Vec<Acknowledgement>>,
    announcements: Mutex<Vec<Announcement>>,
}

/// Runs the suite on a fresh bus; `tenant` keeps runs apart in a shared broker. Panics at the first difference.
pub async fn run(bus: Arc<dyn Bus>, tenant: TenantId) {
    let (report, journal) = (Arc::new(Recorder::default()), Arc::new(Recorder::default()));
    let topics: &[Topic] = &[Topic::TranlogReport, Topic::CashlogReport];
    bus.subscribe("report", topics, report.clone());
    bus.subscribe("journal", &[Topic::TranlogReport], journal.clone());
    let heard = Arc::new(Heard::default());
    let listener = heard.clone();
    let listen = move |batch| listener.acknowledgements.lock().extend(batch);
    bus.on_acknowledgement(&[Topic::TranlogReport], Box::new(listen));
    let listener = heard.clone();
    bus.on_change(Box::new(move |one| {
        listener.announcements.lock().push(one.clone())
    }));
    eventually_async("it can be published", async || bus.ping().await.is_ok()).await;

    let numbers = deliveries_in_order(&*bus, &tenant, &heard, &report, &journal).await;
    some_consumers(&*bus, &tenant, &heard, &report, &journal, numbers).await;
    announcements(&*bus, tenant, &heard).await;
    bus.close().await;
}

/// Each consumer gets its topics in order, a bad event is passed, and each event is answered for.
async fn deliveries_in_order(
    bus: &dyn Bus,
    tenant: &TenantId,
    heard: &Heard,
    report: &Recorder,
    journal: &Recorder,
) -> usize {
    let numbers: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    let bad = event(tenant, Topic::TranlogReport, "\"bad\"");
    let mut events: Vec<Arc<Event>> = Vec::new();
    events.extend(
        numbers
            .iter()
            .map(|number| event(tenant, Topic::TranlogReport, number)),
    );
    events.push(bad.clone());
    events.push(event(tenant, Topic::TranlogReport, "\"late\""));
    events.push(event(tenant, Topic::CashlogReport, "\"cash\""));
    for event in events {
        // A bad event is accepted like any other: only its consumer can tell.
        bus.publish(event).await.expect("publish");
    }
    let is_cash = |text: &String| text == "\"cash\"";
    eventually("every event was answered for", || {
        heard.acknowledgements.lock().len() == 2 * 502
            && bus.backlog() == 0
            && report.seen.lock().iter().any(is_cash)
    })
    .await;
    let expected: Vec<String> = numbers.iter().cloned().chain(["\"late\"".to_owned()]).collect();
    let seen = report.seen.lock().clone();
    let (cash, sales): (Vec<_>, Vec<_>) = seen.into_iter().partition(is_cash);
    assert_eq!(
        sales, expected,
        "order within a topic is kept, a bad neighbour is passed"
    );
    assert_eq!(cash.len(), 1, "a consumer of two topics gets both");
    assert_eq!(
        *journal.seen.lock(),
        expected,
        "a consumer gets its own topics only"
    );
    let acknowledgements = heard.acknowledgements.lock();
    let failures: Vec<_> = acknowledgements
        .iter()
        .filter(|one| one.failure.is_some())
        .collect();
    assert_eq!(
        failures.len(),
        2,
        "each consumer refused the bad event, nobody anything else"
    );
    for failure in failures {
        assert_eq!((&failure.event_id, &failure.tenant), (&bad.id, tenant));
        assert_eq!(
            failure.failure,
            Some(Failure::Malformed("it says so itself".to_owned())),
            "the reason travels with the refusal"
        );
    }
    acknowledgements.len()
}

/// What is sent again to some consumers does not reach the others.
async fn some_consumers(
    bus: &dyn Bus,
    tenant: &TenantId,
    heard: &Heard,
    report: &Recorder,
    journal: &Recorder,
    answered: usize,
) {
    let before = report.seen.lock().len();
    let event = event(tenant, Topic::TranlogReport, "\"again\"");
    bus.publish_to(event.clone(), &["journal"])
        .await
        .expect("publish");
    eventually("the event was answered for", || {
        heard.acknowledgements.lock().len() == answered + 1 && bus.backlog() == 0
    })
    .await;
    let last = heard.acknowledgements.lock().last().cloned().expect("answered");
    assert_eq!(
        (last.event_id, last.service.as_str()),
        (event.id.clone(), "journal")
    );
    assert_eq!(journal.seen.lock().last().map(String::as_str), Some("\"again\""));
    assert_eq!(report.seen.lock().len(), before, "the others have it");
}

async fn announcements(bus: &dyn Bus, tenant: TenantId, heard: &Heard) {
    heard.announcements.lock().clear();
    let change = Change {
        tenant,
        kind: ChangeKind::Item,
        key: "8801-M".to_owned(),
    };
    bus.announce(&change);
    assert_eq!(
        *heard.announcements.lock(),
        [Announcement::Changed(change)],
        "listeners of the process have heard it when `announce` returns"
    );
}

async fn eventually(what: &str, condition: impl Fn() -> bool) {
    eventually_async(what, async || condition()).await;
}

async fn eventually_async(what: &str, condition: impl AsyncFn() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(60), wait).await.is_ok(),
        "{what}"
    );
}
