//! Closing a terminal.

use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_types::{Money, TerminalId};

use super::{App, Changed};
use crate::domain::{Operation, Refusal};
use crate::records::Log;

/// A session that ended.
#[derive(Debug)]
pub struct ClosedSession {
    /// The terminal after the close, with the cash that its sales brought in.
    pub changed: Changed<Money>,
    /// The cash that should be in the drawer.
    pub expected: Money,
    /// Counted less expected, if somebody counted.
    pub difference: Option<Money>,
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
        let changed = caller.once(&self.documents, work).await?;
        let terminal = &changed.terminal.terminal;
        let expected = terminal.expected_cash(changed.note).map_err(Refusal::from)?;
        let difference = physical_amount.map(|counted| counted.minus(expected)).transpose();
        Ok(ClosedSession {
            expected,
            difference: difference.map_err(Refusal::from)?,
            changed,
        })
    }

    /// Gives the terminal with the cash that its sales brought in.
    async fn close(
        &self,
        caller: &Caller,
        id: &TerminalId,
        physical_amount: Option<Money>,
    ) -> Result<Changed<Money>, Error> {
        let place = self.place(id).await?;
        place.check_amount("physical_amount", physical_amount)?;
        let stored = self.load(id).await?;
        let session = &stored.terminal;
        session.status.after(Operation::Close).map_err(Refusal::from)?;
        let (counter, after) = (session.business_counter, session.last_transaction_no);
        let sales = self.neighbourhood.session_sales(id, counter, after).await?;
        self.change(caller, id, sales.cash, |terminal, now| {
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
