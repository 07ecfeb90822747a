//! What a service is built from, and what it consists of.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use kugel_auth::{Passwords, Tokens};
use kugel_bus::{Bus, Outbox, SweepPolicy};
use kugel_config::Settings;
use kugel_state::State;
use kugel_store::{Collection, Documents};
use kugel_types::Clock;

use crate::{Neighbours, Routes};

/// What a service is built from. Two services of one process share everything but their documents.
#[derive(Clone)]
pub struct Deps {
    /// The service's own documents.
    pub documents: Documents,
    /// Events and announcements.
    pub bus: Arc<dyn Bus>,
    /// Copies for speed.
    pub state: Arc<dyn State>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Issues and verifies tokens.
    pub tokens: Arc<Tokens>,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// Hashes and verifies PINs. A pool of their own: a flood of logins keeps no cashier waiting.
    pub pins: Passwords,
    /// Everything that can be set.
    pub settings: Arc<Settings>,
    /// The other services.
    pub neighbours: Neighbours,
}

impl Deps {
    /// When undelivered events are sent again.
    pub fn sweep_policy(&self) -> SweepPolicy {
        let settings = &self.settings;
        SweepPolicy {
            interval: Duration::from_secs(settings.undelivered_check_interval_in_minutes * 60),
            horizon: Duration::from_secs(settings.undelivered_check_period_in_hours * 3_600),
            failed_after: Duration::from_secs(settings.undelivered_check_failed_period_in_minutes * 60),
        }
    }
}

/// What a service consists of.
pub struct Parts {
    /// Its name, e.g. `master-data`.
    pub name: &'static str,
    /// Its gRPC services, without the server stack.
    pub routes: Routes,
    /// Its outboxes: empty ones mean that everything it committed has arrived.
    pub outboxes: Vec<Outbox>,
    /// The collections that its documents lie in: what is checked at the start and what moves house.
    pub collections: Vec<&'static Collection>,
    /// Work that runs as long as the service does.
    pub background: Vec<BoxFuture<'static, ()>>,
    /// Work that is done once when the service stops, while its documents are still open.
    pub closing: Vec<BoxFuture<'static, ()>>,
}
