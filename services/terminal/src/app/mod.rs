//! The use cases, a file each. Each takes the caller, so that none runs without one.

mod approve;
mod authenticate;
mod cash;
mod close;
mod delivery;
mod error;
mod key_index;
mod open;
mod registry;
mod sign_in;
mod standing;
mod stores;
mod stream;
mod tenants;
mod token;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_auth::Tokens;
use kugel_brake::Brake;
use kugel_bus::{Bus, Change, ChangeKind, Outbox, Staged, Topic};
use kugel_error::{Error, codes};
use kugel_rpc::{Caller, Repeats, SecurityEntry, SecurityLog};
use kugel_store::{Changes, Documents, Scope, StoreError, Stored, retry};
use kugel_types::{Currency, LocalTime, StoreCode, TenantId, TerminalId};
use serde::{Deserialize, Serialize};

use crate::domain::{Place, Printed, Terminal};
use crate::ports::Neighbourhood;
use crate::records::{Log, StoreDocument, TerminalDocument};

pub use approve::NewApproval;
pub use cash::{CashMovement, MoveCash};
pub use close::{ClosedSession, Closing};
pub use delivery::{DeliveryOutcome, DeliveryReport};
pub(crate) use key_index::KeyIndex;
pub use key_index::index_keys;
pub use registry::NewTerminal;
pub use sign_in::SignIn;
pub use stores::{NewStore, StorePatch};
pub use stream::LogEntry;
pub use tenants::{NewTenant, TenantView};
pub use token::IssuedToken;

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
    /// Serves clients of the older system.
    pub(crate) is_legacy: bool,
    /// Brakes those who guess PINs at a till.
    pub(crate) till_pins: Brake,
    /// Brakes those who guess a staff member's PIN. Always asked after the other one, and never held beside itself.
    pub(crate) staff_pins: Brake,
    /// Brakes those who send wrong API keys.
    pub(crate) keys: Brake,
    /// Whether it is known whose each API key is.
    pub(crate) key_index: KeyIndex,
    /// Counts what the security log is told again and again.
    pub(crate) repeats: Repeats,
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
        step: impl Fn(&mut Terminal) -> Result<(), Error>,
    ) -> Result<Stored<TerminalDocument>, Error> {
        let step = |terminal: &mut Terminal, _: &Place, _| step(terminal).map(|()| (Vec::new(), ()));
        let change = self.change(caller, id, |_| None, step);
        Ok(caller.once(&self.documents, change).await?.terminal)
    }

    /// Changes a terminal: `step` alters it and says what is to be logged and what else the answer is made of; all become
    /// one commit with the entry of the security log, and the events of the logs go out after it. If somebody else was faster, everything is done again on what they left.
    /// The store is read after the terminal: see [`App::between_sessions`].
    async fn change<N: Serialize>(
        &self,
        caller: &Caller,
        id: &TerminalId,
        entry: impl Fn(&Terminal) -> Option<SecurityEntry>,
        step: impl Fn(&mut Terminal, &Place, Timestamp) -> Result<(Vec<Log>, N), Error>,
    ) -> Result<Changed<N>, Error> {
        let actor = caller.actor();
        retry("terminal", id, || async {
            let stored = self.load(id).await?;
            let mut terminal = stored.terminal.clone();
            let place = self.load_store(&id.tenant, &id.store).await?.place();
            let changes = self.documents.changes(&actor);
            let now = changes.at();
            let (logs, note) = step(&mut terminal, &place, now)?;
            let approver = caller.approval().map(|approval| &approval.approver);
            let document = Arc::new(TerminalDocument::from(terminal));
            let changed = Changed {
                terminal: changes.replaced(Arc::clone(&document), &stored),
                printed: logs.last().map(Log::printed).unwrap_or_default(),
                note,
            };
            let mut changes = changes
                .replace_shared(document, stored.revision)
                .answering(caller.request(), &changed);
            let mut staged = Vec::new();
            for log in logs {
                let log = log.approved_by(approver);
                let event = log.event(id, now, caller.traceparent())?;
                let (with_event, event) = self.outbox.stage(changes, event, log.key());
                changes = with_event;
                staged.push(event);
            }
            let entries = Vec::from_iter(entry(&stored.terminal));
            self.commit(&id.tenant, changes, staged, &entries).await?;
            self.announce(&id.tenant, ChangeKind::Terminal, id.to_string());
            Ok(changed)
        })
        .await
    }

    /// Commits changes with their events and entries of the security log, and sends the events. What repeats is counted
    /// and told later.
    async fn commit(
        &self,
        tenant: &TenantId,
        changes: Changes,
        staged: Vec<Staged>,
        entries: &[SecurityEntry],
    ) -> Result<(), StoreError> {
        let telling = self.repeats.sort(tenant, entries);
        self.commit_all(tenant, changes, staged, telling.entries())
            .await?;
        telling.stored();
        Ok(())
    }

    async fn commit_all(
        &self,
        tenant: &TenantId,
        changes: Changes,
        mut staged: Vec<Staged>,
        entries: &[SecurityEntry],
    ) -> Result<(), StoreError> {
        let mut changes = changes;
        for entry in entries {
            let event = entry.event(Topic::TerminalSecurity, tenant, changes.at());
            let id = event.id.to_string();
            let (with_event, event) = self.outbox.stage(changes, event, id);
            changes = with_event;
            staged.push(event);
        }
        let committed = self.documents.commit(&Scope::from(tenant), changes).await;
        committed.inspect_err(|error| {
            if !error.is_stale() && !staged.is_empty() {
                self.outbox.doubt();
            }
        })?;
        for event in staged {
            self.outbox.dispatch(event);
        }
        Ok(())
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
    async fn load_store(&self, tenant: &TenantId, code: &StoreCode) -> Result<Stored<StoreDocument>, Error> {
        let found = self.documents.get(&Scope::from(tenant), code.as_str()).await?;
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

#[async_trait]
impl SecurityLog for App {
    async fn store(&self, tenant: &TenantId, entries: &[SecurityEntry]) -> Result<(), StoreError> {
        let changes = self.documents.changes(crate::NAME);
        self.commit_all(tenant, changes, Vec::new(), entries).await
    }
}
