//! How the values of a stored cart are written: decimals and identifiers as text, read back through their own parsers.

use std::fmt::Display;
use std::str::FromStr;

use kugel_types::{Currency, Money, Quantity, Rate, RoundMethod, TerminalNo};
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

/// An exact decimal with a meaning.
pub(crate) trait Exact: Copy {
    /// The number.
    fn number(self) -> Decimal;
    /// The number with its meaning.
    fn of(number: Decimal) -> Self;
}

macro_rules! exact {
    ($($name:ident),*) => {$(
        impl Exact for $name {
            fn number(self) -> Decimal {
                self.decimal()
            }
            fn of(number: Decimal) -> Self {
                Self::from_decimal(number)
            }
        }
    )*};
}
exact!(Money, Quantity, Rate);

/// An amount, quantity or rate as its text.
pub(crate) mod amount {
    use super::*;

    pub(crate) fn serialize<T: Exact, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&value.number())
    }

    pub(crate) fn deserialize<'de, T: Exact, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Decimal::from_str_exact(&text)
            .map(T::of)
            .map_err(D::Error::custom)
    }
}

/// Amounts as a list of texts.
pub(crate) mod amounts {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(values: &[Money], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(ToString::to_string))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Money>, D::Error> {
        let texts = <Vec<String>>::deserialize(deserializer)?;
        let parse = |text: &String| {
            Decimal::from_str_exact(text)
                .map(Money::from_decimal)
                .map_err(D::Error::custom)
        };
        texts.iter().map(parse).collect()
    }
}

/// An identifier as its text.
pub(crate) mod text {
    use super::*;

    pub(crate) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// A terminal's number as a number.
pub(crate) mod terminal_no {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(value: &TerminalNo, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(value.get())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TerminalNo, D::Error> {
        TerminalNo::new(i64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A currency as its code.
pub(crate) mod currency {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(value: &Currency, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.code())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// A rounding rule as its name.
pub(crate) mod round_method {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(value: &RoundMethod, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.name())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RoundMethod, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
