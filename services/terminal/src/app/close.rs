//! Closing a terminal.

use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_types::{Money, TerminalId};
use rust_decimal::Decimal;

use super::{App, Changed, TerminalView};
use crate::domain::{Operation, Refusal};
use crate::records::Log;

/// A session that ended, and what is printed about it.
#[derive(Debug, Clone)]
pub struct ClosedSession {
    /// The terminal after the close.
    pub view: TerminalView,
    /// The cash that should be in the drawer.
    pub expected: Money,
    /// Counted less expected, if somebody counted.
    pub difference: Option<Money>,
    /// The receipt as print data.
    pub receipt_text: String,
    /// The lines for the journal.
    pub journal_text: String,
}

impl App {
    /// Ends the session and sums it up: what the cart service sold and what went through the drawer.
    pub async fn close_terminal(
        &self,
        caller: &Caller,
        id: &TerminalId,
        physical_amount: Option<Money>,
    ) -> Result<ClosedSession, Error> {
        let work = self.close(caller, id, physical_amount);
        let closed = caller.once(&self.documents, work).await?;
        let view = closed.view()?;
        let sold = Money::from_decimal(closed.note);
        let expected = view.terminal.expected_cash(sold).map_err(Refusal::from)?;
        let difference = physical_amount.map(|counted| counted.minus(expected)).transpose();
        Ok(ClosedSession {
            view,
            expected,
            difference: difference.map_err(Refusal::from)?,
            receipt_text: closed.receipt_text,
            journal_text: closed.journal_text,
        })
    }

    /// Gives the terminal with the cash that its sales brought in.
    async fn close(
        &self,
        caller: &Caller,
        id: &TerminalId,
        physical_amount: Option<Money>,
    ) -> Result<Changed<Decimal>, Error> {
        let place = self.place(id).await?;
        place.check_amount("physical_amount", physical_amount)?;
        let session = self.load(id).await?.terminal()?;
        session.status.after(Operation::Close).map_err(Refusal::from)?;
        let (counter, after) = (session.business_counter, session.last_transaction_no);
        let sales = self.neighbourhood.session_sales(id, counter, after).await?;
        let sold = sales.cash.decimal();
        self.change(caller, id, &codes::CLOSE_FAILED, sold, |terminal, now| {
            // The sales are those of the session that was read; another one may have begun meanwhile.
            if terminal.business_counter != counter {
                let message = format!("terminal {id} began another session, try again");
                return Err(codes::CLOSE_FAILED.error(message));
            }
            terminal.close(physical_amount, &sales)?;
            Ok(vec![Log::closed(
                terminal,
                &place,
                &self.local(now),
                &sales,
                &self.zone,
            )?])
        })
        .await
    }
}
