//! What the service keeps.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use kugel_store::{Action, Body, Collection, Field, Index, PROCESSED_REQUESTS, Query, Record, Write};
use kugel_types::{ItemCode, Quantity, StoreCode};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::level::{Level, Step};
use crate::domain::movement::Movement;

static STOCKS: Collection = Collection {
    name: "stocks",
    fields: &[
        Field::text("store_code"),
        Field::boolean("is_low"),
        Field::boolean("needs_reorder"),
    ],
    indexes: &[
        Index::on(&["store_code", "is_low"]),
        Index::on(&["store_code", "needs_reorder"]),
    ],
};
/// The history. It is written five times a sale, so it lives by its key alone: the key begins with store and item and
/// ends with the sequence, and every query is a range of keys.
static STOCK_UPDATES: Collection = Collection {
    name: "stock_updates",
    fields: &[],
    indexes: &[],
};
static STOCK_SNAPSHOTS: Collection = Collection {
    name: "stock_snapshots",
    fields: &[Field::text("store_code"), Field::integer("generated_at")],
    indexes: &[
        Index::on(&["store_code", "generated_at"]),
        Index::on(&["generated_at"]),
    ],
};
static SNAPSHOT_SCHEDULES: Collection = Collection {
    name: "snapshot_schedules",
    fields: &[],
    indexes: &[],
};
static SNAPSHOT_RUNS: Collection = Collection {
    name: "snapshot_runs",
    fields: &[],
    indexes: &[],
};

/// The stock of an item in a store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StockRecord {
    pub(crate) store_code: String,
    pub(crate) item_code: String,
    current_quantity: Decimal,
    minimum_quantity: Decimal,
    reorder_point: Decimal,
    reorder_quantity: Decimal,
    last_transaction_id: Option<Arc<str>>,
    /// The sequence of the last change.
    sequence: i64,
    /// Kept for the list of low items, which could not be asked for otherwise.
    is_low: bool,
    /// Kept for the list of items to reorder.
    needs_reorder: bool,
}

impl Record for StockRecord {
    const COLLECTION: &'static Collection = &STOCKS;
    fn id(&self) -> String {
        format!("{}/{}", self.store_code, self.item_code)
    }
}

impl StockRecord {
    /// The key of an item in a store.
    pub(crate) fn key(store: &StoreCode, item: &ItemCode) -> String {
        format!("{store}/{item}")
    }

    /// The document of a level.
    pub(crate) fn new(store: &StoreCode, item: &ItemCode, level: &Level) -> Self {
        Self {
            store_code: store.to_string(),
            item_code: item.to_string(),
            current_quantity: level.quantity.decimal(),
            minimum_quantity: level.minimum.decimal(),
            reorder_point: level.reorder_point.decimal(),
            reorder_quantity: level.reorder_quantity.decimal(),
            last_transaction_id: level.last_reference.clone(),
            sequence: level.sequence,
            is_low: level.is_low(),
            needs_reorder: level.needs_reorder(),
        }
    }

    /// The level of a document.
    pub(crate) fn level(&self) -> Level {
        Level {
            quantity: Quantity::from_decimal(self.current_quantity),
            minimum: Quantity::from_decimal(self.minimum_quantity),
            reorder_point: Quantity::from_decimal(self.reorder_point),
            reorder_quantity: Quantity::from_decimal(self.reorder_quantity),
            sequence: self.sequence,
            last_reference: self.last_transaction_id.clone(),
        }
    }
}

/// One change of a quantity. It borrows what it is written from, and owns what it was read into.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct UpdateRecord<'a> {
    pub(crate) store_code: Cow<'a, str>,
    pub(crate) item_code: Cow<'a, str>,
    pub(crate) sequence: i64,
    pub(crate) update_type: Cow<'a, str>,
    pub(crate) quantity_change: Decimal,
    pub(crate) before_quantity: Decimal,
    pub(crate) after_quantity: Decimal,
    pub(crate) timestamp: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operator_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<Cow<'a, str>>,
}

impl Record for UpdateRecord<'static> {
    const COLLECTION: &'static Collection = &STOCK_UPDATES;
    fn id(&self) -> String {
        self.key()
    }
}

impl<'a> UpdateRecord<'a> {
    /// The record of a movement and what it did.
    pub(crate) fn new(movement: &'a Movement, step: Step) -> Self {
        Self {
            store_code: movement.store.as_str().into(),
            item_code: movement.item.as_str().into(),
            sequence: step.sequence,
            update_type: movement.kind.name().into(),
            quantity_change: movement.change.decimal(),
            before_quantity: step.before.decimal(),
            after_quantity: step.after.decimal(),
            timestamp: movement.at,
            reference_id: movement.reference.as_deref().map(Cow::Borrowed),
            operator_id: movement.operator.as_deref().map(Cow::Borrowed),
            note: movement.note.as_deref().map(Cow::Borrowed),
        }
    }

    /// The change that adds the record to the history.
    pub(crate) fn append(&self) -> Write {
        let text = serde_json::to_string(self).expect("texts, numbers and decimals are always JSON");
        let action = Action::Append(Body::from_text(text));
        Write {
            collection: &STOCK_UPDATES,
            id: self.key(),
            action,
        }
    }

    /// The key.
    pub(crate) fn key(&self) -> String {
        // Twelve digits sort as text like the numbers they are.
        format!(
            "{}{:012}",
            history_prefix(&self.store_code, &self.item_code),
            self.sequence
        )
    }
}

/// Item codes may hold a `/`; in keys it is written otherwise, so that no item's range of keys holds another's.
fn history_prefix(store: &str, item: &str) -> String {
    format!("{store}/{}/", item.replace('%', "%25").replace('/', "%2F"))
}

/// The history of an item.
pub(crate) fn history_of(store: &StoreCode, item: &ItemCode) -> Query {
    keys_below(&history_prefix(store.as_str(), item.as_str()))
}

/// Documents of a store, for collections whose keys begin with the store.
pub(crate) fn of_store(store: &StoreCode) -> Query {
    keys_below(&format!("{store}/"))
}

/// The keys that begin with a prefix ending in `/`. `0` is the character after `/`.
fn keys_below(prefix: &str) -> Query {
    Query::all()
        .at_least("id", prefix)
        .less("id", format!("{}0", prefix.trim_end_matches('/')))
}

/// The key before which every key of the store lies and after which none does.
pub(crate) fn end_of_store(store: &str) -> String {
    format!("{store}0")
}

/// The stock of a store at a moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SnapshotRecord {
    pub(crate) snapshot_id: String,
    pub(crate) store_code: String,
    /// `generate_date_time` as microseconds since 1970, to be compared and sorted by.
    pub(crate) generated_at: i64,
    pub(crate) generate_date_time: String,
    pub(crate) total_items: i64,
    pub(crate) total_quantity: Decimal,
    pub(crate) stocks: Vec<SnapshotItem>,
    pub(crate) created_by: String,
}

/// An item of a snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SnapshotItem {
    pub(crate) item_code: String,
    pub(crate) quantity: Decimal,
    pub(crate) minimum_quantity: Decimal,
    pub(crate) reorder_point: Decimal,
    pub(crate) reorder_quantity: Decimal,
}

impl Record for SnapshotRecord {
    const COLLECTION: &'static Collection = &STOCK_SNAPSHOTS;
    fn id(&self) -> String {
        self.snapshot_id.clone()
    }
}

/// The snapshot schedule of a tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ScheduleRecord {
    pub(crate) enabled: bool,
    pub(crate) schedule_interval: String,
    pub(crate) schedule_hour: i32,
    pub(crate) schedule_minute: i32,
    pub(crate) schedule_day_of_week: Option<i32>,
    pub(crate) schedule_day_of_month: Option<i32>,
    pub(crate) retention_days: u32,
    pub(crate) target_stores: Vec<String>,
}

impl ScheduleRecord {
    /// The key: a tenant has one schedule.
    pub(crate) const KEY: &'static str = "schedule";
}

impl Record for ScheduleRecord {
    const COLLECTION: &'static Collection = &SNAPSHOT_SCHEDULES;
    fn id(&self) -> String {
        Self::KEY.to_owned()
    }
}

/// The last run of a tenant's schedule, also of the default one, which has no document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunRecord {
    /// When it was due.
    pub(crate) due_at: Timestamp,
    /// When it was done.
    pub(crate) executed_at: Timestamp,
}

impl RunRecord {
    /// The key: only the last run is kept.
    pub(crate) const KEY: &'static str = "last";
}

impl Record for RunRecord {
    const COLLECTION: &'static Collection = &SNAPSHOT_RUNS;
    fn id(&self) -> String {
        Self::KEY.to_owned()
    }
}

/// All collections of the service.
pub(crate) static COLLECTIONS: [&Collection; 8] = [
    &STOCKS,
    &STOCK_UPDATES,
    &super::aside::UPDATES_ASIDE,
    &STOCK_SNAPSHOTS,
    &SNAPSHOT_SCHEDULES,
    &SNAPSHOT_RUNS,
    &PROCESSED_REQUESTS,
    &kugel_bus::inbox::PROCESSED_EVENTS,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn update(item: &str, sequence: i64) -> String {
        let quantity = Decimal::ZERO;
        UpdateRecord {
            store_code: "S1".into(),
            item_code: item.into(),
            sequence,
            update_type: "sale".into(),
            quantity_change: quantity,
            before_quantity: quantity,
            after_quantity: quantity,
            timestamp: Timestamp::UNIX_EPOCH,
            reference_id: None,
            operator_id: None,
            note: None,
        }
        .key()
    }

    #[test]
    fn no_items_history_lies_within_anothers() {
        assert_eq!(update("A", 7), "S1/A/000000000007");
        assert_eq!(update("A/1", 7), "S1/A%2F1/000000000007");
        assert_eq!(update("A%2F1", 7), "S1/A%252F1/000000000007");
        assert!(update("A", 9) < update("A", 10));
    }
}
