//! The report service: counts what the tills log, once and exactly, and answers from the counts.
//!
//! Events in: `tranlog_report`, `cashlog_report`, `opencloselog_report`. Events out: none. Each log is filed
//! (`transaction_logs`, `cash_logs`, `open_close_logs`), under a key that can exist once, and added to the sums of its
//! session in one commit. The sums are kept in two collections, because they grow differently: `session_totals` holds money,
//! categories and promotions, a few rows whatever is sold; `session_items` holds items, in parts that are merged as they
//! grow (see [`domain::session::Parts`]). A report merges the sums of the sessions it covers and never reads a log, so
//! its cost depends on the number of sessions and items, not on the number of sales.
//!
//! Invariants: adding logs in any order and grouping gives the same sums, so a recount from the filed logs equals what
//! was kept to the last digit; net of categories and of items is net of the sales report; payments are net and taxes.
//!
//! Start reading at [`domain::totals`] for the formulas and at [`makers`] for the reports.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

pub mod adapters;
pub mod app;
pub mod domain;
pub mod makers;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use kugel_bus::Rebuild;
use kugel_error::Error;
use kugel_proto::report::v1::report_service_server::ReportServiceServer;
use kugel_rpc::{Deps, Parts, Routes};
use kugel_store::Documents;

use crate::adapters::clients::{CategoryNames, Journal};
use crate::adapters::events::{self, LogHandler};
use crate::adapters::grpc::ReportGrpc;
use crate::app::make_report::ReportDesk;

/// The consumer of the service's events by itself, to make its documents anew.
pub fn rebuild(documents: Documents) -> Arc<dyn Rebuild> {
    Arc::new(LogHandler::new(documents))
}

/// Builds the service.
pub fn build(deps: Deps) -> Result<Parts, Error> {
    let Deps {
        documents,
        bus,
        clock,
        tokens,
        settings,
        neighbours,
        ..
    } = deps;
    let lifetime = if settings.use_item_cache {
        settings.item_cache_ttl_seconds
    } else {
        0
    };
    let category_names = CategoryNames::new(
        neighbours.channel("master-data"),
        Arc::clone(&tokens),
        &*bus,
        Duration::from_secs(lifetime),
    );
    let reports = ReportDesk {
        documents: documents.clone(),
        clock,
        zone: settings.zone(),
        default_currency: settings.currency,
        category_names,
        journal: Journal::new(neighbours.channel("journal"), tokens),
    };
    events::subscribe(&*bus, documents.clone());
    let grpc = ReportGrpc {
        documents,
        reports: Arc::new(reports),
    };
    Ok(Parts {
        name: "report",
        routes: Routes::new(ReportServiceServer::new(grpc)),
        collections: adapters::documents::COLLECTIONS.to_vec(),
        outboxes: Vec::new(),
        background: Vec::new(),
    })
}
