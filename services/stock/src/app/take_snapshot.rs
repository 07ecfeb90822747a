//! Takes, finds and removes snapshots.

use jiff::{SignedDuration, Timestamp};
use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_store::{Direction, Listing, Page, Query, RequestKey, Scope, Sort, StoreError, Stored};
use kugel_types::{LocalTime, Quantity, StoreCode};
use rust_decimal::Decimal;

use super::App;
use crate::records::{SnapshotItem, SnapshotRecord, StockRecord, of_store};

/// Snapshots that are removed in one commit.
const REMOVAL_LIMIT: u32 = 100;

/// A snapshot to be taken.
pub(super) struct Order<'a> {
    /// Its key. A snapshot of the schedule has one that says when it was due, so that it is taken once.
    pub(super) id: String,
    pub(super) store: &'a StoreCode,
    pub(super) created_by: String,
    /// Makes the order repeatable.
    pub(super) request: Option<&'a RequestKey>,
}

impl App {
    /// Takes a snapshot that somebody asks for, once for each request.
    pub(crate) async fn order_snapshot(
        &self,
        caller: &Caller,
        store: &StoreCode,
        created_by: String,
    ) -> Result<Stored<SnapshotRecord>, Error> {
        let scope = caller.scope();
        let order = Order {
            id: uuid::Uuid::now_v7().to_string(),
            store,
            created_by,
            request: caller.request(),
        };
        let work = async {
            let snapshot = self.take_snapshot(&scope, &caller.actor(), order).await?;
            Ok(snapshot.snapshot_id)
        };
        // A snapshot is long and never changed: its id is answer enough.
        let id: String = caller.once(&self.documents, work).await?;
        self.get_snapshot(&scope, store, &id).await
    }

    /// Takes a snapshot: one read of all items of the store, however many they are.
    pub(super) async fn take_snapshot(
        &self,
        scope: &Scope,
        actor: &str,
        order: Order<'_>,
    ) -> Result<SnapshotRecord, StoreError> {
        let items = self
            .documents
            .find::<StockRecord>(scope, of_store(order.store))
            .await?;
        let stocks: Vec<SnapshotItem> = items.rows.iter().map(|row| SnapshotItem::of(row)).collect();
        let total: Decimal = stocks.iter().map(|stock| stock.quantity.decimal()).sum();
        let now = self.clock.now();
        let snapshot = SnapshotRecord {
            snapshot_id: order.id,
            store_code: order.store.clone(),
            generated_at: now.as_microsecond(),
            generate_date_time: LocalTime::new(now, &self.zone).iso(),
            total_items: i64::try_from(stocks.len()).unwrap_or(i64::MAX),
            total_quantity: Quantity::from_decimal(total),
            stocks,
            created_by: order.created_by,
        };
        let changes = self
            .documents
            .changes(actor)
            .append(&snapshot)
            .answering(order.request, &snapshot.snapshot_id);
        self.documents.commit(scope, changes).await?;
        Ok(snapshot)
    }

    /// The snapshots of a store that were taken within a time, newest first.
    pub(crate) async fn list_snapshots(
        &self,
        scope: &Scope,
        store: &StoreCode,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        page: Page,
    ) -> Result<Listing<SnapshotRecord>, Error> {
        let query = Query::all()
            .eq("store_code", store)
            .given(from, |query, from| {
                query.at_least("generated_at", from.as_microsecond())
            })
            .given(to, |query, to| query.at_most("generated_at", to.as_microsecond()))
            .sort(Sort(vec![("generated_at".to_owned(), Direction::Descending)]));
        Ok(self.documents.find(scope, query.page(page)).await?)
    }

    /// One snapshot of a store.
    pub(crate) async fn get_snapshot(
        &self,
        scope: &Scope,
        store: &StoreCode,
        id: &str,
    ) -> Result<Stored<SnapshotRecord>, Error> {
        let stored: Option<Stored<SnapshotRecord>> = self.documents.get(scope, id).await?;
        stored
            .filter(|stored| stored.store_code == *store)
            .ok_or_else(|| {
                codes::SNAPSHOT_NOT_FOUND
                    .error(format!("store {store} has no snapshot {id}"))
                    .with("snapshot_id", id)
            })
    }

    /// Removes the snapshots of a tenant that are older than its schedule keeps them.
    pub(super) async fn remove_old_snapshots(
        &self,
        scope: &Scope,
        actor: &str,
        now: Timestamp,
        retention_days: u32,
    ) -> Result<(), StoreError> {
        let limit = now - SignedDuration::from_hours(24 * i64::from(retention_days));
        loop {
            let old = Query::all().less("generated_at", limit.as_microsecond());
            let page = Page {
                limit: REMOVAL_LIMIT,
                number: 1,
            };
            let listing: Listing<SnapshotRecord> = self.documents.find(scope, old.page(page)).await?;
            if listing.rows.is_empty() {
                return Ok(());
            }
            let changes = listing
                .rows
                .iter()
                .fold(self.documents.changes(actor), |changes, row| {
                    changes.delete::<SnapshotRecord>(&row.snapshot_id, None)
                });
            self.documents.commit(scope, changes).await?;
        }
    }
}
