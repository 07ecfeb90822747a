//! Takes payments.

use std::sync::Arc;

use kugel_error::Error;
use kugel_types::TenantId;

use super::{App, Till};
use crate::domain::cart::{Cart, CartId};
use crate::domain::masters::PaymentMaster;
use crate::domain::payment::PaymentEntry;

impl App {
    /// Takes payments for a cart, in order, all or none.
    pub async fn add_payments(
        &self,
        till: &Till,
        id: CartId,
        entries: Vec<PaymentEntry>,
    ) -> Result<Arc<Cart>, Error> {
        self.once(till, async {
            let methods = self.payment_methods(&till.tenant, &entries).await?;
            let store = self.terminals.store(&till.tenant, &till.store).await?;
            self.carts
                .change(till, id, |cart| {
                    cart.take_coin(store.cash_coin);
                    cart.pay(&entries, &methods)
                })
                .await
        })
        .await
    }

    /// The payment method of each entry in its place.
    pub(crate) async fn payment_methods(
        &self,
        tenant: &TenantId,
        entries: &[PaymentEntry],
    ) -> Result<Vec<Option<Arc<PaymentMaster>>>, Error> {
        let mut methods = Vec::with_capacity(entries.len());
        for entry in entries {
            methods.push(self.masters.payment(tenant, &entry.payment_code).await?);
        }
        Ok(methods)
    }
}
