//! Lines: price times quantity, less the line's discounts.

use kugel_types::money::Decimal;
use kugel_types::{Money, Overflow, Rate, RoundMethod};

use crate::exact::{bounded, percent};
use crate::{Discount, DiscountValue, Line, Policy, PricedDiscount, PricedLine};

/// Prices one line. Percentages come first and compound in list order, rounded for one unit and multiplied by the
/// quantity; amounts come after them, wherever they stand in the list. Nothing takes a line below zero.
pub(crate) fn price_line(
    line: &Line,
    discounts: &[Discount],
    policy: &Policy,
) -> Result<PricedLine, Overflow> {
    let gross_amount = gross(line, policy)?;
    let mut left = gross_amount;
    let mut unit_left = line.unit_price;
    let mut amounts = vec![Money::ZERO; discounts.len()];
    for (amount, discount) in amounts.iter_mut().zip(discounts) {
        if let DiscountValue::Percentage(rate) = discount.value {
            let unit_off = unit_discount(unit_left, rate, policy)?;
            unit_left = unit_left.minus(unit_off)?;
            // A free unit makes the line free, also where a weighed line was rounded up.
            *amount = if unit_left.is_zero() {
                left
            } else {
                whole_line(unit_off, line, policy)?.min(left)
            };
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

fn gross(line: &Line, policy: &Policy) -> Result<Money, Overflow> {
    bounded(whole_line(line.unit_price, line, policy)?)
}

/// A unit's amount for the whole line. Pieces are exact. A weighed quantity is rounded to the decimals that the
/// currency or, if finer, the price has: a third of a kilogram must not leave a fraction that nobody can pay.
fn whole_line(per_unit: Money, line: &Line, policy: &Policy) -> Result<Money, Overflow> {
    let digits = policy
        .currency
        .minor_digits()
        .max(line.unit_price.decimal().normalize().scale());
    Ok(bounded(per_unit.times(line.quantity)?)?.round(digits, RoundMethod::Round))
}

/// What a percentage takes off one unit, in the currency's minor digits and never more than is left.
fn unit_discount(unit_left: Money, rate: Rate, policy: &Policy) -> Result<Money, Overflow> {
    if rate.decimal() == Decimal::ONE_HUNDRED {
        // A price finer than the currency would otherwise leave a crumb.
        return Ok(unit_left);
    }
    let off = percent(
        unit_left,
        rate,
        policy.currency.minor_digits(),
        policy.discount_rounding,
    )?;
    Ok(off.min(unit_left))
}
