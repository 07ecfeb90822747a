//! The use cases, one verb a file.

mod alerts;
mod apply_sales;
mod change_quantity;
mod ledger;
mod list_stock;
pub(crate) mod rebuild;
mod schedule_snapshots;
mod set_thresholds;
mod stream_history;
mod take_snapshot;
mod watch_alerts;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_config::Settings;
use kugel_rpc::KnownTerminals;
use kugel_store::{Documents, Scope};
use kugel_types::{Clock, ItemCode, StoreCode, TenantId};
use tokio::sync::{Mutex, MutexGuard};

pub(crate) use alerts::Alert;
pub use apply_sales::movements;
pub(crate) use list_stock::Selection;
pub(crate) use schedule_snapshots::InForce;
pub(crate) use set_thresholds::Thresholds;

use alerts::Alerts;
use ledger::Ledger;

/// Who is named as the author of documents that events made. No user can bear this name.
pub const ACTOR: &str = "service:stock";
/// Queues for items. Two items that share one only wait a little longer.
const QUEUES: usize = 64;
/// How often schedules are checked: a snapshot is at most this late.
const SCHEDULER_PERIOD: Duration = Duration::from_secs(30);
/// How often alerts that were told long ago are forgotten.
const CLEAN_UP_PERIOD: Duration = Duration::from_secs(600);

/// Everything the use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) documents: Documents,
    pub(crate) clock: Arc<dyn Clock>,
    /// The chain's time zone.
    pub(crate) zone: TimeZone,
    /// Days that a tenant without a schedule of its own keeps snapshots.
    retention_days: u32,
    ledger: Ledger,
    alerts: Arc<Alerts>,
    /// Which stores there are.
    stores: KnownTerminals,
    /// Many who change the same item wait here for each other, instead of defeating each other at the store.
    queues: Arc<[Mutex<()>; QUEUES]>,
    /// When each tenant's schedule is checked next. A check opens the tenant's database, so there are no more than needed.
    looks: Arc<parking_lot::Mutex<HashMap<Scope, Timestamp>>>,
}

impl App {
    /// The use cases over these documents. Nobody watches yet.
    pub fn new(
        documents: Documents,
        clock: Arc<dyn Clock>,
        stores: KnownTerminals,
        settings: &Settings,
    ) -> Self {
        Self {
            ledger: Ledger {
                documents: documents.clone(),
            },
            alerts: Arc::new(Alerts::new(Arc::clone(&clock), settings.alert_cooldown_seconds)),
            stores,
            documents,
            clock,
            zone: settings.zone(),
            retention_days: settings.default_snapshot_retention_days,
            queues: Arc::new(std::array::from_fn(|_| Mutex::default())),
            looks: Arc::default(),
        }
    }

    /// Takes the snapshots that are due, for ever.
    pub(crate) async fn keep_schedules(self) {
        loop {
            tokio::time::sleep(SCHEDULER_PERIOD).await;
            self.run_due().await;
        }
    }

    /// Forgets alerts that were told long ago, for ever.
    pub(crate) async fn forget_alerts(self) {
        loop {
            tokio::time::sleep(CLEAN_UP_PERIOD).await;
            self.alerts.clean_up();
        }
    }

    /// Waits until nobody else changes the item by hand.
    async fn turn(&self, tenant: &TenantId, store: &StoreCode, item: &ItemCode) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        (tenant, store, item).hash(&mut hasher);
        let number = usize::try_from(hasher.finish() % QUEUES as u64).unwrap_or_default();
        self.queues[number].lock().await
    }
}
