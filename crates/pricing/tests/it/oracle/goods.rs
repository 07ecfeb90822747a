//! Lines, discounts and taxes by the rules.

use kugel_pricing::{Basket, Discount, DiscountValue, Line, Policy, Promotion};
use kugel_types::money::Decimal;
use kugel_types::{RoundMethod, TaxRule, TaxType};

use super::fraction::Fraction;

/// What the goods come to.
pub(super) struct Goods {
    pub(super) lines: Vec<Fraction>,
    pub(super) discounts: Vec<Fraction>,
    pub(super) shares: Vec<Vec<Fraction>>,
    pub(super) line_taxes: Vec<Fraction>,
    pub(super) taxes: Vec<(String, Fraction)>,
    pub(super) total: Fraction,
    pub(super) total_with_tax: Fraction,
}

/// The smallest amount that can be owed.
pub(super) fn minor_unit(policy: &Policy) -> Fraction {
    Fraction::new(1, 10_i128.pow(policy.currency.minor_digits()))
}

fn zero() -> Fraction {
    Fraction::whole(0)
}

fn per_cent(rate: Decimal) -> Fraction {
    Fraction::of(rate).by(Fraction::whole(100))
}

/// The line that has a price and comes to nothing, for which the basket is refused.
pub(super) fn worthless_line(basket: &Basket, policy: &Policy) -> Option<usize> {
    basket
        .lines
        .iter()
        .position(|line| !line.is_cancelled && !line.unit_price.is_zero() && gross(line, policy).is_zero())
}

fn gross(line: &Line, policy: &Policy) -> Fraction {
    let exact = Fraction::of(line.unit_price.decimal()).times(Fraction::of(line.quantity.decimal()));
    exact.rounded(minor_unit(policy), policy.line_rounding)
}

/// The rate of the best promotion for a line, if one applies.
fn promoted(line: &Line, promotions: &[Promotion]) -> Option<Fraction> {
    if line.is_cancelled || line.is_discount_restricted {
        return None;
    }
    let fits = |promotion: &&Promotion| {
        line.category_code
            .iter()
            .any(|code| promotion.category_codes.contains(code))
    };
    promotions
        .iter()
        .filter(fits)
        .map(|promotion| promotion.rate.decimal())
        .max()
        .map(per_cent)
}

fn line_amount(line: &Line, promotions: &[Promotion], policy: &Policy) -> Fraction {
    let rates = line.discounts.iter().filter_map(|discount| match discount.value {
        DiscountValue::Percentage(rate) => Some(per_cent(rate.decimal())),
        DiscountValue::Amount(_) => None,
    });
    let mut amount = gross(line, policy);
    for rate in rates.chain(promoted(line, promotions)) {
        let off = amount
            .times(rate)
            .rounded(minor_unit(policy), policy.discount_rounding);
        amount = amount.minus(off);
    }
    for discount in &line.discounts {
        if let DiscountValue::Amount(value) = discount.value {
            amount = amount.minus(Fraction::of(value.decimal()).least(amount));
        }
    }
    amount
}

/// Largest remainder: one unit after the other goes to the share that was cut most.
fn spread(amount: Fraction, weights: &[Fraction], unit: Fraction) -> Vec<Fraction> {
    let sum = Fraction::sum(weights.iter().copied());
    if sum.is_zero() {
        return vec![sum; weights.len()];
    }
    let exact: Vec<_> = weights
        .iter()
        .map(|weight| amount.times(*weight).by(sum))
        .collect();
    let mut shares: Vec<_> = exact.iter().map(|share| share.floor(unit)).collect();
    while Fraction::sum(shares.iter().copied()) != amount {
        let mut best = 0;
        for other in 1..shares.len() {
            let (cut, best_cut) = (exact[other].minus(shares[other]), exact[best].minus(shares[best]));
            if best_cut.less(cut) || (cut == best_cut && weights[best].less(weights[other])) {
                best = other;
            }
        }
        shares[best] = shares[best].plus(unit);
    }
    shares
}

fn subtotal_discount(discount: &Discount, base: Fraction, policy: &Policy) -> Fraction {
    match discount.value {
        DiscountValue::Amount(value) => Fraction::of(value.decimal()),
        DiscountValue::Percentage(rate) => base
            .times(per_cent(rate.decimal()))
            .rounded(minor_unit(policy), policy.discount_rounding),
    }
}

fn method(rule: &TaxRule, policy: &Policy) -> RoundMethod {
    rule.round_method.unwrap_or(policy.tax_rounding)
}

fn tax_on(target: Fraction, rule: &TaxRule, policy: &Policy) -> Fraction {
    let rate = per_cent(rule.rate.decimal());
    let exact = match rule.tax_type {
        TaxType::Exempt => zero(),
        TaxType::External => target.times(rate),
        TaxType::Internal => target.minus(target.by(rate.plus(Fraction::whole(1)))),
    };
    exact.rounded(minor_unit(policy), method(rule, policy))
}

/// The codes on the receipt, in the order of their first lines.
fn codes(basket: &Basket) -> Vec<&str> {
    let mut codes: Vec<&str> = Vec::new();
    for line in basket.lines.iter().filter(|line| !line.is_cancelled) {
        if !codes.contains(&line.tax_code.as_str()) {
            codes.push(&line.tax_code);
        }
    }
    codes
}

/// The tax of every code: one rounding for all codes of a type, rate and rule, shared by what each is taxed on.
fn taxes(basket: &Basket, bases: &[Fraction], policy: &Policy) -> Vec<(String, Fraction)> {
    let rule = |code: &str| policy.taxes.iter().find(|rule| rule.code == code).unwrap();
    let target = |code: &str| {
        let of_code = |(line, _): &(&Line, &Fraction)| !line.is_cancelled && line.tax_code == code;
        Fraction::sum(
            basket
                .lines
                .iter()
                .zip(bases)
                .filter(of_code)
                .map(|(_, base)| *base),
        )
    };
    let codes = codes(basket);
    let share = |code: &&str| {
        let own = rule(code);
        let group: Vec<&str> = codes
            .iter()
            .copied()
            .filter(|other| {
                let other = rule(other);
                (other.tax_type, other.rate, method(other, policy))
                    == (own.tax_type, own.rate, method(own, policy))
            })
            .collect();
        let targets: Vec<_> = group.iter().map(|code| target(code)).collect();
        let whole = tax_on(Fraction::sum(targets.iter().copied()), own, policy);
        let place = group.iter().position(|other| other == code).unwrap();
        (
            (*code).to_owned(),
            spread(whole, &targets, minor_unit(policy))[place],
        )
    };
    codes.iter().map(share).collect()
}

fn line_taxes(
    basket: &Basket,
    bases: &[Fraction],
    taxes: &[(String, Fraction)],
    policy: &Policy,
) -> Vec<Fraction> {
    let mut found = vec![zero(); bases.len()];
    for (code, tax) in taxes {
        let weights: Vec<_> = basket
            .lines
            .iter()
            .zip(bases)
            .map(|(line, base)| {
                if line.is_cancelled || line.tax_code != *code {
                    zero()
                } else {
                    *base
                }
            })
            .collect();
        let shares = spread(*tax, &weights, minor_unit(policy));
        found = found
            .iter()
            .zip(shares)
            .map(|(sum, share)| sum.plus(share))
            .collect();
    }
    found
}

pub(super) fn goods(basket: &Basket, policy: &Policy) -> Goods {
    let promotions = basket.promotions.as_deref().unwrap();
    let lines: Vec<_> = basket
        .lines
        .iter()
        .map(|line| line_amount(line, promotions, policy))
        .collect();
    let mut free: Vec<_> = basket
        .lines
        .iter()
        .zip(&lines)
        .map(|(line, amount)| {
            if line.is_cancelled || line.is_discount_restricted {
                zero()
            } else {
                *amount
            }
        })
        .collect();
    let base = Fraction::sum(free.iter().copied());
    let mut bases = lines.clone();
    let (mut discounts, mut shares) = (Vec::new(), Vec::new());
    for discount in &basket.subtotal_discounts {
        let held = Fraction::sum(free.iter().copied());
        let amount = subtotal_discount(discount, base, policy).least(held);
        let parts = spread(amount, &free, minor_unit(policy));
        for (index, part) in parts.iter().enumerate() {
            free[index] = free[index].minus(*part);
            bases[index] = bases[index].minus(*part);
        }
        discounts.push(amount);
        shares.push(parts);
    }
    let counted = basket
        .lines
        .iter()
        .zip(&bases)
        .filter(|(line, _)| !line.is_cancelled);
    let total = Fraction::sum(counted.map(|(_, base)| *base));
    let taxes = taxes(basket, &bases, policy);
    let is_external = |code: &str| {
        let rule = policy.taxes.iter().find(|rule| rule.code == code);
        rule.unwrap().tax_type == TaxType::External
    };
    let external = taxes
        .iter()
        .filter(|(code, _)| is_external(code))
        .map(|(_, tax)| *tax);
    let total_with_tax = Fraction::sum(external.chain([total]));
    Goods {
        line_taxes: line_taxes(basket, &bases, &taxes, policy),
        lines,
        discounts,
        shares,
        taxes,
        total,
        total_with_tax,
    }
}
