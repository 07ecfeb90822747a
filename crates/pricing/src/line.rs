//! Lines: price times quantity, less the line's discounts.

use kugel_types::{Money, Overflow};

use crate::exact::{bounded, percent};
use crate::{Discount, DiscountValue, Line, Policy, PricedDiscount, PricedLine};

/// Why so small a line is refused.
pub const COMES_TO_NOTHING: &str = "is too little: the line comes to nothing";

/// Prices one line: price times quantity, rounded once to the currency's minor units. Percentages come first and compound in
/// list order, each of what is left of the line and rounded once; amounts come after them, wherever they stand in the list.
/// Nothing takes a line below zero.
pub(crate) fn price_line(
    line: &Line,
    discounts: &[Discount],
    policy: &Policy,
) -> Result<PricedLine, Overflow> {
    let digits = policy.currency.minor_digits();
    let gross_amount = line.gross_amount(policy)?;
    let mut left = gross_amount;
    let mut amounts = vec![Money::ZERO; discounts.len()];
    for (amount, discount) in amounts.iter_mut().zip(discounts) {
        if let DiscountValue::Percentage(rate) = discount.value {
            *amount = percent(left, rate, digits, policy.discount_rounding)?;
            left = left.minus(*amount)?;
        }
    }
    for (amount, discount) in amounts.iter_mut().zip(discounts) {
        if let DiscountValue::Amount(value) = discount.value {
            *amount = value.min(left);
            left = left.minus(*amount)?;
        }
    }
    Ok(PricedLine {
        gross_amount,
        discounts: discounts
            .iter()
            .zip(amounts)
            .map(|(discount, amount)| PricedDiscount {
                discount: discount.clone(),
                amount,
            })
            .collect(),
        discount_amount: gross_amount.minus(left)?,
        amount: left,
        allocated: Vec::new(),
        tax_amount: Money::ZERO,
    })
}

impl Line {
    /// Price times quantity, rounded to minor units.
    fn gross_amount(&self, policy: &Policy) -> Result<Money, Overflow> {
        // A decimal holds the product of what is bounded exactly.
        let exact = bounded(self.unit_price.times(self.quantity)?)?;
        Ok(exact.round(policy.currency.minor_digits(), policy.line_rounding))
    }
    /// True if so little is sold that its amount rounds to zero though the price does not. Nobody can pay for it, and
    /// [`crate::price`] refuses it.
    pub fn comes_to_nothing(&self, policy: &Policy) -> Result<bool, Overflow> {
        let counts = self.unit_price.is_positive() && !self.is_cancelled;
        Ok(counts && self.gross_amount(policy)?.is_zero())
    }
}
