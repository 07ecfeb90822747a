//! The journal service: the electronic journal of every store, append-only and searchable.
//!
//! Events in: `tranlog_report`, `cashlog_report`, `opencloselog_report`. Each is filed twice in one commit: the log as it
//! came, under a key that can exist once (`transaction_logs`, `cash_logs`, `open_close_logs`), and its entry in the unified
//! journal (`journals`). Reports arrive as entries by RPC. Events out: none. Nothing is ever changed or deleted, and an
//! entry written by hand can never take the place of one that an event brings. The service asks no neighbour and knows
//! no price: what a till printed is what it keeps. Start reading at `app/file_logs.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod adapters;
mod app;
mod domain;
pub mod records;

use std::sync::Arc;

use futures::FutureExt;
use kugel_bus::Rebuild;
use kugel_error::{Error, codes};
use kugel_proto::journal::v1::journal_service_server::JournalServiceServer;
use kugel_rpc::{Deps, KnownTerminals, Neighbour, Parts, Routes};
use kugel_store::Documents;

use crate::adapters::grpc::Journals;
use crate::app::{App, FileLogs, TOPICS};

pub use crate::app::{ACTOR, is_posted};

/// The service's name: of its database, its queues and its port.
pub const NAME: &str = "journal";

/// The consumer of the service's events by itself, to make its documents again.
pub fn rebuild(documents: Documents) -> Arc<dyn Rebuild> {
    Arc::new(FileLogs::new(documents))
}

/// Builds the service and begins to consume its events.
pub fn build(deps: Deps) -> Result<Parts, Error> {
    let Deps {
        documents,
        bus,
        clock,
        settings,
        tokens,
        neighbours,
        ..
    } = deps;
    bus.subscribe(NAME, TOPICS, Arc::new(FileLogs::new(documents.clone())));
    let forgetting = documents.clone().keep_forgetting().boxed();
    let failed = &codes::NEIGHBOUR_FAILED;
    let terminals = Neighbour::new(NAME, "terminal", &neighbours, tokens, failed);
    let app = App {
        documents,
        terminals: KnownTerminals::new(terminals),
        clock,
        zone: settings.zone(),
    };
    Ok(Parts {
        name: NAME,
        routes: Routes::new(JournalServiceServer::new(Journals(app))),
        collections: records::COLLECTIONS.to_vec(),
        outboxes: Vec::new(),
        background: vec![forgetting],
        closing: Vec::new(),
    })
}
