//! `google.type.Decimal`: an exact decimal as text on the wire, in events and in documents.

use kugel_types::{InvalidAmount, Money, Quantity, Rate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Decimal;

macro_rules! exact {
    ($($name:ident),*) => {$(
        impl From<$name> for Decimal {
            fn from(value: $name) -> Self {
                Self { value: value.to_string() }
            }
        }
        impl TryFrom<&Decimal> for $name {
            type Error = InvalidAmount;
            fn try_from(wire: &Decimal) -> Result<Self, InvalidAmount> {
                wire.value.parse()
            }
        }
        impl TryFrom<Decimal> for $name {
            type Error = InvalidAmount;
            fn try_from(wire: Decimal) -> Result<Self, InvalidAmount> {
                wire.value.parse()
            }
        }
    )*};
}
exact!(Money, Quantity, Rate);

impl From<rust_decimal::Decimal> for Decimal {
    fn from(value: rust_decimal::Decimal) -> Self {
        Self {
            value: value.normalize().to_string(),
        }
    }
}

impl Decimal {
    /// The decimal of a document or event that we wrote ourselves. Sums may have more digits than [`Money`] takes from
    /// outside.
    pub fn exact(&self) -> Result<rust_decimal::Decimal, InvalidAmount> {
        self.value.parse().map_err(|_| InvalidAmount {
            text: self.value.clone(),
            digits: 28,
            places: 28,
        })
    }
}

// In JSON documents a decimal is its text, so that no reader turns it into a float.
impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.value)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|value| Self { value })
    }
}
