//! The stock service: how much of every item each store has, why, and who must be told.
//!
//! Events in: `tranlog_report`. A batch of transactions is one commit: the items' documents (by revision), a record in
//! the history for each line, and the events' ids, so that a sale counts exactly once however often it arrives. An item's
//! quantity is the sum of its history. Events out: none; alerts go to whoever watches at that moment and are hints, while
//! the lists of low items are the truth. The service knows no catalogue: it counts whatever codes it is
//! told, and asks the terminal service only for the stores that somebody wants to watch. Start
//! reading at `app/ledger.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod adapters;
pub mod app;
pub mod domain;
pub mod records;

use std::sync::Arc;

use kugel_bus::Rebuild;
use kugel_error::{Error, codes};
use kugel_proto::stock::v1::stock_service_server::StockServiceServer;
use kugel_rpc::{Deps, KnownTerminals, Neighbour, Parts, Routes};
use kugel_store::Documents;

use crate::adapters::events::{Sales, TOPICS};
use crate::adapters::grpc::Stock;
use crate::app::App;
use crate::app::rebuild::Rebuilding;

pub use crate::app::{ACTOR, movements};

/// The service's name: of its database, its queues and its port.
pub const NAME: &str = "stock";

/// The consumer of the service's events by itself, to make its documents again.
pub fn rebuild(documents: Documents) -> Arc<dyn Rebuild> {
    Arc::new(Rebuilding::new(documents))
}

/// Builds the service and begins to consume its events.
pub fn build(deps: Deps) -> Result<Parts, Error> {
    let failed = &codes::NEIGHBOUR_FAILED;
    let terminals = Neighbour::new(NAME, "terminal", &deps.neighbours, deps.tokens, failed);
    let stores = KnownTerminals::new(terminals);
    let app = App::new(deps.documents.clone(), deps.clock, stores, &deps.settings);
    deps.bus.subscribe(NAME, TOPICS, Arc::new(Sales(app.clone())));
    Ok(Parts {
        name: NAME,
        routes: Routes::new(StockServiceServer::new(Stock(app.clone()))),
        collections: records::COLLECTIONS.to_vec(),
        outboxes: Vec::new(),
        background: vec![
            Box::pin(app.clone().keep_schedules()),
            Box::pin(app.forget_alerts()),
            Box::pin(deps.documents.keep_forgetting()),
        ],
        closing: Vec::new(),
    })
}
