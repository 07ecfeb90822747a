//! What services tell the tenant's security log, which the account service keeps.

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kugel_auth::Principal;
use kugel_bus::{Event, Topic, sort_key};
use kugel_proto::account::v1::{SecurityEvent, SecurityEventKind};
use kugel_store::Body;
use kugel_types::{EventId, TenantId, TerminalId};

use crate::Caller;

mod repeats;

pub use repeats::{Repeats, SecurityLog, Telling};

/// How long an entry is kept, here and where it came from.
pub const SECURITY_LOG_KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// The longest subject, in characters. What nobody has checked yet may be of any length.
const SUBJECT_MAX: usize = 200;

/// Something that happened, before it is dated. It has no room for a secret.
#[derive(Debug, Clone)]
pub struct SecurityEntry {
    kind: SecurityEventKind,
    subject: String,
    actor: String,
    address: Option<IpAddr>,
    till: Option<TerminalId>,
    traceparent: Option<String>,
    /// When it was, if not when it is stored.
    at: Option<Timestamp>,
    count: i32,
}

impl SecurityEntry {
    /// What a caller did to `subject`.
    pub fn by(caller: &Caller, kind: SecurityEventKind, subject: impl Display) -> Self {
        let anybody = Self::by_anybody(caller.address(), kind, subject);
        Self {
            actor: caller.actor(),
            traceparent: caller.traceparent().map(str::to_owned),
            ..anybody
        }
    }

    /// What somebody did who was not let in.
    pub fn by_anybody(address: Option<IpAddr>, kind: SecurityEventKind, subject: impl Display) -> Self {
        Self {
            kind,
            subject: subject.to_string().chars().take(SUBJECT_MAX).collect(),
            actor: Principal::Anonymous.actor(),
            address,
            till: None,
            traceparent: None,
            at: None,
            count: 1,
        }
    }

    /// What `actor` did, who was let in by this.
    #[must_use]
    pub fn of(self, actor: &str) -> Self {
        Self {
            actor: actor.to_owned(),
            ..self
        }
    }

    /// It happened at a till.
    #[must_use]
    pub fn at(self, till: &TerminalId) -> Self {
        Self {
            till: Some(till.clone()),
            ..self
        }
    }

    /// The entry, dated with the time at which it is stored.
    pub fn dated(&self, at: Timestamp) -> SecurityEvent {
        let till = self.till.as_ref();
        SecurityEvent {
            event_id: EventId::generate().to_string(),
            kind: self.kind.into(),
            occurred_at: sort_key(self.at.unwrap_or(at)),
            subject: self.subject.clone(),
            actor: self.actor.clone(),
            address: self.address.map(|address| address.to_string()),
            store_code: till.map(|till| till.store.to_string()).unwrap_or_default(),
            terminal_no: till.map_or(0, |till| till.number.get()),
            count: self.count,
        }
    }

    /// Writes a line into the log of the process: for what happened in no tenant, whose log would tell of it.
    pub fn log(&self) {
        write_line(None, &self.dated(Timestamp::UNIX_EPOCH));
    }

    /// The entry as an event of the tenant, for services that do not keep the log.
    pub fn event(&self, topic: Topic, tenant: &TenantId, at: Timestamp) -> Arc<Event> {
        let entry = self.dated(at);
        Arc::new(Event {
            id: entry.event_id.parse().expect("it was generated"),
            topic,
            tenant: tenant.clone(),
            store: self.till.as_ref().map(|till| till.store.clone()),
            terminal: self.till.as_ref().map(|till| till.number),
            occurred_at: self.at.unwrap_or(at),
            schema_version: Event::SCHEMA_VERSION,
            traceparent: self.traceparent.clone(),
            body: Body::of(Arc::new(entry)).expect("an entry is plain data"),
        })
    }
}

/// Writes an entry into the log of the process, under the target `security`.
pub fn write_line(tenant: Option<&TenantId>, entry: &SecurityEvent) {
    let (kind, address) = (entry.kind().as_str_name(), entry.address.as_deref());
    let tenant = tenant.map(TenantId::as_str);
    tracing::info!(
        target: "security",
        // As texts, which the log quotes: a name cannot end the line and begin another.
        { tenant.id = tenant, security.kind = kind, security.subject = entry.subject.as_str(),
          security.actor = entry.actor.as_str(), security.count = entry.count, client.address = address },
        "security event"
    );
}
