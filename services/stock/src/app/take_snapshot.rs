//! Takes, finds and removes snapshots.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kugel_error::{Error, codes};
use kugel_store::{Direction, Documents, Listing, Page, Query, RequestKey, Scope, Sort, StoreError, Stored};
use kugel_types::{LocalTime, StoreCode};
use rust_decimal::Decimal;

use crate::adapters::documents::{SnapshotItem, SnapshotRecord, StockRecord, of_store};

/// Snapshots that are removed in one commit.
const REMOVAL_LIMIT: u32 = 100;

/// A snapshot to be taken.
pub(crate) struct Order<'a> {
    /// Its key. A snapshot of the schedule has one that says when it was due, so that it is taken once.
    pub(crate) id: String,
    pub(crate) store: &'a StoreCode,
    pub(crate) at: Timestamp,
    pub(crate) created_by: String,
    /// Makes the order repeatable.
    pub(crate) request: Option<RequestKey>,
}

/// Takes a snapshot that somebody asks for, once for each request.
pub(crate) async fn order_snapshot(
    documents: &Documents,
    scope: &Scope,
    zone: &TimeZone,
    actor: &str,
    order: Order<'_>,
) -> Result<Stored<SnapshotRecord>, Error> {
    let (store, request) = (order.store, order.request.clone());
    let work = async {
        let snapshot = take_snapshot(documents, scope, zone, actor, order).await?;
        Ok(snapshot.snapshot_id)
    };
    // A snapshot is long and never changed: its id is answer enough.
    let id: String = documents.once(scope, request.as_ref(), work).await?;
    get_snapshot(documents, scope, store, &id).await
}

/// Takes a snapshot: one read of all items of the store, however many they are.
pub(crate) async fn take_snapshot(
    documents: &Documents,
    scope: &Scope,
    zone: &TimeZone,
    actor: &str,
    order: Order<'_>,
) -> Result<SnapshotRecord, StoreError> {
    let items = documents
        .find::<StockRecord>(scope, of_store(order.store))
        .await?;
    let stocks: Vec<SnapshotItem> = items.rows.iter().map(|row| item(row)).collect();
    let snapshot = SnapshotRecord {
        snapshot_id: order.id,
        store_code: order.store.to_string(),
        generated_at: order.at.as_microsecond(),
        generate_date_time: LocalTime::new(order.at, zone).iso(),
        total_items: i64::try_from(stocks.len()).unwrap_or(i64::MAX),
        total_quantity: stocks.iter().map(|stock| stock.quantity).sum(),
        stocks,
        created_by: order.created_by,
    };
    let changes = documents
        .changes(actor)
        .append(&snapshot)
        .answering(order.request.as_ref(), &snapshot.snapshot_id);
    documents.commit(scope, changes).await?;
    Ok(snapshot)
}

fn item(stock: &StockRecord) -> SnapshotItem {
    let level = stock.level();
    let plain = |quantity: kugel_types::Quantity| -> Decimal { quantity.decimal() };
    SnapshotItem {
        item_code: stock.item_code.clone(),
        quantity: plain(level.quantity),
        minimum_quantity: plain(level.minimum),
        reorder_point: plain(level.reorder_point),
        reorder_quantity: plain(level.reorder_quantity),
    }
}

/// The snapshots of a store that were taken within a time, newest first.
pub(crate) async fn list_snapshots(
    documents: &Documents,
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
    Ok(documents.find(scope, query.page(page)).await?)
}

/// One snapshot of a store.
pub(crate) async fn get_snapshot(
    documents: &Documents,
    scope: &Scope,
    store: &StoreCode,
    id: &str,
) -> Result<Stored<SnapshotRecord>, Error> {
    let stored: Option<Stored<SnapshotRecord>> = documents.get(scope, id).await?;
    stored
        .filter(|stored| stored.store_code == store.as_str())
        .ok_or_else(|| {
            codes::SNAPSHOT_NOT_FOUND
                .error(format!("store {store} has no snapshot {id}"))
                .with("snapshot_id", id)
        })
}

/// Removes the snapshots of a tenant that are older than its schedule keeps them.
pub(crate) async fn remove_old_snapshots(
    documents: &Documents,
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
        let listing: Listing<SnapshotRecord> = documents.find(scope, old.page(page)).await?;
        if listing.rows.is_empty() {
            return Ok(());
        }
        let changes = listing
            .rows
            .iter()
            .fold(documents.changes(actor), |changes, row| {
                changes.delete::<SnapshotRecord>(&row.snapshot_id, None)
            });
        documents.commit(scope, changes).await?;
    }
}
