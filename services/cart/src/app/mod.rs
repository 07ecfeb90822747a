//! The use cases, one verb a file.

mod acknowledge;
mod add_line_items;
mod carts;
mod change_cart;
mod copies;
mod create_cart;
mod finish_cart;
mod housekeeping;
mod list_transactions;
mod pay;
mod reverse_transaction;
mod seal_session;
mod stream_transactions;
mod till;
mod turn;

use std::sync::Arc;

use jiff::tz::TimeZone;
use kugel_bus::{Event, Outbox, Staged, Topic};
use kugel_error::{Error, codes};
use kugel_proto::cart::v1::TransactionLog;
use kugel_store::{Body, Changes, Documents, Missed, Scope, StoreError};
use kugel_types::{Clock, EventId, LocalTime, TerminalId};

pub use acknowledge::Acknowledgement;
pub use carts::CartStore;
pub use copies::Copies;
pub use create_cart::NewCart;
pub use finish_cart::ShownCart;
pub use list_transactions::{Transaction, TransactionFilter, TransactionPage};
pub use seal_session::SealedSession;
pub use stream_transactions::StreamStart;
pub use till::{Till, approved};

use crate::domain::settings::CartDefaults;
use crate::ports::{Masters, Terminals};
use crate::records::transaction_key;

/// Everything the use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The documents.
    pub documents: Documents,
    /// The carts among them.
    pub carts: CartStore,
    /// The terminal service.
    pub terminals: Arc<dyn Terminals>,
    /// The master data service.
    pub masters: Arc<dyn Masters>,
    /// Where events go.
    pub outbox: Outbox,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The chain's time zone.
    pub zone: TimeZone,
    /// What holds where a tenant has set nothing.
    pub defaults: CartDefaults,
}

impl App {
    /// The present in the chain's time zone.
    pub(crate) fn now(&self) -> LocalTime {
        LocalTime::new(self.clock.now(), &self.zone)
    }

    /// Adds a transaction and its event to a commit. The log document and the event share one text.
    pub(crate) fn log(
        &self,
        changes: Changes,
        till: &Till,
        event_id: EventId,
        log: Arc<TransactionLog>,
    ) -> Result<(Changes, Staged), Error> {
        let body = Body::of(Arc::clone(&log)).map_err(|error| {
            codes::CART_INTERNAL
                .error("the transaction cannot be written")
                .caused_by(error)
        })?;
        let key = transaction_key(&log.store_code, log.terminal_no, log.transaction_no);
        let event = Arc::new(Event {
            id: event_id,
            topic: Topic::TranlogReport,
            tenant: till.tenant.clone(),
            store: Some(till.store.clone()),
            terminal: Some(till.number),
            occurred_at: self.clock.now(),
            schema_version: Event::SCHEMA_VERSION,
            traceparent: till.traceparent.clone(),
            body,
        });
        Ok(self.outbox.stage(changes, event, key))
    }

    /// Commits a transaction and hands its event over.
    pub(crate) async fn commit(
        &self,
        terminal: &TerminalId,
        changes: Changes,
        event: Staged,
    ) -> Result<(), Missed> {
        match self
            .documents
            .commit(&Scope::from(&terminal.tenant), changes)
            .await
        {
            Ok(()) => {
                self.outbox.dispatch(event);
                Ok(())
            }
            Err(error) if error.is_same_request() => Err(Missed::Refused(error.into())),
            // Of many carts of a terminal that end at once, each round lets one have the next number.
            Err(StoreError::Stale { .. } | StoreError::Duplicate { .. }) => Err(Missed::Overtaken),
            Err(error) => {
                self.outbox.doubt();
                if error.is_failure() {
                    return Err(Missed::Refused(error.into()));
                }
                Err(Missed::Refused(
                    codes::CART_INTERNAL
                        .error("the transaction could not be written")
                        .caused_by(error),
                ))
            }
        }
    }
}
