//! The delivery records of one producer as documents: read, searched, written under their revision.

use std::sync::Arc;

use kugel_store::{
    Action, Body, Changes, Collection, Direction, Document, Documents, Page, Query, Revision, Scope,
    StoreError, Write,
};
use kugel_types::{EventId, TenantId};

use crate::delivery::DeliveryRecord;
use crate::{Bus, Failure};

/// Delivery records that are read at once.
const PAGE: u32 = 500;
/// The states of an event that some consumer has not processed.
pub(super) const UNFINISHED: [&str; 3] = ["published", "partially_delivered", "failed"];

/// The delivery records of one producing service, for whoever looks at them from outside. Cheap to clone.
#[derive(Clone)]
pub struct Deliveries {
    pub(super) documents: Documents,
    pub(super) collection: &'static Collection,
}

impl Deliveries {
    /// The records that a service keeps in `collection` of `documents`.
    pub fn new(documents: Documents, collection: &'static Collection) -> Self {
        Self {
            documents,
            collection,
        }
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
                .find(&Scope::from(tenant), self.collection, &query)
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
        if let Some(event) = record.event()
            && !services.is_empty()
        {
            bus.publish_to(Arc::new(event), &services).await?;
            return Ok(services.into_iter().map(str::to_owned).collect());
        }
        Ok(Vec::new())
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
            .get_many(&Scope::from(tenant), self.collection, &keys)
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
        document.body.parse().map_err(|error| StoreError::Malformed {
            collection: self.collection.name,
            id: document.id.clone(),
            reason: error.to_string(),
        })
    }

    pub(super) fn write(&self, record: &DeliveryRecord, action: impl FnOnce(Body) -> Action) -> Write {
        let text = serde_json::to_string(record).expect("a delivery record is plain data");
        Write {
            collection: self.collection,
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
