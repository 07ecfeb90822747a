//! Exact decimals: [`Money`], [`Quantity`] and [`Rate`], each a type of its own over one decimal.
//!
//! Nothing here converts from or to a binary float. Operators that could overflow are checked and answer
//! [`Overflow`]; every rounding takes its rule as an argument.

use std::fmt;
use std::ops::Neg;
use std::str::FromStr;

pub use rust_decimal::Decimal;

use crate::RoundMethod;
use crate::text::serde_as_text;

/// A text that is not an exact decimal in the range that its type allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a decimal number of at most {digits} digits and {places} decimals")]
pub struct InvalidAmount {
    /// The text as received.
    pub text: String,
    /// The digits before the point that are allowed.
    pub digits: u32,
    /// The digits behind the point that are allowed.
    pub places: u32,
}

/// A result that a decimal of 28 digits cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amount is too large to be exact")]
pub struct Overflow;

/// Digits before the point. 12 leave room for the product of a price and a quantity within 28 digits.
const WHOLE_DIGITS: u32 = 12;

/// Reads a number from outside exactly, or not at all: a sign, digits with a point, an exponent; blanks around it count
/// for nothing. Every door reads numbers with this.
pub fn parse_exact(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    // The parsers would take underscores, and a second sign.
    let is_number = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let text = text.strip_prefix('+').unwrap_or(text);
    let value = match text.contains(['e', 'E']) {
        true => Decimal::from_scientific(text),
        false => Decimal::from_str_exact(text),
    };
    value.ok().filter(|_| is_number)
}

macro_rules! exact {
    ($(#[$doc:meta])* $name:ident, $places:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub struct $name(Decimal);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(Decimal::ZERO);
            /// Decimals that a value from outside may have.
            pub const PLACES: u32 = $places;

            /// Takes a decimal from outside: within 12 digits before the point and the type's decimals behind it.
            pub fn new(value: Decimal) -> Result<Self, InvalidAmount> {
                let value = value.normalize();
                if value.scale() <= $places && value.abs() < Decimal::from(10_u64.pow(WHOLE_DIGITS)) {
                    Ok(Self(value))
                } else {
                    Err(InvalidAmount { text: value.to_string(), digits: WHOLE_DIGITS, places: $places })
                }
            }
            /// Wraps a value that our own arithmetic produced.
            pub const fn from_decimal(value: Decimal) -> Self {
                Self(value)
            }
            /// The decimal inside.
            pub const fn decimal(self) -> Decimal {
                self.0
            }
            /// True if exactly zero.
            pub fn is_zero(self) -> bool {
                self.0.is_zero()
            }
            /// True if below zero.
            pub fn is_negative(self) -> bool {
                self.0 < Decimal::ZERO
            }
            /// True if above zero.
            pub fn is_positive(self) -> bool {
                self.0 > Decimal::ZERO
            }
            /// The sum.
            pub fn plus(self, other: Self) -> Result<Self, Overflow> {
                self.0.checked_add(other.0).map(Self).ok_or(Overflow)
            }
            /// The difference.
            pub fn minus(self, other: Self) -> Result<Self, Overflow> {
                self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
            }
            /// The value with its sign turned.
            pub fn negated(self) -> Self {
                -self
            }
            /// The sum of many.
            pub fn sum(values: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
                values.into_iter().try_fold(Self::ZERO, Self::plus)
            }
        }
        impl FromStr for $name {
            type Err = InvalidAmount;
            fn from_str(text: &str) -> Result<Self, InvalidAmount> {
                let invalid =
                    || InvalidAmount { text: text.to_owned(), digits: WHOLE_DIGITS, places: $places };
                Self::new(parse_exact(text).ok_or_else(invalid)?)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                // A decimal's zero has a sign of its own, which would be written.
                Self(if self.0.is_zero() { Decimal::ZERO } else { -self.0 })
            }
        }
        // Documents keep what our own arithmetic produced, which may be wider than what comes from outside.
        serde_as_text!($name, |text| Decimal::from_str_exact(text).map(Self));
    };
}

exact!(
    /// An amount in the main unit of a store's currency (yen, pounds), exact to four decimals at the edge.
    Money, 4
);
exact!(
    /// How much of an item: pieces, or a weight with up to four decimals.
    Quantity, 4
);
exact!(
    /// A percentage: `10` means ten of a hundred.
    Rate, 4
);

impl Money {
    /// Price times quantity.
    pub fn times(self, quantity: Quantity) -> Result<Self, Overflow> {
        self.0.checked_mul(quantity.0).map(Self).ok_or(Overflow)
    }
    /// Rounds to `digits` decimals by the named rule.
    pub fn round(self, digits: u32, method: RoundMethod) -> Self {
        Self(method.apply(self.0, digits))
    }
    /// The nearest amount that coins of one kind make up; half a coin is rounded up.
    pub fn in_coins(self, coin: Self) -> Result<Self, Overflow> {
        let coins = self.0.checked_div(coin.0).ok_or(Overflow)?;
        let coins = RoundMethod::Round.apply(coins, 0);
        coins.checked_mul(coin.0).map(Self).ok_or(Overflow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_beyond_the_edge_are_refused() {
        for text in ["1000000000000", "0.00001", "NaN", "1e30", "", "1,5"] {
            assert!(text.parse::<Money>().is_err(), "{text:?}");
        }
        for text in [
            "1_000", "+-1", "--1", "1-", "1 000", "-", ".", "e1", "1e", "1.1.1", "0x1", "١",
        ] {
            assert_eq!(parse_exact(text), None, "{text:?}");
        }
        for text in ["1", "+1", " 1 ", "1.0", "1.", "01", "1e0", "1E+0", "0.1e1"] {
            assert_eq!(parse_exact(text), Some(Decimal::ONE), "{text:?}");
        }
        assert_eq!(
            "1.5e2".parse::<Money>().expect("scientific"),
            "150".parse().expect("plain")
        );
        assert_eq!("-0.10".parse::<Money>().expect("negative").to_string(), "-0.1");
    }

    #[test]
    fn an_amount_is_rounded_to_coins() {
        for (amount, coin, expected) in [
            ("10.02", "0.05", "10.00"),
            ("10.03", "0.05", "10.05"),
            ("10.025", "0.05", "10.05"),
            ("10.49", "1", "10"),
            ("10.50", "1", "11"),
            ("0.02", "0.05", "0"),
            ("100", "1", "100"),
            ("-0.03", "0.05", "-0.05"),
        ] {
            let money = |text: &str| text.parse::<Money>().expect("an amount");
            assert_eq!(
                money(amount).in_coins(money(coin)),
                Ok(money(expected)),
                "{amount}"
            );
        }
        assert_eq!(Money::ZERO.in_coins(Money::ZERO), Err(Overflow));
    }

    #[test]
    fn nothing_has_no_sign() {
        assert_eq!((-Money::ZERO).to_string(), "0");
    }

    proptest! {
        #[test]
        fn money_reads_back_as_written(units in -999_999_999_999_i64..999_999_999_999, scale in 0_u32..=4) {
            let money = Money::new(Decimal::new(units, scale)).expect("in range");
            prop_assert_eq!(money.to_string().parse::<Money>().expect("own text"), money);
        }
    }
}
