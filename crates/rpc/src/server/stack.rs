//! The server stack around a service's routes.

use std::sync::Arc;
use std::time::Duration;

use kugel_auth::Tokens;
use kugel_config::{Compatibility, Settings};
use tokio::sync::Semaphore;

use super::authenticate::authenticate;
use super::deadline::deadline;
use super::finish::finish;
use super::observe::{Timers, observe};
use super::panic_guard::panic_guard;
use super::shed::shed;
use super::wire::wire;
use crate::call::message_limit;
use crate::{ApiKeys, LocalService, Parts, Standings};

/// What the layers need. One for all services of a process.
#[derive(Clone)]
pub struct Layers {
    pub(super) tokens: Arc<Tokens>,
    pub(super) api_keys: Arc<ApiKeys>,
    pub(super) standings: Arc<Standings>,
    calls: usize,
    bytes: u64,
    time: Duration,
    pub(super) compatibility: Compatibility,
}

impl Layers {
    /// Layers with the limits of `settings`.
    pub fn new(tokens: Arc<Tokens>, api_keys: ApiKeys, standings: Standings, settings: &Settings) -> Self {
        Self {
            tokens,
            api_keys: Arc::new(api_keys),
            standings: Arc::new(standings),
            calls: settings.concurrency_limit.min(Semaphore::MAX_PERMITS),
            bytes: message_limit(settings),
            time: Duration::from_secs(settings.request_timeout_seconds),
            compatibility: settings.compatibility,
        }
    }
}

/// Puts the stack around a service's routes. The order, from the outside:
///
/// 1. panic guard: a bug in any layer below still yields a status;
/// 2. metrics and log: above shedding, so that refused calls are counted;
/// 3. deadline: the caller's, or ours if that is shorter;
/// 4. finish: a command goes on though its caller has gone;
/// 5. load shedding, each service for itself: refuse before spending work on authentication;
/// 6. wire: size and shape of the message;
/// 7. authentication: puts the credential where [`crate::admit`] finds it.
pub fn serve(parts: &Parts, layers: &Layers) -> LocalService {
    let name = parts.name;
    let service = parts.routes.clone().into_service();
    let shared = layers.clone();
    let service = service.within(move |request, next| {
        let shared = shared.clone();
        async move { authenticate(request, next, &shared).await }
    });
    let (bytes, time) = (layers.bytes, layers.time);
    let service = service.within(move |request, next| wire(request, next, bytes));
    let slots = Arc::new(Semaphore::new(layers.calls));
    let service = service.within(move |request, next| {
        let slots = slots.clone();
        async move { shed(request, next, name, &slots).await }
    });
    let service = service.within(finish);
    let service = service.within(move |request, next| deadline(request, next, time));
    let timers = Arc::new(Timers::default());
    let service = service.within(move |request, next| observe(request, next, name, timers.clone()));
    service.within(panic_guard)
}
