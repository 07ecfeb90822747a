//! What happens again and again is counted, and one entry a minute tells of it: nobody fills the security log.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_store::StoreError;
use kugel_types::{Clock, TenantId, TerminalId};
use parking_lot::Mutex;

use super::SecurityEntry;
use crate::ClientAddress;

/// How long repeats are counted before an entry tells of them.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// What is told apart of one tenant at a time. What is new beyond it is counted by its kind alone.
const TOLD_APART: usize = 4_096;
/// Time between two looks at what is due.
const ROUND: Duration = Duration::from_secs(1);
/// Entries that are told in one commit.
const CHUNK: usize = 256;

/// Where entries go that tell of repeats.
#[tonic::async_trait]
pub trait SecurityLog: Send + Sync {
    /// Stores entries, whatever was told before.
    async fn store(&self, tenant: &TenantId, entries: &[SecurityEntry]) -> Result<(), StoreError>;
}

/// Counts the repeats that this process sees. Cheap to clone.
#[derive(Clone)]
pub struct Repeats {
    clock: Arc<dyn Clock>,
    tenants: Arc<Mutex<HashMap<TenantId, Windows>>>,
}

type Windows = HashMap<Sameness, Window>;

/// What two entries have in common of which the second is a repeat.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sameness {
    kind: SecurityEventKind,
    subject: String,
    actor: String,
    /// A network of version 6 holds as many addresses as its owner likes.
    network: Option<IpAddr>,
    till: Option<TerminalId>,
}

impl Sameness {
    fn of(entry: &SecurityEntry) -> Self {
        Self {
            kind: entry.kind,
            subject: entry.subject.clone(),
            actor: entry.actor.clone(),
            network: entry
                .address
                .map(|address| ClientAddress::from(address).network()),
            till: entry.till.clone(),
        }
    }
}

/// The time after an entry, in which repeats are counted.
struct Window {
    since: Timestamp,
    repeats: i32,
    /// The last repeat.
    last: SecurityEntry,
}

impl Window {
    /// True if the next repeat is to be counted, not told. A clock that was put back opens no window for hours.
    fn is_open(&self, now: Timestamp) -> bool {
        self.repeats > 0 || now.duration_since(self.since).abs() < WINDOW
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.repeats > 0 && now.duration_since(self.since).abs() >= WINDOW
    }
}

impl Repeats {
    /// Counts nothing yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            tenants: Arc::default(),
        }
    }

    /// Which entries are told at once. The others are counted as soon as [`Telling::stored`] says that what they tell of
    /// has happened.
    pub fn sort(&self, tenant: &TenantId, entries: &[SecurityEntry]) -> Telling {
        let now = self.clock.now();
        let mut telling = Telling::new(self, tenant);
        let mut tenants = self.tenants.lock();
        for entry in entries {
            if !may_repeat(entry.kind) {
                telling.entries.push(entry.clone());
                continue;
            }
            let windows = tenants.entry(tenant.clone()).or_default();
            let (sameness, entry) = place(windows, entry);
            if windows.get(&sameness).is_some_and(|window| window.is_open(now)) {
                let entry = SecurityEntry {
                    at: Some(now),
                    ..entry
                };
                telling.repeats.push((sameness, entry));
            } else {
                let window = Window {
                    since: now,
                    repeats: 0,
                    last: entry.clone(),
                };
                windows.insert(sameness.clone(), window);
                telling.taken.push((sameness, 0));
                telling.entries.push(entry);
            }
        }
        drop(tenants);
        telling
    }

    /// Tells of repeats once a minute, for as long as the service runs.
    pub async fn keep_telling(self, log: impl SecurityLog) {
        loop {
            tokio::time::sleep(ROUND).await;
            self.tell(&log, Window::is_due).await;
        }
    }

    /// Tells of all repeats so far: the service stops.
    pub async fn tell_rest(self, log: impl SecurityLog) {
        self.tell(&log, |window, _| window.repeats > 0).await;
    }

    async fn tell(&self, log: &impl SecurityLog, is_due: fn(&Window, Timestamp) -> bool) {
        for telling in self.due(is_due) {
            match log.store(&telling.tenant, &telling.entries).await {
                Ok(()) => telling.stored(),
                // The store has said so itself.
                Err(error) if error.is_final() => {}
                Err(error) => {
                    tracing::warn!(%error, "the security log could not be told of repeats, which go on being counted");
                }
            }
        }
    }

    /// What is to be told, in portions. Windows in which nothing has repeated are forgotten.
    fn due(&self, is_due: fn(&Window, Timestamp) -> bool) -> Vec<Telling> {
        let now = self.clock.now();
        let mut portions = Vec::new();
        self.tenants.lock().retain(|tenant, windows| {
            windows.retain(|_, window| window.is_open(now));
            let mut due = windows.iter_mut().filter(|(_, window)| is_due(window, now));
            loop {
                let portion: Vec<_> = due.by_ref().take(CHUNK).collect();
                if portion.is_empty() {
                    break;
                }
                let mut telling = Telling::new(self, tenant);
                for (sameness, window) in portion {
                    let repeats = std::mem::take(&mut window.repeats);
                    window.since = now;
                    telling.taken.push((sameness.clone(), repeats));
                    telling.entries.push(SecurityEntry {
                        count: repeats,
                        ..window.last.clone()
                    });
                }
                portions.push(telling);
            }
            !windows.is_empty()
        });
        portions
    }

    fn change(&self, tenant: &TenantId, change: impl FnOnce(&mut Windows)) {
        let mut tenants = self.tenants.lock();
        change(tenants.entry(tenant.clone()).or_default());
    }
}

/// What a flood is made of: what somebody does again and again who is let in, or is refused again and again. All else
/// takes somebody of the back office or many refusals, and each is told by itself.
fn may_repeat(kind: SecurityEventKind) -> bool {
    matches!(
        kind,
        SecurityEventKind::Login
            | SecurityEventKind::LoginRefused
            | SecurityEventKind::PasswordChanged
            | SecurityEventKind::StaffSignedIn
            | SecurityEventKind::StaffSignedOut
            | SecurityEventKind::StaffRefused
            | SecurityEventKind::StaffApproved
            | SecurityEventKind::ApiKeyRefused
    )
}

/// The window that counts the entry, and the entry as the log shows it.
fn place(windows: &Windows, entry: &SecurityEntry) -> (Sameness, SecurityEntry) {
    let sameness = Sameness::of(entry);
    if windows.len() < TOLD_APART || windows.contains_key(&sameness) {
        return (sameness, entry.clone());
    }
    let anyone = SecurityEntry {
        actor: String::new(),
        ..SecurityEntry::by_anybody(None, entry.kind, "")
    };
    (Sameness::of(&anyone), anyone)
}

/// Entries that are about to be stored. Dropped without [`Telling::stored`] nothing of them has happened.
#[must_use = "what is not stored is told another time"]
pub struct Telling {
    book: Repeats,
    tenant: TenantId,
    entries: Vec<SecurityEntry>,
    /// The windows that the entries have opened, with the repeats that they tell of.
    taken: Vec<(Sameness, i32)>,
    repeats: Vec<(Sameness, SecurityEntry)>,
}

impl Telling {
    fn new(book: &Repeats, tenant: &TenantId) -> Self {
        Self {
            book: book.clone(),
            tenant: tenant.clone(),
            entries: Vec::new(),
            taken: Vec::new(),
            repeats: Vec::new(),
        }
    }

    /// What is stored now.
    pub fn entries(&self) -> &[SecurityEntry] {
        &self.entries
    }

    /// It is stored: what repeats is counted from here on.
    pub fn stored(mut self) {
        self.taken.clear();
        let (now, repeats) = (self.book.clock.now(), std::mem::take(&mut self.repeats));
        if repeats.is_empty() {
            return;
        }
        self.book.change(&self.tenant, |windows| {
            for (sameness, last) in repeats {
                let window = windows.entry(sameness).or_insert_with(|| Window {
                    since: now,
                    repeats: 0,
                    last: last.clone(),
                });
                window.repeats = window.repeats.saturating_add(1);
                window.last = last;
            }
        });
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if self.taken.is_empty() {
            return;
        }
        self.book.change(&self.tenant, |windows| {
            for (sameness, repeats) in self.taken.drain(..) {
                if let Some(window) = windows.get_mut(&sameness) {
                    window.repeats = window.repeats.saturating_add(repeats);
                    if window.repeats == 0 {
                        windows.remove(&sameness);
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
