//! The delivery records of one producer as documents: read, searched, written under their revision.

use std::sync::Arc;

use jiff::Timestamp;
use kugel_store::{
    Action, Body, Changes, Collection, Direction, Document, Documents, Page, Query, Revision, Scope,
    StoreError, Write,
};
use kugel_types::{EventId, TenantId};

use crate::delivery::{DeliveryRecord, DeliveryState, Producer};
use crate::{Bus, Event, Failure, Topic};

/// Delivery records that are read at once.
const PAGE: u32 = 500;
/// The states of an event that some consumer has not processed.
pub(super) const UNFINISHED: [&str; 3] = ["published", "partially_delivered", "failed"];

/// The delivery records of one producing service, for whoever looks at them from outside. Cheap to clone.
#[derive(Clone)]
pub struct Deliveries {
    pub(super) documents: Documents,
    pub(super) producer: &'static Producer,
}

impl Deliveries {
    pub(super) fn new(documents: Documents, producer: &'static Producer) -> Self {
        Self { documents, producer }
    }

    /// The log whose documents are the bodies of the topic's events.
    ///
    /// # Panics
    /// If the producer does not publish the topic: that is for whoever writes the service to see.
    pub fn log(&self, topic: Topic) -> &'static Collection {
        let log = self.producer.logs.iter().find(|(name, _)| *name == topic);
        log.expect("a producer has a log for each topic that it publishes")
            .1
    }

    /// Where the records themselves lie.
    pub fn collection(&self) -> &'static Collection {
        self.producer.deliveries
    }

    /// The tenants that have records, in order.
    pub async fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        let scopes = self.documents.scopes().await?.into_iter();
        Ok(scopes
            .filter_map(|scope| match scope {
                Scope::Tenant(tenant) => Some(tenant),
                Scope::Commons => None,
            })
            .collect())
    }

    /// How many events of all tenants some consumer has not answered for, neither well nor ill: while there are any,
    /// something is on its way, in whatever process.
    pub async fn count_unanswered(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        for tenant in self.tenants().await? {
            let records = self.undelivered(&tenant).await?;
            count += records.iter().filter(|record| record.is_open()).count();
        }
        Ok(count)
    }

    /// The tenant's events that some consumer has not processed, oldest first.
    pub async fn undelivered(&self, tenant: &TenantId) -> Result<Vec<Arc<DeliveryRecord>>, StoreError> {
        let mut found = Vec::new();
        for number in 1.. {
            let query = Query::all()
                .one_of("status", UNFINISHED)
                .sort(("published_at", Direction::Ascending))
                .page(Page { limit: PAGE, number });
            let page = self
                .documents
                .store()
                .find(&Scope::from(tenant), self.producer.deliveries, &query)
                .await?
                .documents;
            for document in &page {
                found.push(self.parse(document)?);
            }
            if page.len() < PAGE as usize {
                break;
            }
        }
        Ok(found)
    }

    /// The record of an event.
    pub async fn get(
        &self,
        tenant: &TenantId,
        id: &EventId,
    ) -> Result<Option<Arc<DeliveryRecord>>, StoreError> {
        let found = self.read(tenant, std::slice::from_ref(id)).await?;
        Ok(found
            .into_iter()
            .next()
            .flatten()
            .map(|(record, _)| Arc::new(record)))
    }

    /// The events of some records as they were committed, an answer for each in its place. `None`: its log is gone, or
    /// the record names no valid event.
    pub async fn events(
        &self,
        tenant: &TenantId,
        records: &[Arc<DeliveryRecord>],
    ) -> Result<Vec<Option<Event>>, StoreError> {
        let mut events = vec![None; records.len()];
        for (topic, log) in self.producer.logs {
            let of_topic = records.iter().enumerate();
            let (places, keys): (Vec<usize>, Vec<String>) = of_topic
                .filter(|(_, record)| record.topic == *topic)
                .map(|(place, record)| (place, record.log_id.clone()))
                .unzip();
            if keys.is_empty() {
                continue;
            }
            let store = self.documents.store();
            let found = store.get_many(&Scope::from(tenant), log, &keys).await?;
            for (place, document) in places.into_iter().zip(found) {
                events[place] = document.and_then(|log| records[place].event(log.body.clone()));
            }
        }
        Ok(events)
    }

    /// Sends an event once more to the consumers that have not processed it, however old it is and whatever they said of
    /// it. Gives their names: none if there is no such event, or nothing left to do.
    pub async fn replay(
        &self,
        bus: &dyn Bus,
        tenant: &TenantId,
        id: &EventId,
    ) -> Result<Vec<String>, ReplayError> {
        let Some(record) = self.get(tenant, id).await? else {
            return Ok(Vec::new());
        };
        let services = record.undelivered();
        if services.is_empty() {
            return Ok(Vec::new());
        }
        let event = self.events(tenant, std::slice::from_ref(&record)).await?.pop();
        let event = event
            .flatten()
            .ok_or_else(|| self.malformed(id.to_string(), "its log is gone"))?;
        bus.publish_to(Arc::new(event), &services).await?;
        Ok(services.into_iter().map(str::to_owned).collect())
    }

    /// Removes the logs of a topic that were made before an instant, with the records of their events, if every consumer
    /// has processed them. For topics whose logs lie under the ids of their events.
    pub async fn forget(&self, tenant: &TenantId, topic: Topic, before: Timestamp) -> Result<(), StoreError> {
        let (scope, log, mut last) = (Scope::from(tenant), self.log(topic), String::new());
        loop {
            let query = Query::all()
                .less("created_at", before)
                .greater("id", &last)
                .page(Page {
                    limit: PAGE,
                    number: 1,
                })
                .uncounted();
            let store = self.documents.store();
            let old: Vec<String> = store
                .find(&scope, log, &query)
                .await?
                .documents
                .iter()
                .map(|document| document.id.clone())
                .collect();
            let Some(newest) = old.last() else {
                return Ok(());
            };
            last.clone_from(newest);
            let records = store.get_many(&scope, self.producer.deliveries, &old).await?;
            let mut changes = self.documents.changes("housekeeping");
            for (id, record) in old.into_iter().zip(records) {
                let record = record.map(|record| self.parse(&record)).transpose()?;
                if record.is_none_or(|record| record.status == DeliveryState::Delivered) {
                    for collection in [log, self.producer.deliveries] {
                        let (id, action) = (id.clone(), Action::Delete(None));
                        changes = changes.write(Write {
                            collection,
                            id,
                            action,
                        });
                    }
                }
            }
            self.commit(tenant, changes).await?;
        }
    }

    /// The records of several events with their revisions, an answer for each in its place.
    pub(super) async fn read(
        &self,
        tenant: &TenantId,
        ids: &[EventId],
    ) -> Result<Vec<Option<(DeliveryRecord, Revision)>>, StoreError> {
        let keys: Vec<String> = ids.iter().map(EventId::to_string).collect();
        let store = self.documents.store();
        let found = store
            .get_many(&Scope::from(tenant), self.producer.deliveries, &keys)
            .await?;
        found
            .iter()
            .map(|document| match document {
                Some(document) => Ok(Some(((*self.parse(document)?).clone(), document.revision))),
                None => Ok(None),
            })
            .collect()
    }

    pub(super) async fn commit(&self, tenant: &TenantId, changes: Changes) -> Result<(), StoreError> {
        self.documents.commit(&Scope::from(tenant), changes).await
    }

    pub(super) fn parse(&self, document: &Document) -> Result<Arc<DeliveryRecord>, StoreError> {
        let malformed = |error: serde_json::Error| self.malformed(document.id.clone(), &error.to_string());
        document.body.parse().map_err(malformed)
    }

    fn malformed(&self, id: String, reason: &str) -> StoreError {
        StoreError::Malformed {
            collection: self.producer.deliveries.name,
            id,
            reason: reason.to_owned(),
        }
    }

    pub(super) fn write(&self, record: &DeliveryRecord, action: impl FnOnce(Body) -> Action) -> Write {
        let text = serde_json::to_string(record).expect("a delivery record is plain data");
        Write {
            collection: self.producer.deliveries,
            id: record.event_id.clone(),
            action: action(Body::from_text(text)),
        }
    }
}

/// Why an event could not be sent once more.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Its record cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bus does not take it.
    #[error(transparent)]
    Bus(#[from] Failure),
}
