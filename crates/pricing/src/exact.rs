//! Integer arithmetic below the decimals.
//!
//! A decimal multiplication or division of many digits would round silently, so whatever divides does so on 128-bit
//! integers, where the remainder is known and one rounding by one rule gives the result.

use std::cmp::Reverse;

use kugel_types::money::Decimal;
use kugel_types::{Money, Overflow, Rate, RoundMethod};

/// Amounts from here on are refused. Below it, products with four decimals stay exact.
const LIMIT: i64 = 1_000_000_000_000_000;

/// Refuses an amount that later steps could not hold exactly.
pub(crate) fn bounded(amount: Money) -> Result<Money, Overflow> {
    if amount.decimal().abs() < Decimal::from(LIMIT) {
        Ok(amount)
    } else {
        Err(Overflow)
    }
}

/// `base · rate / divisor`, rounded once to `digits` decimals.
pub(crate) fn share(
    base: Money,
    rate: Rate,
    divisor: Decimal,
    digits: u32,
    method: RoundMethod,
) -> Result<Money, Overflow> {
    let (base, rate, divisor) = (
        base.decimal().normalize(),
        rate.decimal().normalize(),
        divisor.normalize(),
    );
    let numerator = base.mantissa().checked_mul(rate.mantissa()).ok_or(Overflow)?;
    let numerator = scaled(numerator, digits + divisor.scale())?;
    let denominator = scaled(divisor.mantissa(), base.scale() + rate.scale())?;
    let floor = numerator.checked_div_euclid(denominator).ok_or(Overflow)?;
    let rest = numerator.checked_rem_euclid(denominator).ok_or(Overflow)?;
    let up = match method {
        RoundMethod::Floor => false,
        RoundMethod::Ceil => rest > 0,
        RoundMethod::Round if numerator < 0 => rest > denominator - rest,
        RoundMethod::Round => rest >= denominator - rest,
    };
    from_units(floor + i128::from(up), digits)
}

/// `rate` percent of `base`, rounded once to `digits` decimals.
pub(crate) fn percent(base: Money, rate: Rate, digits: u32, method: RoundMethod) -> Result<Money, Overflow> {
    share(base, rate, Decimal::ONE_HUNDRED, digits, method)
}

/// Spreads `amount` over `weights` in proportion, in units of `digits` decimals, of which all figures are multiples.
///
/// The shares add up to `amount` exactly, and no share exceeds its weight as long as `amount` does not exceed their
/// sum. Units left over go to the largest remainders; ties go to the larger weight, then to the earlier line.
/// Weights must not be negative. Weights of zero in sum take nothing.
pub(crate) fn allocate(amount: Money, weights: &[Money], digits: u32) -> Result<Vec<Money>, Overflow> {
    let total = to_units(amount, digits)?;
    let weights: Vec<i128> = weights
        .iter()
        .map(|weight| to_units(*weight, digits))
        .collect::<Result<_, _>>()?;
    let sum: i128 = weights.iter().sum();
    if sum == 0 {
        return Ok(vec![Money::ZERO; weights.len()]);
    }
    let mut shares = Vec::with_capacity(weights.len());
    let mut rests = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let product = total.checked_mul(*weight).ok_or(Overflow)?;
        shares.push(product / sum);
        rests.push((product % sum, *weight, index));
    }
    // A stable sort keeps the order of the lines among equals.
    rests.sort_by_key(|&(rest, weight, _)| Reverse((rest, weight)));
    let left = usize::try_from(total - shares.iter().sum::<i128>()).map_err(|_| Overflow)?;
    for (_, _, index) in rests.iter().take(left) {
        shares[*index] += 1;
    }
    shares
        .into_iter()
        .map(|units| from_units(units, digits))
        .collect()
}

fn to_units(amount: Money, digits: u32) -> Result<i128, Overflow> {
    let value = bounded(amount)?.decimal().normalize();
    scaled(
        value.mantissa(),
        digits.checked_sub(value.scale()).ok_or(Overflow)?,
    )
}

fn from_units(units: i128, digits: u32) -> Result<Money, Overflow> {
    let value = Decimal::try_from_i128_with_scale(units, digits).map_err(|_| Overflow)?;
    Ok(Money::from_decimal(value.normalize()))
}

fn scaled(mantissa: i128, digits: u32) -> Result<i128, Overflow> {
    10_i128
        .checked_pow(digits)
        .and_then(|factor| mantissa.checked_mul(factor))
        .ok_or(Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check_percent(base: &str, rate: &str, digits: u32, method: RoundMethod, expected: &str) {
        let found = percent(money(base), rate.parse().unwrap(), digits, method).unwrap();
        assert_eq!(found.to_string(), expected, "{rate} % of {base}");
    }

    #[test]
    fn one_rounding_by_the_named_rule() {
        check_percent("333", "15", 0, RoundMethod::Round, "50");
        check_percent("105", "5", 0, RoundMethod::Round, "5");
        check_percent("110", "5", 0, RoundMethod::Round, "6");
        check_percent("-110", "5", 0, RoundMethod::Round, "-6");
        check_percent("-199", "10", 0, RoundMethod::Floor, "-20");
        check_percent("-199", "10", 0, RoundMethod::Ceil, "-19");
        check_percent("19.99", "10", 2, RoundMethod::Floor, "1.99");
        check_percent("0.0001", "0.0001", 2, RoundMethod::Ceil, "0.01");
    }

    #[test]
    fn internal_tax_of_a_whole_result_is_not_lost_to_a_residue() {
        let tax = share(
            money("110"),
            "10".parse().unwrap(),
            Decimal::from(110),
            0,
            RoundMethod::Floor,
        )
        .unwrap();
        assert_eq!(tax, money("10"));
    }

    #[track_caller]
    fn check_shares(amount: &str, weights: &[&str], digits: u32, expected: &[&str]) {
        let weights: Vec<Money> = weights.iter().map(|weight| money(weight)).collect();
        let shares = allocate(money(amount), &weights, digits).unwrap();
        assert_eq!(
            shares.iter().map(ToString::to_string).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn shares_go_to_the_largest_remainders() {
        check_shares("250", &["1000", "1200", "900"], 0, &["81", "97", "72"]);
        check_shares("10", &["60"; 7], 0, &["2", "2", "2", "1", "1", "1", "1"]);
        check_shares("1", &["1", "3", "3"], 0, &["0", "1", "0"]);
        check_shares("1", &["1", "1", "1"], 2, &["0.34", "0.33", "0.33"]);
        check_shares("5", &["0", "0"], 0, &["0", "0"]);
        check_shares("0", &["7", "0"], 0, &["0", "0"]);
    }

    #[test]
    fn what_would_not_be_exact_is_refused() {
        let large = Money::from_decimal(Decimal::from(LIMIT));
        assert_eq!(bounded(large), Err(Overflow));
        assert_eq!(allocate(large, &[large], 0), Err(Overflow));
        let half = money("0.5");
        assert_eq!(allocate(half, &[half], 0), Err(Overflow));
        let huge = Money::from_decimal(Decimal::MAX);
        assert_eq!(
            percent(huge, Rate::from_decimal(Decimal::MAX), 4, RoundMethod::Floor),
            Err(Overflow)
        );
    }
}
