//! Copies of carts in a state store.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kugel_state::State;
use kugel_store::{Body, Revision};
use kugel_types::TenantId;

use crate::domain::cart::{Cart, CartId};

/// How long a copy is kept after its last change: a day at a till.
const LIFETIME: Duration = Duration::from_secs(36_000);

/// The copies. Every failure means only that there is none; the state store reports it.
#[derive(Clone)]
pub struct Copies(Arc<dyn State>);

impl Copies {
    /// Copies in `state`.
    pub fn new(state: Arc<dyn State>) -> Self {
        Self(state)
    }

    pub(crate) async fn get(&self, tenant: &TenantId, id: CartId) -> Option<(Arc<Cart>, Revision)> {
        let bytes = self.0.get(&key(tenant, id)).await.ok()??;
        let (revision, text) = std::str::from_utf8(&bytes).ok()?.split_once('\n')?;
        let cart: Cart = serde_json::from_str(text).ok()?;
        Some((Arc::new(cart), Revision::new(revision.parse().ok()?)))
    }

    pub(crate) async fn put(&self, tenant: &TenantId, id: CartId, revision: Revision, body: &Body) {
        let value = Bytes::from(format!("{revision}\n{}", body.text()));
        // What was not copied is read from its document.
        let _ = self.0.set(&key(tenant, id), value, LIFETIME).await;
    }
}

fn key(tenant: &TenantId, id: CartId) -> String {
    format!("cart/{tenant}/{id}")
}
