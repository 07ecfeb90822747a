//! Begins again: levels and history are made from the transactions and the changes by hand.
//!
//! What people did to stock is in no log of sales. It is laid aside first, each change moved in one commit, and moved
//! back when its time comes: so at every instant each change by hand is in one place, and a rebuild that was cut off is
//! simply begun again. Thresholds stay.
//! A change by hand may get another sequence, if events had not arrived in the order in which they happened.

use std::sync::Arc;

use jiff::Timestamp;
use kugel_bus::inbox::PROCESSED_EVENTS;
use kugel_bus::{Event, Failure};
use kugel_store::{Changes, Document, Documents, Page, Query, Record, Scope, StoreError, Stored};
use kugel_types::{StoreCode, TenantId};

use super::ACTOR;
use super::ledger::Ledger;
use crate::domain::level::Level;
use crate::records::{AsideRecord, StockRecord, UpdateRecord, of_store};

/// Documents that are changed in one commit.
const CHANGED_AT_ONCE: u32 = 250;

/// Makes the stock of tenants again.
pub(crate) struct Rebuilding(Ledger);

impl Rebuilding {
    /// Over the documents of a service that is stopped.
    pub(crate) fn new(documents: Documents) -> Self {
        Self(Ledger { documents })
    }

    /// Takes everything away that transactions made.
    pub(crate) async fn clear(&self, tenant: &TenantId) -> Result<(), Failure> {
        let scope = Scope::from(tenant);
        self.clear_history(&scope).await?;
        self.clear_levels(&scope).await?;
        Ok(self
            .0
            .documents
            .retain(&scope, &PROCESSED_EVENTS, |_| false)
            .await?)
    }

    /// Records events of stores, each store's in the order in which they happened, with the changes by hand in between.
    /// Cut off in the middle, the events that were recorded are recognised when they come again.
    pub(crate) async fn record_past(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        let scope = Scope::from(tenant);
        for events in events.chunk_by(|one, next| one.store == next.store) {
            let mut rest = events;
            while let Some(first) = rest.first() {
                let store = first.store.as_ref();
                let store = store.ok_or_else(|| Failure::Malformed("a sale of no store".to_owned()))?;
                let next = self.put_back(&scope, store, first.occurred_at).await?;
                let later = |event: &Arc<Event>| next.is_some_and(|next| event.occurred_at > next);
                let until = rest.iter().position(later).unwrap_or(rest.len());
                self.0.record_sales(&scope, &rest[..until]).await?;
                rest = &rest[until..];
            }
        }
        Ok(())
    }

    /// Puts the changes by hand back that were made after the last event.
    pub(crate) async fn put_back_rest(&self, tenant: &TenantId) -> Result<(), Failure> {
        let scope = Scope::from(tenant);
        while let Some(row) = self
            .0
            .documents
            .first::<AsideRecord>(&scope, Query::all())
            .await?
        {
            self.put_back(&scope, row.store(), Timestamp::MAX).await?;
        }
        Ok(())
    }

    /// Takes the history away: what sales did is dropped, what people did is laid aside.
    async fn clear_history(&self, scope: &Scope) -> Result<(), StoreError> {
        self.change_all::<UpdateRecord<'static>>(scope, |mut changes, document| {
            if document.created_by != ACTOR {
                let update = document.body.parse::<UpdateRecord<'static>>();
                let update =
                    update.map_err(|error| malformed(UpdateRecord::COLLECTION.name, document, &error))?;
                changes = changes.insert(AsideRecord::new(&document.created_by, (*update).clone()));
            }
            Ok(changes.delete::<UpdateRecord<'static>>(&document.id, None))
        })
        .await
    }

    /// Takes the quantities away, and with them items of which nothing else is known.
    async fn clear_levels(&self, scope: &Scope) -> Result<(), StoreError> {
        self.change_all::<StockRecord>(scope, |changes, document| {
            let Ok(stock) = document.body.parse::<StockRecord>() else {
                return Ok(changes.delete::<StockRecord>(&document.id, None));
            };
            let thresholds = stock.level().thresholds();
            if thresholds == Level::default() {
                return Ok(changes.delete::<StockRecord>(&document.id, None));
            }
            Ok(changes.upsert(StockRecord::new(&stock.store_code, &stock.item_code, &thresholds)))
        })
        .await
    }

    /// Changes every document of a collection, page by page in the order of their keys.
    async fn change_all<T: Record>(
        &self,
        scope: &Scope,
        change: impl Fn(Changes, &Document) -> Result<Changes, StoreError> + Send,
    ) -> Result<(), StoreError> {
        let documents = &self.0.documents;
        let mut last = String::new();
        loop {
            let found = documents
                .following(scope, T::COLLECTION, &last, CHANGED_AT_ONCE)
                .await?;
            let Some(document) = found.last() else {
                return Ok(());
            };
            last.clone_from(&document.id);
            let mut changes = documents.changes(ACTOR);
            for document in &found {
                changes = change(changes, document)?;
            }
            documents.commit(scope, changes).await?;
        }
    }

    /// Puts the store's changes by hand back that were made before `limit`. Answers when the next one was made.
    async fn put_back(
        &self,
        scope: &Scope,
        store: &StoreCode,
        limit: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        loop {
            let query = of_store(store).uncounted().page(first_page());
            let rows = self.0.documents.find::<AsideRecord>(scope, query).await?.rows;
            let due = rows
                .iter()
                .position(|row| row.at() >= limit)
                .unwrap_or(rows.len());
            for same_actor in rows[..due].chunk_by(|one, next| one.actor == next.actor) {
                self.record_again(scope, same_actor).await?;
            }
            if let Some(next) = rows.get(due) {
                return Ok(Some(next.at()));
            }
            if rows.is_empty() {
                return Ok(None);
            }
        }
    }

    /// Moves changes of one person from aside into the history.
    async fn record_again(&self, scope: &Scope, rows: &[Stored<AsideRecord>]) -> Result<(), Failure> {
        let Some(first) = rows.first() else {
            return Ok(());
        };
        let movements: Vec<_> = rows.iter().map(|row| row.movement()).collect();
        let moved = |changes: Changes, _: &[_]| {
            rows.iter().fold(changes, |changes, row| {
                changes.delete::<AsideRecord>(&row.id(), Some(row.revision))
            })
        };
        self.0.record(scope, &first.actor, &movements, moved).await?;
        Ok(())
    }
}

fn first_page() -> Page {
    Page {
        limit: CHANGED_AT_ONCE,
        number: 1,
    }
}

fn malformed(collection: &'static str, document: &Document, error: &serde_json::Error) -> StoreError {
    StoreError::Malformed {
        collection,
        id: document.id.clone(),
        reason: error.to_string(),
    }
}
