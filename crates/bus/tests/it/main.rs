//! The bus of one process and the outbox over a real embedded store.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kugel_bus::{
    Bus, DeliveryState, Event, Failure, Handler, InProcessBus, Outbox, SweepPolicy, Topic, deliveries, inbox,
};
use kugel_store::{Collection, DataDir, Documents, Query, Record, Scope, SqliteStore};
use kugel_types::{ManualClock, TenantId};
use serde::{Deserialize, Serialize};

static DELIVERIES: Collection = deliveries("status_tran_delivery");
static TALLIES: Collection = Collection {
    name: "tallies",
    fields: &[],
    indexes: &[],
};
const POLICY: SweepPolicy = SweepPolicy {
    interval: Duration::from_secs(300),
    horizon: Duration::from_secs(86_400),
    failed_after: Duration::from_secs(900),
};

#[derive(Serialize, Deserialize)]
struct Tally {
    service: String,
    count: u64,
}

impl Record for Tally {
    const COLLECTION: &'static Collection = &TALLIES;
    fn id(&self) -> String {
        self.service.clone()
    }
}

/// Counts the events it has processed, in a document of its own, exactly once each.
struct Counter {
    service: &'static str,
    documents: Documents,
}

#[async_trait]
impl Handler for Counter {
    async fn handle(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        let scope = Scope::from(tenant);
        let events = inbox::unprocessed(&self.documents, &scope, events).await?;
        let tally = self.documents.get::<Tally>(&scope, self.service).await?;
        let count = tally.map_or(0, |tally| tally.count) + events.len() as u64;
        let mut changes = self.documents.changes("test").upsert(Tally {
            service: self.service.to_owned(),
            count,
        });
        for event in &events {
            changes = inbox::mark(changes, event);
        }
        Ok(self.documents.commit(&scope, changes).await?)
    }
}

struct World {
    producer: Documents,
    consumers: Vec<(&'static str, Documents)>,
    clock: Arc<ManualClock>,
    tenant: TenantId,
}

impl World {
    fn new(folder: &std::path::Path) -> Self {
        let clock = Arc::new(ManualClock::for_test("2026-06-11T00:00:00Z".parse().unwrap()));
        let data = DataDir::open(folder).unwrap();
        let open = |service: &str| {
            let store = Arc::new(SqliteStore::open(&data, service).unwrap());
            Documents::new(store, clock.clone())
        };
        let consumers = ["report", "journal", "stock"]
            .map(|service| (service, open(service)))
            .to_vec();
        Self {
            producer: open("cart"),
            consumers,
            clock: clock.clone(),
            tenant: "Q7301".parse().unwrap(),
        }
    }

    /// A process: a bus with its consumers and an outbox.
    fn start(&self, consuming: bool) -> (Arc<InProcessBus>, Outbox) {
        let bus = Arc::new(InProcessBus::default());
        if consuming {
            for (service, documents) in &self.consumers {
                let counter = Counter {
                    service,
                    documents: documents.clone(),
                };
                bus.subscribe(service, &[Topic::TranlogReport], Arc::new(counter));
            }
        }
        let topics: &[Topic] = &[Topic::TranlogReport];
        let (documents, clock) = (self.producer.clone(), self.clock.clone());
        let (outbox, task) = Outbox::new(documents, bus.clone(), clock, &DELIVERIES, topics, POLICY);
        tokio::spawn(task);
        (bus, outbox)
    }

    async fn commit(&self, outbox: &Outbox) -> Arc<Event> {
        let mut event = (*kugel_bus::conformance::event(&self.tenant, Topic::TranlogReport, "{}")).clone();
        event.occurred_at = kugel_types::Clock::now(&*self.clock);
        let event = Arc::new(event);
        let changes = outbox.stage(self.producer.changes("till"), &event);
        self.producer
            .commit(&Scope::from(&self.tenant), changes)
            .await
            .unwrap();
        event
    }

    async fn counts(&self) -> Vec<u64> {
        let mut counts = Vec::new();
        for (service, documents) in &self.consumers {
            let tally = documents
                .get::<Tally>(&Scope::from(&self.tenant), service)
                .await
                .unwrap();
            counts.push(tally.map_or(0, |tally| tally.count));
        }
        counts
    }

    async fn undelivered(&self) -> u64 {
        let query = Query::all().one_of("status", ["published", "partially_delivered", "failed"]);
        self.producer
            .store()
            .find(&Scope::from(&self.tenant), &DELIVERIES, &query)
            .await
            .unwrap()
            .total
    }
}

async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(20), wait).await.is_ok(),
        "{what}"
    );
}

#[tokio::test]
async fn the_in_process_bus_conforms() {
    kugel_bus::conformance::run(Arc::new(InProcessBus::default()), "Q7301".parse().unwrap()).await;
}

#[tokio::test]
async fn an_event_is_delivered_and_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path());
    let (_bus, outbox) = world.start(true);
    let mut last = None;
    for _ in 0..20 {
        let event = world.commit(&outbox).await;
        outbox.dispatch(event.clone());
        last = Some(event);
    }
    eventually("all is written down", async || {
        outbox.backlog() == 0 && world.undelivered().await == 0
    })
    .await;
    assert_eq!(world.counts().await, [20, 20, 20]);
    let record = outbox
        .record(&world.tenant, &last.unwrap().id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.status, DeliveryState::Delivered);
    assert!(
        record
            .services
            .iter()
            .all(|one| one.delivered_at.is_some() && one.error_message.is_none())
    );
}

#[tokio::test]
async fn what_was_committed_is_delivered_by_the_next_process_and_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path());
    let (_bus, outbox) = world.start(false);
    let first = world.commit(&outbox).await;
    world.commit(&outbox).await;
    drop(outbox);
    let (bus, outbox) = world.start(true);
    bus.publish(first).await.unwrap();
    eventually("nothing is left", async || {
        world.undelivered().await == 0 && outbox.backlog() == 0 && bus.backlog() == 0
    })
    .await;
    assert_eq!(
        world.counts().await,
        [2, 2, 2],
        "a second copy has no second effect"
    );
}

#[tokio::test]
async fn the_delivery_status_call_counts_like_the_bus() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path());
    let (_bus, outbox) = world.start(false);
    let event = world.commit(&outbox).await;
    let status = async || {
        outbox
            .record(&world.tenant, &event.id)
            .await
            .unwrap()
            .unwrap()
            .status
    };
    assert!(
        outbox
            .acknowledge(&world.tenant, &event.id, "report", None)
            .await
            .unwrap()
    );
    assert!(
        outbox
            .acknowledge(&world.tenant, &event.id, "stock", Some("no".to_owned()))
            .await
            .unwrap()
    );
    assert_eq!(status().await, DeliveryState::PartiallyDelivered);
    for service in ["stock", "journal", "nobody"] {
        assert!(
            outbox
                .acknowledge(&world.tenant, &event.id, service, None)
                .await
                .unwrap()
        );
    }
    assert_eq!(status().await, DeliveryState::Delivered);
    let unknown = kugel_types::EventId::generate();
    assert!(
        !outbox
            .acknowledge(&world.tenant, &unknown, "report", None)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_sweep_sends_what_is_old_enough() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path());
    let (_bus, outbox) = world.start(true);
    world.commit(&outbox).await;
    assert_eq!(
        outbox.sweep(POLICY.interval).await.unwrap(),
        0,
        "too young to be lost"
    );
    world.clock.advance(301);
    assert_eq!(outbox.sweep(POLICY.interval).await.unwrap(), 1);
    eventually("it has arrived", async || world.undelivered().await == 0).await;
    assert_eq!(world.counts().await, [1, 1, 1]);
    world.commit(&outbox).await;
    world.clock.advance(86_401);
    assert_eq!(
        outbox.sweep(POLICY.interval).await.unwrap(),
        0,
        "beyond the horizon it is left alone"
    );
}
