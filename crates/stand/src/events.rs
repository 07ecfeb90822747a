//! Events: made, published, and kept by consumers that only listen.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kugel_bus::{Bus as _, Event, Failure, Handler, Topic};
use kugel_store::Body;
use kugel_types::{Clock as _, EventId, TenantId, TerminalId};
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Stand, eventually};

/// How long an event may take within a process.
const LIMIT: Duration = Duration::from_secs(10);

impl Stand {
    /// An event that a till of the tenant caused just now, e.g. the till `"S1-4"`.
    pub fn event<T>(&self, topic: Topic, till: &str, log: T) -> Arc<Event>
    where
        T: Serialize + Send + Sync + 'static,
    {
        let till: TerminalId = format!("{}-{till}", self.tenant).parse().unwrap();
        Arc::new(Event {
            id: EventId::generate(),
            topic,
            tenant: till.tenant,
            store: Some(till.store),
            terminal: Some(till.number),
            occurred_at: self.clock.now(),
            schema_version: Event::SCHEMA_VERSION,
            traceparent: None,
            body: Body::of(Arc::new(log)).unwrap(),
        })
    }

    /// Publishes events and waits until they have arrived.
    pub async fn publish(&self, events: &[Arc<Event>]) {
        for event in events {
            self.bus.publish(event.clone()).await.unwrap();
        }
        self.settle().await;
    }

    /// Waits until every event has arrived: of the services that were started, and on the bus.
    pub async fn settle(&self) {
        eventually(LIMIT, async || self.is_settled().then_some(())).await;
    }

    /// Listens in the place of `service`.
    pub fn hear(&self, service: &'static str, topics: &'static [Topic]) -> Arc<Heard> {
        let heard = Arc::new(Heard::default());
        self.bus.subscribe(service, topics, heard.clone());
        heard
    }
}

/// A consumer that keeps what it receives.
#[derive(Default)]
pub struct Heard(Mutex<Vec<Arc<Event>>>);

impl Heard {
    /// What has arrived.
    pub fn events(&self) -> Vec<Arc<Event>> {
        self.0.lock().clone()
    }

    /// What has arrived once there are `count` events.
    pub async fn wait_for(&self, count: usize) -> Vec<Arc<Event>> {
        let enough = async || Some(self.events()).filter(|events| events.len() >= count);
        eventually(LIMIT, enough).await
    }

    /// The bodies of what has arrived.
    pub fn logs<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Vec<Arc<T>> {
        let events = self.events();
        events.iter().map(|event| event.body.parse().unwrap()).collect()
    }
}

#[async_trait]
impl Handler for Heard {
    async fn handle(&self, _: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        self.0.lock().extend(events.iter().cloned());
        Ok(())
    }
}
