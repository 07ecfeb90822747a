//! Subtotal discounts and their allocation to lines.

use kugel_types::{Money, Overflow};

use crate::exact::{allocate, percent};
use crate::{Discount, DiscountValue, Line, Policy, PricedDiscount, PricedLine, Reason};

/// True if subtotal discounts reach the line.
pub(crate) fn is_eligible(line: &Line) -> bool {
    !line.is_cancelled && !line.is_discount_restricted
}

/// Sum of the line amounts that subtotal discounts may reduce.
pub(crate) fn eligible_amount(lines: &[Line], priced: &[PricedLine]) -> Result<Money, Overflow> {
    Money::sum(
        lines
            .iter()
            .zip(priced)
            .filter(|(line, _)| is_eligible(line))
            .map(|(_, priced)| priced.amount),
    )
}

/// What a discount asks for: percentages all refer to the same undiscounted base and do not compound.
pub(crate) fn wanted(discount: &Discount, base: Money, policy: &Policy) -> Result<Money, Overflow> {
    match discount.value {
        DiscountValue::Amount(value) => Ok(value),
        DiscountValue::Percentage(rate) => percent(
            base,
            rate,
            policy.currency.minor_digits(),
            policy.discount_rounding,
        ),
    }
}

/// Works out the subtotal discounts and gives each line its shares, so that the shares of a discount add up to it and
/// all shares of a line stay within the line. A discount that asks for more than the lines still hold takes what they
/// hold: a line may be cancelled after the discount was posted.
pub(crate) fn apply(
    discounts: &[Discount],
    lines: &[Line],
    priced: &mut [PricedLine],
    policy: &Policy,
    reasons: &mut Vec<Reason>,
) -> Result<Vec<PricedDiscount>, Overflow> {
    let base = eligible_amount(lines, priced)?;
    let mut capacities: Vec<Money> = lines
        .iter()
        .zip(priced.iter())
        .map(|(line, priced)| {
            if is_eligible(line) {
                priced.amount
            } else {
                Money::ZERO
            }
        })
        .collect();
    let mut left = base;
    let mut results = Vec::with_capacity(discounts.len());
    for (index, discount) in discounts.iter().enumerate() {
        let wanted = wanted(discount, base, policy)?;
        let amount = wanted.min(left);
        if amount < wanted {
            reasons.push(Reason::SubtotalDiscountReduced { discount: index });
        }
        left = left.minus(amount)?;
        // What the lines still hold is the weight, not what they held at first: shares then never exceed a line.
        let shares = allocate(amount, &capacities, policy.currency.minor_digits())?;
        for ((line, capacity), share) in priced.iter_mut().zip(&mut capacities).zip(shares) {
            *capacity = capacity.minus(share)?;
            line.allocated.push(share);
        }
        results.push(PricedDiscount {
            discount: discount.clone(),
            amount,
        });
    }
    Ok(results)
}
