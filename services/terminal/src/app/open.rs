//! Opening a terminal.

use kugel_error::Error;
use kugel_rpc::Caller;
use kugel_types::{EventId, Money, TerminalId};

use super::{App, Changed};
use crate::domain::{Refusal, Status, Terminal};
use crate::records::Log;

impl App {
    /// Begins a session. One that is sealed and not closed, because its close was broken off, is closed first: nobody
    /// counted. A change fund, even of 0, is a cash log of its own, made at the same instant.
    pub async fn open_terminal(
        &self,
        caller: &Caller,
        id: &TerminalId,
        initial_amount: Option<Money>,
    ) -> Result<Changed, Error> {
        let work = self.open(caller, id, initial_amount);
        caller.once(&self.documents, work).await
    }

    /// At a till, somebody has to be signed in, unless older clients are served. A user is a person.
    pub(super) fn require_person(&self, caller: &Caller, terminal: &Terminal) -> Result<(), Refusal> {
        match terminal.staff {
            None if caller.terminal().is_some() && !self.is_legacy => Err(Refusal::NotSignedIn),
            _ => Ok(()),
        }
    }

    async fn open(
        &self,
        caller: &Caller,
        id: &TerminalId,
        initial_amount: Option<Money>,
    ) -> Result<Changed, Error> {
        let broken_off = match self.load(id).await?.terminal.status {
            Status::Opened => self.neighbourhood.last_session(id).await?,
            Status::Idle | Status::Closed => None,
        };
        self.change(
            caller,
            id,
            |_| None,
            |terminal, place, now| {
                place.check_cash("initial_amount", initial_amount)?;
                let time = self.local(now);
                let mut logs = Vec::new();
                if let Some(sealed) = broken_off.filter(|last| last.is_sealed && last.is_of(terminal))
                    && terminal.status == Status::Opened
                {
                    terminal.close(None)?;
                    logs.push(Log::closed(terminal, place, &time, &sealed.sales, &self.zone)?);
                }
                terminal.open(time.business_date(), initial_amount, now)?;
                self.require_person(caller, terminal)?;
                if let Some(fund) = initial_amount {
                    logs.push(Log::cash(
                        EventId::generate(),
                        terminal,
                        place,
                        &time,
                        fund,
                        None,
                        "Initial amount",
                    )?);
                }
                logs.push(Log::opened(terminal, place, &time)?);
                Ok((logs, ()))
            },
        )
        .await
    }
}
