//! Snapshots and their schedule.

use jiff::Timestamp;
use kugel_store::{Collection, Field, Index, Record};
use kugel_types::{ItemCode, Quantity, StoreCode};
use serde::{Deserialize, Serialize};

use super::StockRecord;
use crate::domain::schedule::{Interval, Schedule, Targets};
use crate::domain::schedule_draft::{ALL_STORES, Draft};

/// Snapshots.
pub static STOCK_SNAPSHOTS: Collection = Collection {
    name: "stock_snapshots",
    fields: &[Field::text("store_code"), Field::integer("generated_at")],
    indexes: &[
        Index::on(&["store_code", "generated_at"]),
        Index::on(&["generated_at"]),
    ],
};
pub(super) static SNAPSHOT_SCHEDULES: Collection = Collection {
    name: "snapshot_schedules",
    fields: &[],
    indexes: &[],
};
pub(super) static SNAPSHOT_RUNS: Collection = Collection {
    name: "snapshot_runs",
    fields: &[],
    indexes: &[],
};

/// The stock of a store at a moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SnapshotRecord {
    /// The key.
    pub snapshot_id: String,
    /// The store.
    pub store_code: StoreCode,
    /// `generate_date_time` as microseconds since 1970, to be compared and sorted by.
    pub generated_at: i64,
    /// When it was taken.
    pub generate_date_time: String,
    /// How many items it has.
    pub total_items: i64,
    /// Their quantities in sum.
    pub total_quantity: Quantity,
    /// The items, in the order of their stock's keys.
    pub stocks: Vec<SnapshotItem>,
    /// Who asked for it.
    pub created_by: String,
}

/// An item of a snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SnapshotItem {
    /// The item.
    pub item_code: ItemCode,
    /// How much there was.
    pub quantity: Quantity,
    /// Below it the item was low.
    pub minimum_quantity: Quantity,
    /// At it or below the item was to be ordered.
    pub reorder_point: Quantity,
    /// How much was ordered then.
    pub reorder_quantity: Quantity,
}

impl SnapshotItem {
    /// The item as it stands.
    pub(crate) fn of(stock: &StockRecord) -> Self {
        let level = stock.level();
        Self {
            item_code: stock.item_code.clone(),
            quantity: level.quantity,
            minimum_quantity: level.minimum,
            reorder_point: level.reorder_point,
            reorder_quantity: level.reorder_quantity,
        }
    }
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

impl ScheduleRecord {
    /// The document of a schedule.
    pub(crate) fn new(schedule: &Schedule) -> Self {
        let (interval, day_of_week, day_of_month) = match schedule.interval {
            Interval::Daily => ("daily", None, None),
            Interval::Weekly { day } => ("weekly", Some(day.into()), None),
            Interval::Monthly { day } => ("monthly", None, Some(day.into())),
        };
        Self {
            enabled: schedule.enabled,
            schedule_interval: interval.to_owned(),
            schedule_hour: schedule.time.hour().into(),
            schedule_minute: schedule.time.minute().into(),
            schedule_day_of_week: day_of_week,
            schedule_day_of_month: day_of_month,
            retention_days: schedule.retention_days,
            target_stores: match &schedule.targets {
                Targets::All => vec![ALL_STORES.to_owned()],
                Targets::Stores(stores) => stores.iter().map(ToString::to_string).collect(),
            },
        }
    }

    /// The schedule as it was written.
    pub(crate) fn draft(&self) -> Draft {
        Draft {
            enabled: Some(self.enabled),
            interval: self.schedule_interval.clone(),
            hour: Some(self.schedule_hour),
            minute: Some(self.schedule_minute),
            day_of_week: self.schedule_day_of_week,
            day_of_month: self.schedule_day_of_month,
            retention_days: i32::try_from(self.retention_days).ok(),
            target_stores: self.target_stores.clone(),
        }
    }
}
