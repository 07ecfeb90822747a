//! A producer, three consumers that count, and the stores they count in.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kugel_bus::{
    Bus, Event, Failure, Handler, InProcessBus, Outbox, Producer, Staged, SweepPolicy, Topic, deliveries,
    inbox,
};
use kugel_stand::Stand;
use kugel_store::{Action, Collection, Documents, Query, Record, Scope, Write};
use kugel_types::{ManualClock, TenantId};
use serde::{Deserialize, Serialize};

pub(crate) static DELIVERIES: Collection = deliveries("status_tran_delivery");
static LOGS: Collection = Collection {
    name: "log_tran",
    fields: &[],
    indexes: &[],
};
static PRODUCER: Producer = Producer {
    deliveries: &DELIVERIES,
    logs: &[(Topic::TranlogReport, &LOGS)],
};
static TALLIES: Collection = Collection {
    name: "tallies",
    fields: &[],
    indexes: &[],
};
pub(crate) const POLICY: SweepPolicy = SweepPolicy {
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
pub(crate) struct Counter {
    pub(crate) service: &'static str,
    pub(crate) documents: Documents,
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

pub(crate) struct World {
    pub(crate) stand: Stand,
    pub(crate) producer: Documents,
    pub(crate) consumers: Vec<(&'static str, Documents)>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tenant: TenantId,
}

impl World {
    pub(crate) fn new() -> Self {
        let stand = Stand::new("cart", "Q7301", "2026-06-11T00:00:00Z");
        let consumers = ["report", "journal", "stock"].map(|service| (service, stand.documents_of(service)));
        Self {
            consumers: consumers.to_vec(),
            producer: stand.documents.clone(),
            clock: stand.clock.clone(),
            tenant: stand.tenant.clone(),
            stand,
        }
    }

    /// A process: a bus with its consumers and an outbox.
    pub(crate) fn start(&self, consuming: bool) -> (Arc<InProcessBus>, Outbox) {
        let bus = Arc::new(InProcessBus::default());
        if consuming {
            self.consume(&*bus);
        }
        (bus.clone(), self.outbox(bus))
    }

    /// Lets all three consumers count what they get.
    pub(crate) fn consume(&self, bus: &dyn Bus) {
        for (service, documents) in &self.consumers {
            let counter = Counter {
                service,
                documents: documents.clone(),
            };
            bus.subscribe(service, &[Topic::TranlogReport], Arc::new(counter));
        }
    }

    /// An outbox at work.
    pub(crate) fn outbox(&self, bus: Arc<dyn Bus>) -> Outbox {
        let (documents, clock) = (self.producer.clone(), self.clock.clone());
        let (outbox, task) = Outbox::new(documents, bus, clock, &PRODUCER, POLICY);
        tokio::spawn(task);
        outbox
    }

    pub(crate) async fn commit(&self, outbox: &Outbox) -> Staged {
        let mut event = (*kugel_bus::conformance::event(&self.tenant, Topic::TranlogReport, "{}")).clone();
        event.occurred_at = kugel_types::Clock::now(&*self.clock);
        let log_id = event.id.to_string();
        let (changes, event) = outbox.stage(self.producer.changes("till"), Arc::new(event), log_id);
        self.producer
            .commit(&Scope::from(&self.tenant), changes)
            .await
            .unwrap();
        event
    }

    /// Commits an event like a process that dies before it hands it over.
    pub(crate) async fn leave_behind(&self, outbox: &Outbox) -> Arc<Event> {
        self.commit(outbox).await.event
    }

    /// Removes what an event says from the log.
    pub(crate) async fn lose_log(&self, event: &Event) {
        let removal = Write {
            collection: &LOGS,
            id: event.id.to_string(),
            action: Action::Delete(None),
        };
        let changes = self.producer.changes("vandal").write(removal);
        let scope = Scope::from(&self.tenant);
        self.producer.commit(&scope, changes).await.unwrap();
    }

    pub(crate) async fn counts(&self) -> Vec<u64> {
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

    pub(crate) async fn undelivered(&self) -> u64 {
        let query = Query::all().one_of("status", ["published", "partially_delivered", "failed"]);
        let scope = Scope::from(&self.tenant);
        let store = self.producer.store();
        store.find(&scope, &DELIVERIES, &query).await.unwrap().total
    }
}

pub(crate) async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
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
