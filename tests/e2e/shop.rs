//! The shop that most tests trade in.

use kugel_testkit::{Store, Tenant, Till, World};

/// A shop with an article and a cart with a line.
pub(crate) struct Shop {
    pub(crate) tenant: Tenant,
    pub(crate) store: Store,
    pub(crate) till: Till,
    pub(crate) cart: String,
}

impl Shop {
    pub(crate) async fn build(world: &World) -> Self {
        let tenant = world.tenant().await;
        tenant.item("TEA", "298", "01").await;
        let store = tenant.store("tk01").await;
        let till = store.till(1).await;
        let cart = till.basket(&[("TEA", 2)]).await;
        Self {
            tenant,
            store,
            till,
            cart,
        }
    }

    /// `/carts/{cart}{rest}`.
    pub(crate) fn cart_path(&self, rest: &str) -> String {
        format!("/carts/{}{rest}", self.cart)
    }
}
