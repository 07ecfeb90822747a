//! Takes payments.

use std::sync::Arc;

use kugel_error::Error;
use kugel_types::{TenantId, TerminalId};

use super::App;
use crate::domain::cart::{Cart, CartId};
use crate::domain::masters::PaymentMaster;
use crate::domain::payment::PaymentEntry;

impl App {
    /// Takes payments for a cart, in order, all or none.
    pub async fn add_payments(
        &self,
        terminal: &TerminalId,
        id: CartId,
        entries: Vec<PaymentEntry>,
    ) -> Result<Arc<Cart>, Error> {
        let methods = self.payment_methods(&terminal.tenant, &entries).await?;
        self.carts
            .change(terminal, id, |cart| cart.pay(&entries, &methods))
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
