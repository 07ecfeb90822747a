//! Ends a cart: bills or cancels it, with numbers, log and event in one commit.

use std::sync::Arc;

use kugel_error::Error;
use kugel_types::{EventId, LocalTime, TerminalId};

use super::carts::{Loaded, Source};
use super::{App, NUMBERING_ATTEMPTS_MAX, overtaken};
use crate::domain::cart::{Cart, CartId};
use crate::domain::receipt;
use crate::domain::terminal::TerminalState;
use crate::domain::transaction::Closing;

type Finish = fn(&mut Cart, Closing<'_>) -> Result<(), Error>;

impl App {
    /// Completes a paid cart.
    pub async fn bill_cart(&self, terminal: &TerminalId, id: CartId) -> Result<Arc<Cart>, Error> {
        self.finish(terminal, id, Cart::bill).await
    }

    /// Gives a cart up. That is a transaction too: it has numbers, a log and an event.
    pub async fn cancel_cart(&self, terminal: &TerminalId, id: CartId) -> Result<Arc<Cart>, Error> {
        self.finish(terminal, id, Cart::cancel).await
    }

    async fn finish(&self, terminal: &TerminalId, id: CartId, finish: Finish) -> Result<Arc<Cart>, Error> {
        let state = self.terminals.terminal(terminal).await?;
        let mut source = Source::Copy;
        for _ in 0..NUMBERING_ATTEMPTS_MAX {
            let loaded = self.carts.load(terminal, id, source).await?;
            source = Source::Document;
            let is_copy = loaded.is_copy;
            match self.try_finish(terminal, loaded, &state, finish).await {
                Ok(Some(cart)) => return Ok(cart),
                Ok(None) => {}
                // What a copy forbids, the cart itself may allow.
                Err(_) if is_copy => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Err(overtaken())
    }

    /// One try. `None`: the cart or the terminal's numbers were changed meanwhile.
    async fn try_finish(
        &self,
        terminal: &TerminalId,
        loaded: Loaded,
        state: &TerminalState,
        finish: Finish,
    ) -> Result<Option<Arc<Cart>>, Error> {
        let next = self
            .next_numbers(terminal, loaded.cart.masters.settings.receipt_range)
            .await?;
        let now: LocalTime = self.now();
        let mut cart = Cart::clone(&loaded.cart);
        finish(
            &mut cart,
            Closing {
                numbers: next.numbers,
                terminal: state,
                now: &now,
            },
        )?;
        let event_id = EventId::generate();
        let mut log = cart.log(&event_id);
        receipt::print(&mut log, &self.zone)?;
        cart.receipt_text = Some(log.receipt_text.clone());
        cart.journal_text = Some(log.journal_text.clone());
        let changes = self.documents.changes(&terminal.to_string());
        let (changes, saving) =
            self.carts
                .save(self.take(changes, terminal, &next), cart, loaded.revision)?;
        let (changes, event, _) = self.log(changes, terminal, event_id, log)?;
        if !self.commit(terminal, changes, event).await? {
            return Ok(None);
        }
        self.carts.saved(&terminal.tenant, &saving).await;
        Ok(Some(saving.cart))
    }
}
