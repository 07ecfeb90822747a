//! The same sums a second time, written apart from the crate in exact fractions of integers, and compared figure by
//! figure over random baskets in currencies of no, two and three decimals.

use kugel_pricing::{Basket, Discount, DiscountValue, Line, Policy, Promotion, price};
use kugel_types::money::Decimal;
use kugel_types::{TaxRule, TaxType};
use proptest::prelude::*;

use crate::random::any_sale;

/// A fraction in lowest terms with a positive denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fraction {
    over: i128,
    under: i128,
}

fn gcd(one: i128, other: i128) -> i128 {
    if other == 0 {
        one.abs()
    } else {
        gcd(other, one % other)
    }
}

impl Fraction {
    fn new(over: i128, under: i128) -> Self {
        let common = gcd(over, under) * under.signum();
        Self {
            over: over / common,
            under: under / common,
        }
    }
    fn whole(value: i128) -> Self {
        Self::new(value, 1)
    }
    fn of(value: Decimal) -> Self {
        Self::new(value.mantissa(), 10_i128.pow(value.scale()))
    }
    fn plus(self, other: Self) -> Self {
        Self::new(
            self.over * other.under + other.over * self.under,
            self.under * other.under,
        )
    }
    fn minus(self, other: Self) -> Self {
        self.plus(Self::new(-other.over, other.under))
    }
    fn times(self, other: Self) -> Self {
        Self::new(self.over * other.over, self.under * other.under)
    }
    fn by(self, other: Self) -> Self {
        self.times(Self::new(other.under, other.over))
    }
    fn less(self, other: Self) -> bool {
        self.over * other.under < other.over * self.under
    }
    fn least(self, other: Self) -> Self {
        if other.less(self) { other } else { self }
    }
    fn is_zero(self) -> bool {
        self.over == 0
    }
    /// Down to a multiple of `unit`.
    fn floor(self, unit: Self) -> Self {
        let ratio = self.by(unit);
        Self::whole(ratio.over.div_euclid(ratio.under)).times(unit)
    }
    /// To the nearest multiple of `unit`, halves up. Nothing here is negative.
    fn nearest(self, unit: Self) -> Self {
        self.plus(unit.times(Self::new(1, 2))).floor(unit)
    }
    fn sum(values: impl IntoIterator<Item = Self>) -> Self {
        values.into_iter().fold(Self::whole(0), Self::plus)
    }
}

fn unit(digits: u32) -> Fraction {
    Fraction::new(1, 10_i128.pow(digits))
}

fn per_cent(rate: Decimal) -> Fraction {
    Fraction::of(rate).by(Fraction::whole(100))
}

/// The coarsest unit, no coarser than `start`, that all values are multiples of.
fn common_unit(start: Fraction, values: &[Fraction]) -> Fraction {
    let mut unit = start;
    while values.iter().any(|value| value.by(unit).under != 1) {
        unit = unit.times(Fraction::new(1, 10));
    }
    unit
}

struct Answer {
    lines: Vec<Fraction>,
    discounts: Vec<Fraction>,
    shares: Vec<Vec<Fraction>>,
    taxes: Vec<(String, Fraction)>,
    total: Fraction,
    total_with_tax: Fraction,
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

fn line_amount(line: &Line, promotions: &[Promotion], minor: Fraction) -> Fraction {
    let (unit_price, quantity) = (
        Fraction::of(line.unit_price.decimal()),
        Fraction::of(line.quantity.decimal()),
    );
    let line_unit = common_unit(minor, &[unit_price]);
    let rates = line.discounts.iter().filter_map(|discount| match discount.value {
        DiscountValue::Percentage(rate) => Some(per_cent(rate.decimal())),
        DiscountValue::Amount(_) => None,
    });
    let mut amount = unit_price.times(quantity).nearest(line_unit);
    let mut each = unit_price;
    for rate in rates.chain(promoted(line, promotions)) {
        let off = if rate == Fraction::whole(1) {
            each
        } else {
            each.times(rate).nearest(minor).least(each)
        };
        each = each.minus(off);
        let line_off = if each.is_zero() {
            amount
        } else {
            off.times(quantity).nearest(line_unit)
        };
        amount = amount.minus(line_off.least(amount));
    }
    for discount in &line.discounts {
        if let DiscountValue::Amount(value) = discount.value {
            amount = amount.minus(Fraction::of(value.decimal()).least(amount));
        }
    }
    amount
}

/// Largest remainder: one unit after the other goes to the share that was cut most.
fn spread(amount: Fraction, weights: &[Fraction], minor: Fraction) -> Vec<Fraction> {
    let sum = Fraction::sum(weights.iter().copied());
    if sum.is_zero() {
        return vec![sum; weights.len()];
    }
    let unit = common_unit(minor, &[weights, &[amount]].concat());
    let exact: Vec<_> = weights
        .iter()
        .map(|weight| amount.times(*weight).by(sum))
        .collect();
    let mut shares: Vec<_> = exact.iter().map(|share| share.floor(unit)).collect();
    while shares
        .iter()
        .fold(Fraction::whole(0), |sum, share| sum.plus(*share))
        != amount
    {
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

fn subtotal_discount(discount: &Discount, base: Fraction, minor: Fraction) -> Fraction {
    match discount.value {
        DiscountValue::Amount(value) => Fraction::of(value.decimal()),
        DiscountValue::Percentage(rate) if rate.decimal() == Decimal::ONE_HUNDRED => base,
        DiscountValue::Percentage(rate) => base.times(per_cent(rate.decimal())).nearest(minor),
    }
}

fn tax_on(target: Fraction, rule: &TaxRule, minor: Fraction) -> Fraction {
    let rate = per_cent(rule.rate.decimal());
    match rule.tax_type {
        TaxType::Exempt => Fraction::whole(0),
        TaxType::External => target.times(rate).floor(minor),
        TaxType::Internal => target
            .minus(target.by(rate.plus(Fraction::whole(1))))
            .floor(minor),
    }
}

fn answer(basket: &Basket, policy: &Policy) -> Answer {
    let minor = unit(policy.currency.minor_digits());
    let promotions = basket.promotions.as_deref().unwrap();
    let lines: Vec<_> = basket
        .lines
        .iter()
        .map(|line| line_amount(line, promotions, minor))
        .collect();
    let counts = |index: usize| !basket.lines[index].is_cancelled;
    let mut free: Vec<_> = (0..lines.len())
        .map(|index| {
            let open = counts(index) && !basket.lines[index].is_discount_restricted;
            if open { lines[index] } else { Fraction::whole(0) }
        })
        .collect();
    let base = Fraction::sum(free.iter().copied());
    let mut bases = lines.clone();
    let (mut discounts, mut shares) = (Vec::new(), Vec::new());
    for discount in &basket.subtotal_discounts {
        let held = Fraction::sum(free.iter().copied());
        let amount = subtotal_discount(discount, base, minor).least(held);
        let parts = spread(amount, &free, minor);
        for (index, part) in parts.iter().enumerate() {
            free[index] = free[index].minus(*part);
            bases[index] = bases[index].minus(*part);
        }
        discounts.push(amount);
        shares.push(parts);
    }
    let total = Fraction::sum(
        (0..lines.len())
            .filter(|index| counts(*index))
            .map(|index| bases[index]),
    );
    let of_code = |code: &str| {
        let indexes =
            (0..lines.len()).filter(|index| counts(*index) && basket.lines[*index].tax_code == code);
        Fraction::sum(indexes.map(|index| bases[index]))
    };
    let (mut taxes, mut total_with_tax) = (Vec::new(), total);
    for rule in &policy.taxes {
        let tax = tax_on(of_code(&rule.code), rule, minor);
        if rule.tax_type == TaxType::External {
            total_with_tax = total_with_tax.plus(tax);
        }
        taxes.push((rule.code.clone(), tax));
    }
    Answer {
        lines,
        discounts,
        shares,
        taxes,
        total,
        total_with_tax,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn two_calculations_agree((policy, basket) in any_sale()) {
        let priced = price(&basket, &policy).unwrap();
        let expected = answer(&basket, &policy);
        let amounts: Vec<_> = priced.lines.iter().map(|line| Fraction::of(line.amount.decimal())).collect();
        prop_assert_eq!(amounts, expected.lines);
        let discounts: Vec<_> =
            priced.subtotal_discounts.iter().map(|found| Fraction::of(found.amount.decimal())).collect();
        prop_assert_eq!(discounts, expected.discounts);
        for (index, shares) in expected.shares.iter().enumerate() {
            let found: Vec<_> =
                priced.lines.iter().map(|line| Fraction::of(line.allocated[index].decimal())).collect();
            prop_assert_eq!(&found, shares);
        }
        for (code, tax) in expected.taxes {
            let found = priced.taxes.iter().find(|found| found.code == code);
            let found = found.map_or(Decimal::ZERO, |found| found.amount.decimal());
            prop_assert_eq!(Fraction::of(found), tax, "tax {}", code);
        }
        prop_assert_eq!(Fraction::of(priced.total_amount.decimal()), expected.total);
        prop_assert_eq!(Fraction::of(priced.total_amount_with_tax.decimal()), expected.total_with_tax);
    }
}
