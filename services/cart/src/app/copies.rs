//! Copies of carts in a state store, behind a circuit breaker.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kugel_state::{State, StateError};
use kugel_store::{Body, Revision};
use kugel_types::{Clock, TenantId};

use crate::domain::cart::{Cart, CartId};

/// How long a copy is kept after its last change: a day at a till.
const LIFETIME: Duration = Duration::from_secs(36_000);
/// Failures in a row after which the state store is left alone.
const FAILURES_MAX: u32 = 3;
/// How long it is left alone, in seconds.
const PAUSE_SECONDS: i64 = 60;

/// The copies. Every failure means only that there is none.
#[derive(Clone)]
pub struct Copies {
    state: Arc<dyn State>,
    clock: Arc<dyn Clock>,
    breaker: Arc<Breaker>,
}

#[derive(Default)]
struct Breaker {
    failures: AtomicU32,
    /// Unix seconds until which the state store is left alone.
    closed_until: AtomicI64,
}

impl Copies {
    /// Copies in `state`.
    pub fn new(state: Arc<dyn State>, clock: Arc<dyn Clock>) -> Self {
        Self {
            state,
            clock,
            breaker: Arc::default(),
        }
    }

    pub(crate) async fn get(&self, tenant: &TenantId, id: CartId) -> Option<(Arc<Cart>, Revision)> {
        if !self.is_usable() {
            return None;
        }
        let bytes = self.heard(self.state.get(&key(tenant, id)).await)??;
        let (revision, text) = std::str::from_utf8(&bytes).ok()?.split_once('\n')?;
        let cart: Cart = serde_json::from_str(text).ok()?;
        Some((Arc::new(cart), Revision::new(revision.parse().ok()?)))
    }

    pub(crate) async fn put(&self, tenant: &TenantId, id: CartId, revision: Revision, body: &Body) {
        if self.is_usable() {
            let value = Bytes::from(format!("{revision}\n{}", body.text()));
            self.heard(self.state.set(&key(tenant, id), value, LIFETIME).await);
        }
    }

    /// Open after failures in a row; a probe goes through when the pause is over.
    fn is_usable(&self) -> bool {
        self.clock.now().as_second() >= self.breaker.closed_until.load(Ordering::Relaxed)
    }

    fn heard<T>(&self, result: Result<T, StateError>) -> Option<T> {
        match result {
            Ok(value) => {
                self.breaker.failures.store(0, Ordering::Relaxed);
                Some(value)
            }
            Err(error) => {
                let failures = self.breaker.failures.fetch_add(1, Ordering::Relaxed) + 1;
                if failures >= FAILURES_MAX {
                    let until = self.clock.now().as_second() + PAUSE_SECONDS;
                    self.breaker.closed_until.store(until, Ordering::Relaxed);
                }
                tracing::warn!(%error, failures, "cart copies are not available");
                None
            }
        }
    }
}

fn key(tenant: &TenantId, id: CartId) -> String {
    format!("cart/{tenant}/{id}")
}
