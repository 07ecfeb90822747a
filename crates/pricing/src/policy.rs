//! The rules of a store: its currency and its tables.

use kugel_types::{Currency, RoundMethod, TaxRule};

/// The rules by which baskets of a store are priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The store's currency. Its minor digits are the least that discounts and taxes are rounded to.
    pub currency: Currency,
    /// How discounts are rounded.
    pub discount_rounding: RoundMethod,
    /// The tax table.
    pub taxes: Vec<TaxRule>,
}

impl Policy {
    /// The tax rule of a code.
    pub(crate) fn tax(&self, code: &str) -> Option<&TaxRule> {
        self.taxes.iter().find(|rule| rule.code == code)
    }
    /// The decimals that a tax of the rule is rounded to.
    pub(crate) fn tax_digits(&self, rule: &TaxRule) -> u32 {
        // Ten decimals are more than any table means; the bound keeps a mistyped digit from overflowing.
        u32::try_from(rule.round_digit)
            .unwrap_or(0)
            .min(10)
            .max(self.currency.minor_digits())
    }
}
