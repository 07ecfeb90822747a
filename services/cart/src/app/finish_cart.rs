//! Ends a cart: bills or cancels it, with numbers, log and event in one commit.

use std::ops::Deref;
use std::sync::Arc;

use kugel_error::Error;
use kugel_proto::cart::v1::TransactionLog;
use kugel_store::{Missed, retry};
use kugel_types::{EventId, LocalTime, TerminalId};
use serde::Deserialize;

use super::carts::Source;
use super::{App, Till};
use crate::domain::cart::{Cart, CartId, NO_NUMBER};
use crate::domain::transaction::Closing;
use crate::records::{receipt, transaction_log};

/// A cart, and the transaction that it became once it is finished.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct ShownCart {
    /// The cart.
    pub cart: Arc<Cart>,
    /// The log, which holds the receipt. A kept answer has none: it is read again.
    #[serde(skip)]
    pub log: Option<Arc<TransactionLog>>,
}

impl Deref for ShownCart {
    type Target = Cart;
    fn deref(&self) -> &Cart {
        &self.cart
    }
}

type Finish = fn(&mut Cart, Closing<'_>) -> Result<(), Error>;

impl App {
    /// Completes a paid cart.
    pub async fn bill_cart(&self, till: &Till, id: CartId) -> Result<ShownCart, Error> {
        let shown = self.once(till, self.finish(till, id, Cart::bill)).await?;
        self.with_log(till, shown).await
    }

    /// Gives a cart up. That is a transaction too: it has numbers, a log and an event.
    pub async fn cancel_cart(&self, till: &Till, id: CartId) -> Result<ShownCart, Error> {
        let shown = self.once(till, self.finish(till, id, Cart::cancel)).await?;
        self.with_log(till, shown).await
    }

    /// A cart as it is shown: with its receipt, once it is finished.
    pub(crate) async fn shown(&self, terminal: &TerminalId, cart: Arc<Cart>) -> Result<ShownCart, Error> {
        self.with_log(terminal, ShownCart { cart, log: None }).await
    }

    async fn with_log(&self, terminal: &TerminalId, shown: ShownCart) -> Result<ShownCart, Error> {
        let log = match shown.cart.transaction_no {
            number if number != NO_NUMBER && shown.log.is_none() => {
                Some(self.transaction_log(terminal, number).await?)
            }
            _ => shown.log,
        };
        Ok(ShownCart { log, ..shown })
    }

    async fn finish(&self, till: &Till, id: CartId, finish: Finish) -> Result<ShownCart, Error> {
        let mut source = Source::Copy;
        retry("cart", id, || {
            let source = std::mem::replace(&mut source, Source::Document);
            self.try_finish(till, id, source, finish)
        })
        .await
    }

    async fn try_finish(
        &self,
        till: &Till,
        id: CartId,
        source: Source,
        finish: Finish,
    ) -> Result<ShownCart, Missed> {
        let loaded = self.carts.load(till, id, source).await?;
        let turn = self
            .turn(till, loaded.cart.masters.settings.receipt_range)
            .await?;
        let now: LocalTime = self.now();
        let mut cart = Cart::clone(&loaded.cart);
        let closing = Closing {
            numbers: turn.numbers,
            session: turn.session,
            staff: turn.state.staff.as_ref(),
            now: &now,
        };
        match finish(&mut cart, closing) {
            Ok(()) => {}
            // What a copy forbids, the cart itself may allow.
            Err(_) if loaded.is_copy => return Err(Missed::Overtaken),
            Err(refusal) => return Err(Missed::Refused(refusal)),
        }
        cart.keep_approval(till.approval.as_ref());
        let event_id = EventId::generate();
        let mut log = transaction_log::of_cart(&cart, &event_id);
        receipt::print(&mut log, &self.zone)?;
        let changes = self.documents.changes(&till.to_string());
        let changes = self.take(changes, till, &turn, &log)?;
        let (changes, saving) = self.carts.save(changes, cart, loaded.revision)?;
        let changes = changes.answering(till.request.as_ref(), &saving.cart);
        let log = Arc::new(log);
        let (changes, event) = self.log(changes, till, event_id, Arc::clone(&log))?;
        self.commit(till, changes, event).await?;
        self.carts.saved(&till.tenant, &saving).await;
        Ok(ShownCart {
            cart: saving.cart,
            log: Some(log),
        })
    }
}
