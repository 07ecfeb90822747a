//! The cart service: carts that are filled and paid at terminals, and the transactions that they become.
//!
//! Invariants:
//! - A cart belongs to the terminal that opened it; to everybody else it does not exist.
//! - A command is one commit. Two at the same time on one cart are two in a row: the second starts again from what the
//!   first left.
//! - Numbers, transaction log, event and the finished cart are one commit, so that a terminal's transaction numbers have
//!   no hole and no repeat, and every transaction's event is delivered.
//! - A cart is priced from the masters it has kept; a neighbour that does not answer is an error, never a guess.
//! - The log is never changed. Whether a transaction still stands is said by its status, changed by the reversal's own
//!   commit.
//!
//! Events out: `tranlog_report` (sales, cancelled carts, voids, returns). In: announcements of changed masters.
//! Start reading at [`domain`], then [`app`].

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod adapters;
pub mod app;
pub mod domain;
pub mod ports;
mod records;

pub use records::{COLLECTIONS, PRODUCER, TerminalCounter, transaction_key};

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kugel_bus::Outbox;
use kugel_error::{Error, codes};
use kugel_proto::cart::v1::cart_service_server::CartServiceServer;
use kugel_proto::cart::v1::transaction_service_server::TransactionServiceServer;
use kugel_rpc::{Deps, Neighbour, Parts, Routes};

use crate::adapters::clients::{MasterClient, TerminalClient};
use crate::adapters::grpc::{Carts, Transactions};
use crate::app::{App, CartStore, Copies};
use crate::domain::settings::CartDefaults;

/// The service's name: of its database, its events and its port.
pub const NAME: &str = "cart";

/// Builds the service.
pub fn build(deps: Deps) -> Result<Parts, Error> {
    let settings = &deps.settings;
    let (outbox, delivery) = Outbox::new(
        deps.documents.clone(),
        Arc::clone(&deps.bus),
        Arc::clone(&deps.clock),
        &PRODUCER,
        deps.sweep_policy(),
    );
    let neighbour = |name| {
        let tokens = Arc::clone(&deps.tokens);
        Neighbour::new(
            NAME,
            name,
            &deps.neighbours,
            tokens,
            &codes::CART_NEIGHBOUR_FAILED,
        )
    };
    let terminals_age = lifetime(settings.use_terminal_cache, settings.terminal_cache_ttl_seconds);
    let masters_age = lifetime(settings.use_item_cache, settings.item_cache_ttl_seconds);
    // In one process the documents are as near as a copy would be.
    let copies = (!deps.state.is_local()).then(|| Copies::new(Arc::clone(&deps.state)));
    let app = App {
        carts: CartStore::new(deps.documents.clone(), copies),
        terminals: Arc::new(TerminalClient::new(
            neighbour("terminal"),
            &*deps.bus,
            terminals_age,
        )),
        masters: Arc::new(MasterClient::new(
            neighbour("master-data"),
            &*deps.bus,
            masters_age,
        )),
        outbox: outbox.clone(),
        clock: Arc::clone(&deps.clock),
        zone: settings.zone(),
        defaults: CartDefaults {
            receipt_no_start: settings.receipt_no_start_value,
            receipt_no_end: settings.receipt_no_end_value,
            discount_rounding: settings.round_method_for_discount,
        },
        documents: deps.documents,
    };
    let routes = Routes::new(CartServiceServer::new(Carts(app.clone())))
        .and(TransactionServiceServer::new(Transactions(app.clone())));
    Ok(Parts {
        name: NAME,
        routes,
        collections: COLLECTIONS.to_vec(),
        outboxes: vec![outbox],
        background: vec![
            delivery.boxed(),
            app.documents.clone().keep_forgetting().boxed(),
            app.keep_house().boxed(),
        ],
        closing: Vec::new(),
    })
}

/// The age that cached values may reach; none if the cache is switched off.
fn lifetime(is_used: bool, seconds: u64) -> Duration {
    if is_used {
        Duration::from_secs(seconds)
    } else {
        Duration::ZERO
    }
}
