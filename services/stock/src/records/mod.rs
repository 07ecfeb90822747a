//! What the service keeps.

mod history;
mod levels;
mod snapshots;

use kugel_bus::inbox::PROCESSED_EVENTS;
use kugel_store::{Collection, PROCESSED_REQUESTS, Query};
use kugel_types::StoreCode;

pub(crate) use history::history_of;
pub use history::{AsideRecord, STOCK_UPDATES, UPDATES_ASIDE, UpdateRecord};
pub use levels::{STOCKS, StockRecord};
pub(crate) use snapshots::{RunRecord, ScheduleRecord};
pub use snapshots::{STOCK_SNAPSHOTS, SnapshotItem, SnapshotRecord};

/// All collections of the service.
pub static COLLECTIONS: [&Collection; 8] = [
    &levels::STOCKS,
    &history::STOCK_UPDATES,
    &history::UPDATES_ASIDE,
    &snapshots::STOCK_SNAPSHOTS,
    &snapshots::SNAPSHOT_SCHEDULES,
    &snapshots::SNAPSHOT_RUNS,
    &PROCESSED_REQUESTS,
    &PROCESSED_EVENTS,
];

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
pub(crate) fn end_of_store(store: &StoreCode) -> String {
    format!("{store}0")
}
