//! Where a terminal stands.

use kugel_types::{Currency, Money, StoreCode};

use super::Refusal;

/// The store a terminal stands in, as logs and receipts need it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) code: StoreCode,
    pub(crate) name: Option<String>,
    pub(crate) currency: Currency,
}

impl Place {
    /// Refuses an amount that no coins of the store's currency make up.
    pub(crate) fn check_amount(&self, field: &'static str, amount: Option<Money>) -> Result<(), Refusal> {
        match amount {
            Some(amount) if !self.currency.can_pay(amount) => Err(Refusal::TooFine(field)),
            _ => Ok(()),
        }
    }
}
