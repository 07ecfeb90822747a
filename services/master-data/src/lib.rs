//! The master data service: staff, categories, items and store prices, item books, payment methods, settings, taxes and
//! promotions of each tenant.
//!
//! Other services and tills cache what is read here; every write is announced before its caller has the answer, so no
//! cache is asked after a change and still shows the old state. It publishes `staff_security`, what the security log is
//! told of the staff, and consumes nothing. It asks the account service what the roles permit that somebody gives to staff. Codes that point at other masters (a tax, a category, an item on a button) are not checked for existence:
//! masters are loaded in any order. Start reading at [`build`], then [`app::App`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod adapters;
pub mod app;
pub mod domain;
pub mod ports;
mod records;

pub use records::{COLLECTIONS, PRODUCER, SECURITY_LOGS};

use std::sync::Arc;

use kugel_bus::{Outbox, Topic};
use kugel_config::Compatibility;
use kugel_error::Result;
use kugel_rpc::{Deps, Parts, SECURITY_LOG_KEPT};

use crate::adapters::clients::Clients;
use crate::app::App;

/// The service's name: of its database and its port.
pub const NAME: &str = "master-data";

/// Characters that a new PIN must have. Fewer are guessed before the brake counts them.
const PIN_MIN: usize = 4;

/// Builds the service.
pub fn build(deps: Deps) -> Result<Parts> {
    let (outbox, delivery) = Outbox::new(
        deps.documents.clone(),
        deps.bus.clone(),
        deps.clock.clone(),
        &PRODUCER,
        deps.sweep_policy(),
    );
    let forgetting = deps.documents.clone().keep_forgetting();
    let old_entries = outbox
        .clone()
        .keep_forgetting(Topic::StaffSecurity, SECURITY_LOG_KEPT);
    let neighbourhood = Arc::new(Clients::new(&deps));
    let app = App {
        neighbourhood,
        documents: deps.documents,
        bus: deps.bus,
        outbox: outbox.clone(),
        clock: deps.clock,
        pins: deps.pins,
        pin_min: match deps.settings.compatibility {
            Compatibility::None => PIN_MIN,
            Compatibility::Legacy => 1,
        },
        is_legacy: deps.settings.compatibility == Compatibility::Legacy,
        zone: deps.settings.zone(),
    };
    Ok(Parts {
        name: NAME,
        routes: adapters::grpc::routes(&app),
        collections: COLLECTIONS.to_vec(),
        outboxes: vec![outbox],
        background: vec![Box::pin(delivery), Box::pin(forgetting), Box::pin(old_entries)],
        closing: Vec::new(),
    })
}
