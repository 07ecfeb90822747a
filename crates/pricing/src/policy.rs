//! The rules of a store: its currency and its tables.

use kugel_types::{Currency, Money, RoundMethod, TaxRule};

/// The rules by which baskets of a store are priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The store's currency. Every amount is whole minor units of it; only prices of units may be finer.
    pub currency: Currency,
    /// The smallest coin that the store takes: the currency's minor unit, or a multiple of it.
    pub cash_coin: Money,
    /// How the amount of a line is rounded.
    pub line_rounding: RoundMethod,
    /// How discounts are rounded.
    pub discount_rounding: RoundMethod,
    /// How a tax is rounded whose rule does not say it.
    pub tax_rounding: RoundMethod,
    /// The tax table.
    pub taxes: Vec<TaxRule>,
}

impl Policy {
    /// The tax rule of a code.
    pub(crate) fn tax(&self, code: &str) -> Option<&TaxRule> {
        self.taxes.iter().find(|rule| rule.code == code)
    }
    /// How a tax of the rule is rounded.
    pub(crate) fn tax_method(&self, rule: &TaxRule) -> RoundMethod {
        rule.round_method.unwrap_or(self.tax_rounding)
    }
}
