//! Opening a terminal.

use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_types::{EventId, Money, TerminalId};

use super::{App, Changed, TerminalView};
use crate::domain::Place;
use crate::records::Log;

/// A session that began, and what is printed about it.
#[derive(Debug, Clone)]
pub struct OpenedSession {
    /// The terminal after the opening.
    pub view: TerminalView,
    /// The receipt as print data.
    pub receipt_text: String,
    /// The lines for the journal.
    pub journal_text: String,
}

impl App {
    /// Begins a session. A change fund, even of 0, is a cash log of its own, made at the same instant.
    pub async fn open_terminal(
        &self,
        caller: &Caller,
        id: &TerminalId,
        initial_amount: Option<Money>,
    ) -> Result<OpenedSession, Error> {
        let work = self.open(caller, id, initial_amount);
        let opened = caller.once(&self.documents, work).await?;
        Ok(OpenedSession {
            view: opened.view()?,
            receipt_text: opened.receipt_text,
            journal_text: opened.journal_text,
        })
    }

    async fn open(
        &self,
        caller: &Caller,
        id: &TerminalId,
        initial_amount: Option<Money>,
    ) -> Result<Changed, Error> {
        let place = self.place(id).await?;
        place.check_amount("initial_amount", initial_amount)?;
        self.change(caller, id, &codes::OPEN_FAILED, (), |terminal, now| {
            let time = self.local(now);
            terminal.open(time.business_date(), initial_amount, now)?;
            let mut logs = Vec::new();
            if let Some(fund) = initial_amount {
                logs.push(Log::cash(
                    EventId::generate(),
                    terminal,
                    &place,
                    &time,
                    fund,
                    "Initial amount",
                )?);
            }
            logs.push(Log::opened(terminal, &place, &time)?);
            Ok(logs)
        })
        .await
    }

    /// Where the terminal stands, for logs and receipts.
    pub(super) async fn place(&self, id: &TerminalId) -> Result<Place, Error> {
        self.load(id).await?;
        let store = self.load_store(&id.tenant, id.store.as_str()).await?;
        store.place()
    }
}
