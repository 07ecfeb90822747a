//! Where a terminal stands.

use kugel_types::{Currency, Money, StoreCode};

use super::Refusal;

/// The store a terminal stands in, as logs and receipts need it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) code: StoreCode,
    pub(crate) name: Option<String>,
    pub(crate) currency: Currency,
    /// The smallest coin that it takes.
    pub(crate) coin: Money,
}

impl Place {
    /// Refuses cash that no coins make up. Where the store takes no small ones, those that its currency has in use may lie
    /// in its drawer all the same, and have to be counted and taken out.
    pub(crate) fn check_cash(&self, field: &'static str, cash: Option<Money>) -> Result<(), Refusal> {
        let coin = self.coin.min(self.currency.cash_coin());
        let rest = |cash: Money| cash.decimal().checked_rem(coin.decimal());
        match cash.map(rest) {
            Some(rest) if !rest.is_some_and(|rest| rest.is_zero()) => {
                Err(Refusal::NoMultiple { field, unit: coin })
            }
            _ => Ok(()),
        }
    }
}
