//! Begins anew: levels and history are made again from the transactions and the changes by hand.
//!
//! What people did to stock is in no log of sales. It is laid aside first, each change moved in one commit, and moved
//! back when its time comes: so at every instant each change by hand is in one place, and a rebuild that was cut off is
//! simply begun again. Thresholds stay.
//! A change by hand may get another sequence, if events had not arrived in the order in which they happened.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use kugel_bus::inbox::PROCESSED_EVENTS;
use kugel_bus::{Event, Failure, Handler, Rebuild, Topic};
use kugel_store::{Changes, Document, Page, Query, Record, Scope, StoreError, Stored};
use kugel_types::{StoreCode, TenantId};

use crate::adapters::aside::AsideRecord;
use crate::adapters::documents::{StockRecord, UpdateRecord, of_store};
use crate::adapters::events::TOPICS;
use crate::app::ACTOR;
use crate::app::apply_sales::record_sales;
use crate::app::ledger::{Ledger, LedgerError};
use crate::domain::level::Level;

/// Documents that are changed in one commit.
const CHANGED_AT_ONCE: u32 = 250;

/// Makes the stock of tenants anew.
pub(crate) struct Rebuilding {
    ledger: Ledger,
}

impl Rebuilding {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger }
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
            let place = stock.store_code.parse().ok().zip(stock.item_code.parse().ok());
            Ok(match place {
                Some((store, item)) => changes.upsert(StockRecord::new(&store, &item, &thresholds)),
                None => changes.delete::<StockRecord>(&document.id, None),
            })
        })
        .await
    }

    /// Changes every document of a collection, page by page in the order of their keys.
    async fn change_all<T: Record>(
        &self,
        scope: &Scope,
        change: impl Fn(Changes, &Document) -> Result<Changes, StoreError> + Send,
    ) -> Result<(), StoreError> {
        let documents = &self.ledger.documents;
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
            let rows = self
                .ledger
                .documents
                .find::<AsideRecord>(scope, query)
                .await?
                .rows;
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
        let movements = rows.iter().map(|row| row.movement());
        let movements = movements.collect::<Result<Vec<_>, _>>()?;
        let moved = |changes: Changes, _: &[_]| {
            rows.iter().fold(changes, |changes, row| {
                changes.delete::<AsideRecord>(&row.id(), Some(row.revision))
            })
        };
        let recorded = self.ledger.record(scope, &first.actor, &movements, moved).await;
        recorded.map(|_| ()).map_err(|error| match error {
            LedgerError::Store(error) => error.into(),
            LedgerError::Overflow(overflow) => Failure::Malformed(overflow.to_string()),
        })
    }
}

#[async_trait]
impl Handler for Rebuilding {
    /// Records events of stores, each store's in the order in which they happened, with the changes by hand in between.
    /// Cut off in the middle, the events that were recorded are recognised when they come again.
    async fn handle(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        let scope = Scope::from(tenant);
        for events in events.chunk_by(|one, next| one.store == next.store) {
            let mut rest = events;
            while let Some(first) = rest.first() {
                let next = self.put_back(&scope, &first.store, first.occurred_at).await?;
                let later = |event: &Arc<Event>| next.is_some_and(|next| event.occurred_at > next);
                let until = rest.iter().position(later).unwrap_or(rest.len());
                record_sales(&self.ledger, &scope, &rest[..until]).await?;
                rest = &rest[until..];
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Rebuild for Rebuilding {
    fn topics(&self) -> &'static [Topic] {
        TOPICS
    }

    async fn begin(&self, tenant: &TenantId) -> Result<(), Failure> {
        let scope = Scope::from(tenant);
        self.clear_history(&scope).await?;
        self.clear_levels(&scope).await?;
        Ok(self
            .ledger
            .documents
            .retain(&scope, &PROCESSED_EVENTS, |_| false)
            .await?)
    }

    async fn finish(&self, tenant: &TenantId) -> Result<(), Failure> {
        let scope = Scope::from(tenant);
        loop {
            let query = Query::all().uncounted().page(Page { limit: 1, number: 1 });
            let rows = self
                .ledger
                .documents
                .find::<AsideRecord>(&scope, query)
                .await?
                .rows;
            let Some(row) = rows.first() else {
                return Ok(());
            };
            self.put_back(&scope, &row.store()?, Timestamp::MAX).await?;
        }
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
