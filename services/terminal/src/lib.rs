//! The terminal service: tenants and their stores, terminals with their keys, and what happens at a terminal: who is
//! signed in, the session from opening to close, and the cash drawer.
//!
//! What must stay true: an API key exists in the clear only in the answer that made it; a session begins and ends in
//! turn, and its counters never repeat; whatever changes a terminal is one commit with the logs and events that tell of
//! it. The service publishes `cashlog_report`, `opencloselog_report` and `terminal_security` and consumes nothing. It asks master data for
//! staff and the cart service for a session's sales, and sets up tenants everywhere. It never reads another service's
//! documents. Start reading at [`domain`], then at `App::change` in [`app`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod adapters;
pub mod app;
pub mod domain;
pub mod ports;
pub mod records;

pub use app::index_keys;

use std::sync::Arc;

use kugel_brake::{Brake, Kind};
use kugel_bus::{Outbox, Topic};
use kugel_config::Compatibility;
use kugel_error::Error;
use kugel_proto::terminal::v1::session_service_server::SessionServiceServer;
use kugel_proto::terminal::v1::store_service_server::StoreServiceServer;
use kugel_proto::terminal::v1::tenant_service_server::TenantServiceServer;
use kugel_proto::terminal::v1::terminal_service_server::TerminalServiceServer;
use kugel_rpc::{Deps, Parts, Repeats, Routes, SECURITY_LOG_KEPT};

use adapters::clients::Clients;
use adapters::grpc::{Sessions, Stores, Tenants, Terminals};
use app::{App, KeyIndex};
use ports::Neighbourhood;
use records::PRODUCER;

/// The service's name.
pub const NAME: &str = "terminal";

/// Builds the service.
pub fn build(deps: Deps) -> Result<Parts, Error> {
    let neighbourhood = Clients::new(&deps.neighbours, &deps.tokens);
    Ok(build_among(deps, Arc::new(neighbourhood)).1)
}

/// Builds the service among the given neighbours, which a test plays itself.
pub fn build_among(deps: Deps, neighbourhood: Arc<dyn Neighbourhood>) -> (App, Parts) {
    let (outbox, delivery) = Outbox::new(
        deps.documents.clone(),
        deps.bus.clone(),
        deps.clock.clone(),
        &PRODUCER,
        deps.sweep_policy(),
    );
    let forgetting = deps.documents.clone().keep_forgetting();
    let brake = |kind| Brake::new(kind, deps.state.clone(), deps.clock.clone());
    let (till_pins, staff_pins, keys) = (brake(Kind::Pin), brake(Kind::Pin), brake(Kind::ApiKey));
    let old_entries = outbox
        .clone()
        .keep_forgetting(Topic::TerminalSecurity, SECURITY_LOG_KEPT);
    let key_index = KeyIndex::new();
    let repeats = Repeats::new(deps.clock.clone());
    let indexing = key_index.clone().keep(deps.documents.clone(), deps.clock.clone());
    let app = App {
        documents: deps.documents,
        bus: deps.bus,
        outbox: outbox.clone(),
        tokens: deps.tokens,
        zone: deps.settings.zone(),
        currency: deps.settings.currency,
        is_legacy: deps.settings.compatibility == Compatibility::Legacy,
        till_pins,
        staff_pins,
        keys,
        key_index,
        repeats: repeats.clone(),
        neighbourhood,
    };
    let routes = Routes::new(TenantServiceServer::new(Tenants(app.clone())))
        .and(StoreServiceServer::new(Stores(app.clone())))
        .and(TerminalServiceServer::new(Terminals(app.clone())))
        .and(SessionServiceServer::new(Sessions(app.clone())));
    let parts = Parts {
        name: NAME,
        routes,
        collections: records::COLLECTIONS.to_vec(),
        outboxes: vec![outbox],
        background: vec![
            Box::pin(delivery),
            Box::pin(forgetting),
            Box::pin(old_entries),
            Box::pin(indexing),
            Box::pin(repeats.clone().keep_telling(app.clone())),
        ],
        closing: vec![Box::pin(repeats.tell_rest(app.clone()))],
    };
    (app, parts)
}
