//! The master data service: staff, categories, items and store prices, item books, payment methods, settings, taxes and
//! promotions of each tenant.
//!
//! Other services and tills cache what is read here; every write is announced before its caller has the answer, so no
//! cache is asked after a change and still shows the old state. It publishes no events, consumes none and calls no
//! neighbour. Codes that point at other masters (a tax, a category, an item on a button) are not checked for existence:
//! masters are loaded in any order. Start reading at [`build`] and [`app::Masters`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod adapters;
pub mod app;
pub mod domain;

use kugel_error::Result;
use kugel_rpc::{Deps, Parts};

use adapters::grpc::Service;

/// Builds the service.
pub fn build(deps: Deps) -> Result<Parts> {
    let zone = deps.settings.zone();
    let forgetting = deps.documents.clone().keep_forgetting();
    let service = Service::new(deps.documents, deps.bus, deps.clock, deps.passwords, zone);
    Ok(Parts {
        name: "master-data",
        routes: service.routes(),
        collections: adapters::documents::COLLECTIONS.to_vec(),
        outboxes: Vec::new(),
        background: vec![Box::pin(forgetting)],
    })
}
