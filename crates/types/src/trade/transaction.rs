//! Kinds of transaction, and what follows from each.

use std::fmt;
use std::ops::Neg;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::InvalidId;

/// What a transaction is. Its number stands in requests, answers and documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TransactionType {
    /// Goods for money (101).
    Sale,
    /// The goods came back (102).
    Return,
    /// A sale that did not happen (201).
    VoidSale,
    /// A return that did not happen (202).
    VoidReturn,
}

/// Which way something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// In.
    Plus,
    /// Out.
    Minus,
}

impl Sign {
    /// The amount with this sign.
    pub fn of<T: Neg<Output = T>>(self, amount: T) -> T {
        match self {
            Self::Plus => amount,
            Self::Minus => -amount,
        }
    }
    /// The other sign.
    #[must_use]
    pub const fn turned(self) -> Self {
        match self {
            Self::Plus => Self::Minus,
            Self::Minus => Self::Plus,
        }
    }
}

impl TransactionType {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Sale, Self::Return, Self::VoidSale, Self::VoidReturn];
    /// The number that the journal shows for a sale that was cancelled before it was billed.
    const CANCELLED_SALE: i32 = -101;

    /// The number.
    pub const fn number(self) -> i32 {
        match self {
            Self::Sale => 101,
            Self::Return => 102,
            Self::VoidSale => 201,
            Self::VoidReturn => 202,
        }
    }
    /// The number of the journal's entry. Voids and returns keep theirs even if they are marked as cancelled.
    pub const fn journal_number(self, is_cancelled: bool) -> i32 {
        match self {
            Self::Sale if is_cancelled => Self::CANCELLED_SALE,
            other => other.number(),
        }
    }
    /// Which way amounts count in totals, and cash in the drawer. Amounts of every kind are written as positive.
    pub const fn money(self) -> Sign {
        match self {
            Self::Sale | Self::VoidReturn => Sign::Plus,
            Self::Return | Self::VoidSale => Sign::Minus,
        }
    }
    /// Which way quantities count in stock: goods go where money does not.
    pub const fn goods(self) -> Sign {
        self.money().turned()
    }
    /// What the void of such a transaction is; `None` if it cannot be voided.
    pub const fn voided(self) -> Option<Self> {
        match self {
            Self::Sale => Some(Self::VoidSale),
            Self::Return => Some(Self::VoidReturn),
            Self::VoidSale | Self::VoidReturn => None,
        }
    }
    /// What the return of such a transaction is; `None` if its goods cannot come back.
    pub const fn returned(self) -> Option<Self> {
        match self {
            Self::Sale => Some(Self::Return),
            Self::Return | Self::VoidSale | Self::VoidReturn => None,
        }
    }
}

impl TryFrom<i32> for TransactionType {
    type Error = InvalidId;
    /// Takes a number. 1 is what the earliest tills send for a sale.
    fn try_from(number: i32) -> Result<Self, InvalidId> {
        match number {
            101 | 1 => Ok(Self::Sale),
            102 => Ok(Self::Return),
            201 => Ok(Self::VoidSale),
            202 => Ok(Self::VoidReturn),
            _ => Err(InvalidId {
                kind: "transaction type",
                text: number.to_string(),
                rule: "101, 102, 201 or 202",
            }),
        }
    }
}

impl fmt::Display for TransactionType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(formatter)
    }
}

impl Serialize for TransactionType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(self.number())
    }
}

impl<'de> Deserialize<'de> for TransactionType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(i32::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::TransactionType::{Return, Sale, VoidReturn, VoidSale};
    use super::*;

    #[test]
    fn each_kind_has_its_number_and_its_effects() {
        for (kind, number, money, goods) in [
            (Sale, 101, 1, -1),
            (Return, 102, -1, 1),
            (VoidSale, 201, -1, 1),
            (VoidReturn, 202, 1, -1),
        ] {
            let found = (kind.number(), kind.money().of(1), kind.goods().of(1));
            assert_eq!(found, (number, money, goods), "{kind:?}");
            assert_eq!(TransactionType::try_from(number), Ok(kind));
        }
        assert_eq!(TransactionType::try_from(1), Ok(Sale));
        for number in [0, 2, -101, -1, 100, 103, 301, 401] {
            assert!(TransactionType::try_from(number).is_err(), "{number}");
        }
    }

    #[test]
    fn a_reversal_takes_back_what_it_reverses() {
        for (kind, voided, returned) in [
            (Sale, Some(VoidSale), Some(Return)),
            (Return, Some(VoidReturn), None),
            (VoidSale, None, None),
            (VoidReturn, None, None),
        ] {
            assert_eq!((kind.voided(), kind.returned()), (voided, returned), "{kind:?}");
            for reversal in [voided, returned].into_iter().flatten() {
                assert_eq!(reversal.money(), kind.money().turned());
            }
        }
    }

    #[test]
    fn only_cancelled_sales_turn_their_number_in_the_journal() {
        for (kind, is_cancelled, expected) in [
            (Sale, false, 101),
            (Sale, true, -101),
            (Return, false, 102),
            (Return, true, 102),
            (VoidSale, true, 201),
            (VoidReturn, true, 202),
        ] {
            assert_eq!(
                kind.journal_number(is_cancelled),
                expected,
                "{kind:?} {is_cancelled}"
            );
        }
    }
}
