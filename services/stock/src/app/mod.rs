//! The use cases, one a file.

pub(crate) mod alerts;
pub(crate) mod apply_sales;
pub(crate) mod ledger;
pub(crate) mod list_stock;
pub(crate) mod rebuild;
pub(crate) mod schedule_snapshots;
pub(crate) mod take_snapshot;
pub(crate) mod update_stock;
pub(crate) mod watch_alerts;

/// Who is named as the author of documents that events made. No user can bear this name.
pub(crate) const ACTOR: &str = "service:stock";
