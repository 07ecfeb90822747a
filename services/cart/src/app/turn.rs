//! A terminal's turn: the session and the numbers that its next transaction gets.

use std::sync::Arc;

use kugel_error::{Error, codes};
use kugel_proto::cart::v1::TransactionLog;
use kugel_store::{Changes, Query, Scope, Stored};
use kugel_types::{TerminalId, TransactionType};

use super::App;
use crate::domain::numbering::{Numbers, ReceiptRange};
use crate::domain::session::SessionSums;
use crate::domain::terminal::{Session, TerminalState};
use crate::records::{TerminalCounter, transaction_log};

/// What the next transaction of a terminal gets, if [`App::take`] is committed with it.
pub(crate) struct Turn {
    pub(crate) state: Arc<TerminalState>,
    pub(crate) session: Session,
    pub(crate) numbers: Numbers,
    sums: SessionSums,
    counter: Option<Stored<TerminalCounter>>,
}

impl App {
    /// Reads what the terminal's next transaction gets. The terminal must be opened, in a session that is not sealed.
    /// What is known of a terminal may be older than what its counter says: then it is read again before it is refused.
    pub(crate) async fn turn(&self, terminal: &TerminalId, range: ReceiptRange) -> Result<Turn, Error> {
        let mut state = self.terminals.terminal(terminal).await?;
        let mut session = state.opened()?;
        let counter = self.counter(terminal).await?;
        let known = self.known_sums(terminal, counter.as_ref(), session).await?;
        let sums = match SessionSums::going_on(known, session) {
            Ok(sums) => sums,
            Err(_) => {
                state = self.terminals.terminal_afresh(terminal).await?;
                session = state.opened()?;
                SessionSums::going_on(known, session)?
            }
        };
        let used = counter.as_ref().map(|counter| counter.count_dic);
        Ok(Turn {
            numbers: used.unwrap_or_default().next(range),
            state,
            session,
            sums,
            counter,
        })
    }

    /// Adds the taking of the turn to the commit of its transaction, which then fails if anybody else has taken it or
    /// has sealed the session.
    pub(crate) fn take(
        &self,
        changes: Changes,
        terminal: &TerminalId,
        turn: &Turn,
        log: &TransactionLog,
    ) -> Result<Changes, Error> {
        let sums = counted(turn.sums, log)?;
        let counter = TerminalCounter::new(terminal, turn.numbers, sums);
        Ok(match &turn.counter {
            Some(read) => changes.replace(counter, read.revision),
            None => changes.insert(counter),
        })
    }

    /// The terminal's counter, once it has one.
    pub(super) async fn counter(
        &self,
        terminal: &TerminalId,
    ) -> Result<Option<Stored<TerminalCounter>>, Error> {
        let scope = Scope::from(&terminal.tenant);
        Ok(self.documents.get(&scope, &terminal.to_string()).await?)
    }

    /// The last sums that are known of the terminal. A counter of an earlier build has none: those of `session` are
    /// counted from the log.
    pub(super) async fn known_sums(
        &self,
        terminal: &TerminalId,
        counter: Option<&Stored<TerminalCounter>>,
        session: Session,
    ) -> Result<Option<SessionSums>, Error> {
        match counter {
            Some(counter) if counter.session.is_none() => Ok(Some(self.recount(terminal, session).await?)),
            Some(counter) => Ok(counter.session),
            None => Ok(None),
        }
    }

    /// Counts a session from the log.
    pub(super) async fn recount(
        &self,
        terminal: &TerminalId,
        session: Session,
    ) -> Result<SessionSums, Error> {
        let scope = Scope::from(&terminal.tenant);
        let (mut sums, mut after) = (SessionSums::begun(session), 0);
        loop {
            let query = Query::all()
                .eq("store_code", &terminal.store)
                .eq("terminal_no", terminal.number)
                .eq("business_date", session.business_date)
                .eq("business_counter", session.business_counter);
            let logs = self.logs_after(&scope, query, after).await?;
            let Some(last) = logs.last() else {
                return Ok(sums);
            };
            after = last.transaction_no;
            for log in &logs {
                sums = counted(sums, log)?;
            }
        }
    }
}

fn counted(sums: SessionSums, log: &TransactionLog) -> Result<SessionSums, Error> {
    let kind = transaction_log::readable(TransactionType::try_from(log.transaction_type))?;
    let cash = log.cash().map_err(|error| {
        codes::CART_INTERNAL
            .error("the transaction cannot be read")
            .caused_by(error)
    })?;
    Ok(sums.counted(log.transaction_no, kind, cash)?)
}
