//! Ends a session for sales.

use kugel_error::Error;
use kugel_rpc::Caller;
use kugel_store::{Direction, Missed, Page, Query, Scope, Sort, retry};
use kugel_types::TerminalId;

use super::App;
use crate::domain::cart::Cart;
use crate::domain::session::SessionSums;
use crate::domain::state::CartState;
use crate::domain::terminal::Session;
use crate::records::{INFO_TERMINAL_COUNTER, TerminalCounter};

/// Open carts that an answer lists.
const OPEN_CARTS_SHOWN: u32 = 100;

/// A session that takes no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSession {
    /// What it came to.
    pub sums: SessionSums,
    /// The carts of its terminal that are neither billed nor cancelled, the newest first.
    pub open_carts: Vec<String>,
}

impl App {
    /// Seals a session. The seal replaces the document that every transaction replaces, so that whatever comes later
    /// finds it, and what comes at the same moment starts again and finds it.
    pub async fn seal_session(
        &self,
        caller: &Caller,
        terminal: &TerminalId,
        session: Session,
    ) -> Result<SealedSession, Error> {
        let sums = retry("terminal", terminal, || self.try_seal(caller, terminal, session)).await?;
        let open_carts = self.open_carts(terminal).await?;
        Ok(SealedSession { sums, open_carts })
    }

    async fn try_seal(
        &self,
        caller: &Caller,
        terminal: &TerminalId,
        session: Session,
    ) -> Result<SessionSums, Missed> {
        let counter = self.counter(terminal).await?;
        let known = self.known_sums(terminal, counter.as_ref(), session).await?;
        let sums = match (SessionSums::going_on(known, session), known) {
            (Ok(sums), _) => SessionSums { sealed: true, ..sums },
            (Err(_), Some(known)) if known.session == session => return Ok(known),
            // It is no longer the terminal's last session, so the log of it is complete.
            (Err(_), _) => {
                let sums = self.recount(terminal, session).await?;
                return Ok(SessionSums { sealed: true, ..sums });
            }
        };
        let used = counter.as_ref().map(|counter| counter.count_dic);
        let sealed = TerminalCounter::new(terminal, used.unwrap_or_default(), sums);
        let changes = self.documents.changes(&caller.actor());
        let changes = match &counter {
            Some(read) => changes.replace(sealed, read.revision),
            None => changes.insert(sealed),
        };
        let committed = self
            .documents
            .commit(&Scope::from(&terminal.tenant), changes)
            .await;
        committed.map_err(|error| error.or_taken::<Error>(&[&INFO_TERMINAL_COUNTER]))?;
        Ok(sums)
    }

    /// Closing is rare and carts are removed soon after their end: no command at a cart pays for an index here.
    async fn open_carts(&self, terminal: &TerminalId) -> Result<Vec<String>, Error> {
        let open = [CartState::Idle, CartState::EnteringItem, CartState::Paying].map(CartState::name);
        let query = Query::all()
            .eq("store_code", &terminal.store)
            .eq("terminal_no", terminal.number)
            .one_of("cart_status", open)
            .sort(Sort(vec![("created_at".to_owned(), Direction::Descending)]))
            .page(Page {
                limit: OPEN_CARTS_SHOWN,
                number: 1,
            });
        let found = self
            .documents
            .find::<Cart>(&Scope::from(&terminal.tenant), query)
            .await?;
        Ok(found.rows.iter().map(|cart| cart.cart_id.to_string()).collect())
    }

    /// The last session in which the terminal sold or that was sealed.
    pub async fn last_session(&self, terminal: &TerminalId) -> Result<Option<SessionSums>, Error> {
        Ok(self.counter(terminal).await?.and_then(|counter| counter.session))
    }
}
