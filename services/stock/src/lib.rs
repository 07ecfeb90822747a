//! The stock service: how much of every item each store has, why, and who must be told.
//!
//! Events in: `tranlog_report`. A batch of transactions is one commit: the items' documents (by revision), a record in
//! the history for each line, and the events' ids, so that a sale counts exactly once however often it arrives. An item's
//! quantity is the sum of its history. Events out: none; alerts go to whoever watches at that moment and are hints, while
//! the lists of low items are the truth. The service knows no catalogue: it counts whatever codes it is told. Start
//! reading at `app/ledger.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod adapters;
mod app;
mod domain;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use kugel_error::Error;
use kugel_proto::stock::v1::stock_service_server::StockServiceServer;
use kugel_rpc::{Deps, Parts, Routes};
use kugel_store::Documents;

use crate::adapters::events;
use crate::adapters::grpc::Stock;
use crate::app::alerts::Alerts;
use crate::app::apply_sales::ApplySales;
use crate::app::ledger::Ledger;
use crate::app::rebuild::Rebuilding;
use crate::app::schedule_snapshots::Scheduler;
use crate::app::update_stock::UpdateStock;

/// The service's name: of its database, its queues and its port.
pub const NAME: &str = "stock";

/// How often schedules are looked at: a snapshot is at most this late.
const SCHEDULER_PERIOD: Duration = Duration::from_secs(30);
/// How often alerts that were told long ago are forgotten.
const CLEAN_UP_PERIOD: Duration = Duration::from_secs(600);

/// The consumer of the service's events by itself, to make its documents anew.
pub fn rebuild(documents: Documents) -> Arc<dyn kugel_bus::Rebuild> {
    Arc::new(Rebuilding::new(Ledger { documents }))
}

/// Builds the service and begins to consume its events.
pub fn build(deps: Deps) -> Result<Parts, Error> {
    let Deps {
        documents,
        bus,
        clock,
        settings,
        ..
    } = deps;
    let zone = settings.zone();
    let alerts = Arc::new(Alerts::new(Arc::clone(&clock), settings.alert_cooldown_seconds));
    let ledger = Ledger {
        documents: documents.clone(),
    };
    let sales = ApplySales {
        ledger: ledger.clone(),
        alerts: Arc::clone(&alerts),
    };
    bus.subscribe(NAME, events::TOPICS, Arc::new(sales));
    let scheduler = Scheduler {
        documents: documents.clone(),
        clock: Arc::clone(&clock),
        zone: zone.clone(),
        retention_days: settings.default_snapshot_retention_days,
        looks: Arc::default(),
    };
    let background = vec![
        Box::pin(keep_schedules(scheduler.clone())) as _,
        Box::pin(forget_alerts(Arc::clone(&alerts))) as _,
        Box::pin(documents.clone().keep_forgetting()) as _,
    ];
    let updates = UpdateStock::new(ledger, Arc::clone(&alerts));
    let stock = Stock {
        documents,
        clock,
        zone,
        updates,
        alerts,
        scheduler,
    };
    Ok(Parts {
        name: NAME,
        routes: Routes::new(StockServiceServer::new(stock)),
        collections: adapters::documents::COLLECTIONS.to_vec(),
        outboxes: Vec::new(),
        background,
    })
}

async fn keep_schedules(scheduler: Scheduler) {
    loop {
        tokio::time::sleep(SCHEDULER_PERIOD).await;
        scheduler.run_due().await;
    }
}

async fn forget_alerts(alerts: Arc<Alerts>) {
    loop {
        tokio::time::sleep(CLEAN_UP_PERIOD).await;
        alerts.clean_up();
    }
}
