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
//! Start reading at [`domain::totals`] for the formulas and at [`app::makers`] for the reports.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod adapters;
pub mod app;
pub mod domain;
mod ports;
pub mod records;

use std::sync::Arc;
use std::time::Duration;

use kugel_bus::Rebuild;
use kugel_error::{Error, codes};
use kugel_proto::report::v1::books_service_server::BooksServiceServer;
use kugel_proto::report::v1::report_service_server::ReportServiceServer;
use kugel_rpc::{Deps, KnownTerminals, Neighbour, Parts, Routes};
use kugel_store::Documents;

use crate::adapters::clients::{CategoryClient, JournalClient, LogClient};
use crate::adapters::grpc::{Books, Reports};
use crate::app::{App, CountLogs, TOPICS};

/// The service's name: of its database, its queues and its port.
pub const NAME: &str = "report";

/// The consumer of the service's events by itself, to make its documents again.
pub fn rebuild(documents: Documents) -> Arc<dyn Rebuild> {
    Arc::new(CountLogs::new(documents))
}

/// Builds the service and begins to consume its events.
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
    bus.subscribe(NAME, TOPICS, Arc::new(CountLogs::new(documents.clone())));
    let lifetime = if settings.use_item_cache {
        Duration::from_secs(settings.item_cache_ttl_seconds)
    } else {
        Duration::ZERO
    };
    let neighbour = |name| {
        let failed = &codes::REPORT_NEIGHBOUR_FAILED;
        Neighbour::new(NAME, name, &neighbours, Arc::clone(&tokens), failed)
    };
    let app = App {
        documents,
        clock,
        zone: settings.zone(),
        default_currency: settings.currency,
        categories: Arc::new(CategoryClient::new(neighbour("master-data"), &*bus, lifetime)),
        terminals: KnownTerminals::new(neighbour("terminal")),
        logs: Arc::new(LogClient::new(neighbour("cart"), neighbour("terminal"))),
        journal: Arc::new(JournalClient::new(neighbour("journal"))),
    };
    Ok(Parts {
        name: NAME,
        routes: Routes::new(ReportServiceServer::new(Reports(app.clone())))
            .and(BooksServiceServer::new(Books(app))),
        collections: records::COLLECTIONS.to_vec(),
        outboxes: Vec::new(),
        background: Vec::new(),
        closing: Vec::new(),
    })
}
