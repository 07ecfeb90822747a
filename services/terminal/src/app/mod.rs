//! The use cases, a file each. Each takes the caller, so that none runs without one.

mod authenticate;
mod cash;
mod close;
mod delivery;
mod error;
mod open;
mod registry;
mod sign_in;
mod stores;
mod stream;
mod tenants;
mod token;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_auth::Tokens;
use kugel_bus::{Bus, Change, ChangeKind, Outbox};
use kugel_error::{Error, ErrorSpec, codes};
use kugel_rpc::Caller;
use kugel_store::{Documents, Scope, StoreError, Stored};
use kugel_types::{Currency, LocalTime, TenantId, TerminalId};
use serde::{Deserialize, Serialize};

use crate::domain::{Printed, Terminal};
use crate::ports::Neighbourhood;
use crate::records::{Log, StoreDocument, TerminalDocument};

pub use cash::{CashMovement, MoveCash};
pub use close::ClosedSession;
pub use delivery::{DeliveryOutcome, DeliveryReport};
pub use registry::{ListTerminals, NewTerminal};
pub use sign_in::SignIn;
pub use stores::{ListStores, NewStore, StorePatch};
pub use stream::LogEntry;
pub use tenants::{NewTenant, TenantView};
pub use token::IssuedToken;

/// How often a change of a terminal is tried again after others were faster.
const ATTEMPTS: u32 = 8;
/// The pause after the first of them; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(1);

/// The use cases of tenants, stores and terminals.
#[derive(Clone)]
pub struct App {
    /// This service's documents.
    pub(crate) documents: Documents,
    /// Where changes are announced.
    pub(crate) bus: Arc<dyn Bus>,
    /// The events on their way.
    pub(crate) outbox: Outbox,
    /// Issues terminal tokens.
    pub(crate) tokens: Arc<Tokens>,
    /// The chain's time zone.
    pub(crate) zone: TimeZone,
    /// The currency of a store that names none.
    pub(crate) currency: Currency,
    /// The other services.
    pub(crate) neighbourhood: Arc<dyn Neighbourhood>,
}

/// A terminal after a change: the answer that is kept with it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Changed<N = ()> {
    /// The terminal.
    pub terminal: Stored<TerminalDocument>,
    /// What is printed about it: what the last log says.
    pub printed: Printed,
    /// What else the answer is made of.
    pub note: N,
}

impl App {
    /// Changes a terminal and shows it, once for each request.
    async fn change_once(
        &self,
        caller: &Caller,
        id: &TerminalId,
        step: impl Fn(&mut Terminal) -> Result<(), Error> + Send + Sync,
    ) -> Result<Stored<TerminalDocument>, Error> {
        let step = |terminal: &mut Terminal, _| step(terminal).map(|()| Vec::new());
        let change = self.change(caller, id, &codes::UPDATE_REFUSED, (), step);
        Ok(caller.once(&self.documents, change).await?.terminal)
    }

    /// Changes a terminal: `step` alters it and says what is to be logged; both become one commit with the answer, and
    /// the events of the logs go out after it. If somebody else was faster, everything is done again on what they left.
    async fn change<N: Serialize + Clone>(
        &self,
        caller: &Caller,
        id: &TerminalId,
        lost_race: &'static ErrorSpec,
        note: N,
        step: impl Fn(&mut Terminal, Timestamp) -> Result<Vec<Log>, Error> + Send + Sync,
    ) -> Result<Changed<N>, Error> {
        let scope = Scope::from(&id.tenant);
        let actor = caller.actor();
        for attempt in 0..ATTEMPTS {
            let stored = self.load(id).await?;
            let mut terminal = stored.terminal.clone();
            let changes = self.documents.changes(&actor);
            let now = changes.at();
            let logs = step(&mut terminal, now)?;
            let events = logs
                .iter()
                .map(|log| log.event(id, now, caller.traceparent()))
                .collect::<Result<Vec<_>, _>>()?;
            let document = Arc::new(TerminalDocument::from(terminal));
            let changed = Changed {
                terminal: changes.replaced(Arc::clone(&document), &stored),
                printed: logs.last().map(Log::printed).unwrap_or_default(),
                note: note.clone(),
            };
            let mut changes = changes
                .replace_shared(document, stored.revision)
                .answering(caller.request(), &changed);
            let mut staged = Vec::new();
            for (log, event) in logs.iter().zip(events) {
                let (with_event, event) = self.outbox.stage(changes, event, log.key());
                changes = with_event;
                staged.push(event);
            }
            match self.documents.commit(&scope, changes).await {
                Ok(()) => {}
                // Whoever was first may still be committing: on a server far away that takes a while.
                Err(StoreError::Stale { .. }) => {
                    tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await;
                    continue;
                }
                Err(error) => {
                    self.outbox.doubt();
                    return Err(error.into());
                }
            }
            for event in staged {
                self.outbox.dispatch(event);
            }
            self.announce(&id.tenant, ChangeKind::Terminal, id.to_string());
            return Ok(changed);
        }
        Err(lost_race.error(format!("terminal {id} is being changed by others, try again")))
    }

    /// The terminal's document, or *not found*.
    async fn load(&self, id: &TerminalId) -> Result<Stored<TerminalDocument>, Error> {
        let found = self
            .documents
            .get(&Scope::from(&id.tenant), &id.to_string())
            .await?;
        found.ok_or_else(|| {
            codes::NOT_FOUND
                .error(format!("terminal {id} is not found"))
                .with("terminal_id", id)
        })
    }

    /// The store's document, or *not found*.
    async fn load_store(&self, tenant: &TenantId, code: &str) -> Result<Stored<StoreDocument>, Error> {
        let found = self.documents.get(&Scope::from(tenant), code).await?;
        found.ok_or_else(|| {
            codes::STORE_NOT_FOUND
                .error(format!("store {code} is not found"))
                .with("store_code", code)
        })
    }

    /// Tells the caches of all services that what they know is out of date.
    fn announce(&self, tenant: &TenantId, kind: ChangeKind, key: String) {
        self.bus.announce(&Change {
            tenant: tenant.clone(),
            kind,
            key,
        });
    }

    /// The instant in the chain's time zone.
    fn local(&self, instant: Timestamp) -> LocalTime {
        LocalTime::new(instant, &self.zone)
    }
}
