//! Closing a terminal.

use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_types::{Money, TerminalId};
use serde::{Deserialize, Serialize};

use super::{App, Changed};
use crate::domain::{Count, Refusal};
use crate::records::Log;

/// A session that ended.
#[derive(Debug)]
pub struct ClosedSession {
    /// The terminal after the close.
    pub changed: Changed<Closing>,
    /// The drawer.
    pub count: Count,
}

/// What the cart service says of a session that ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Closing {
    /// The cash that its sales brought in.
    pub cash: Money,
    /// Carts that are neither billed nor cancelled.
    pub open_carts: Vec<String>,
}

impl App {
    /// Ends the session and sums it up: what the cart service sold and what went through the drawer. The cart service
    /// seals the session first, so that nothing is sold that the close does not announce. Seal and close are two commits:
    /// what breaks off between them is finished by the next close, which is told the same sums, or by the next opening.
    pub async fn close_terminal(
        &self,
        caller: &Caller,
        id: &TerminalId,
        physical_amount: Option<Money>,
    ) -> Result<ClosedSession, Error> {
        let work = self.close(caller, id, physical_amount);
        let changed = caller.once(&self.documents, work).await?;
        let terminal = &changed.terminal.terminal;
        let count = terminal.count(changed.note.cash).map_err(Refusal::from)?;
        Ok(ClosedSession { changed, count })
    }

    async fn close(
        &self,
        caller: &Caller,
        id: &TerminalId,
        physical_amount: Option<Money>,
    ) -> Result<Changed<Closing>, Error> {
        let session = self.load(id).await?.terminal.clone();
        let place = self.load_store(&id.tenant, &id.store).await?.place();
        place.check_cash("physical_amount", physical_amount)?;
        // What is refused must be refused before the seal, after which nothing is sold until the session is closed.
        session.clone().close(physical_amount)?;
        self.require_person(caller, &session)?;
        let sealed = self.neighbourhood.seal_session(&session).await?;
        let note = Closing {
            cash: sealed.sales.cash,
            open_carts: sealed.open_carts,
        };
        self.change(
            caller,
            id,
            |_| None,
            |terminal, place, now| {
                // The sales are those of the session that was read; another one may have begun meanwhile.
                if terminal.business_counter != session.business_counter {
                    let message = format!("terminal {id} began another session, try again");
                    return Err(codes::CLOSE_FAILED.error(message));
                }
                terminal.close(physical_amount)?;
                let time = self.local(now);
                let log = Log::closed(terminal, place, &time, &sealed.sales, &self.zone)?;
                Ok((vec![log], note.clone()))
            },
        )
        .await
    }
}
