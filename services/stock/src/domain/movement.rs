//! What moves stock: kinds of change and the sign that belongs to each.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use kugel_types::{InvalidId, ItemCode, Quantity, StoreCode};

/// A change of one item's quantity, not yet applied.
#[derive(Debug, Clone)]
pub(crate) struct Movement {
    pub(crate) store: StoreCode,
    pub(crate) item: ItemCode,
    pub(crate) kind: Kind,
    pub(crate) change: Quantity,
    pub(crate) reference: Option<Arc<str>>,
    pub(crate) at: Timestamp,
    pub(crate) operator: Option<String>,
    pub(crate) note: Option<String>,
}

/// Why a quantity changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sale,
    Return,
    Void,
    VoidReturn,
    Purchase,
    Adjustment,
    Initial,
    Damage,
    TransferIn,
    TransferOut,
}

/// Which changes a kind may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Adds,
    Takes,
    Either,
}

const KINDS: [(Kind, &str, Sign); 10] = [
    (Kind::Sale, "sale", Sign::Takes),
    (Kind::Return, "return", Sign::Adds),
    (Kind::Void, "void", Sign::Adds),
    (Kind::VoidReturn, "void_return", Sign::Takes),
    (Kind::Purchase, "purchase", Sign::Adds),
    (Kind::Adjustment, "adjustment", Sign::Either),
    (Kind::Initial, "initial", Sign::Either),
    (Kind::Damage, "damage", Sign::Takes),
    (Kind::TransferIn, "transfer_in", Sign::Adds),
    (Kind::TransferOut, "transfer_out", Sign::Takes),
];

impl Kind {
    /// The kind of change that a transaction makes, or `None` if transactions of this type move no goods.
    pub(crate) fn of_transaction(transaction_type: i32) -> Option<Self> {
        match transaction_type {
            // 1 is what the earliest tills send for a sale.
            101 | 1 => Some(Self::Sale),
            102 => Some(Self::Return),
            201 => Some(Self::Void),
            202 => Some(Self::VoidReturn),
            _ => None,
        }
    }

    /// The change that a transaction line of this kind makes: lines carry positive quantities.
    pub(crate) fn of_line(self, quantity: Quantity) -> Quantity {
        if self.sign() == Sign::Takes {
            quantity.negated()
        } else {
            quantity
        }
    }

    /// True if a change by hand has a sign that fits the kind. Zero fits all: it is a note in the history.
    pub(crate) fn fits(self, change: Quantity) -> bool {
        match self.sign() {
            Sign::Adds => !change.is_negative(),
            Sign::Takes => !change.is_positive(),
            Sign::Either => true,
        }
    }

    /// The name in requests, answers and documents.
    pub(crate) fn name(self) -> &'static str {
        self.row().1
    }

    fn sign(self) -> Sign {
        self.row().2
    }

    fn row(self) -> &'static (Self, &'static str, Sign) {
        KINDS
            .iter()
            .find(|(kind, ..)| *kind == self)
            .expect("the table holds every kind; a test walks it")
    }
}

impl FromStr for Kind {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        KINDS.iter().find(|(_, name, _)| *name == text).map(|(kind, ..)| *kind).ok_or_else(|| InvalidId {
            kind: "update type",
            text: text.to_owned(),
            rule: "sale, return, void, void_return, purchase, adjustment, initial, damage, transfer_in or transfer_out",
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_take_and_return_goods() {
        for (transaction_type, expected) in [
            (101, Some(("sale", "-4"))),
            (1, Some(("sale", "-4"))),
            (102, Some(("return", "4"))),
            (201, Some(("void", "4"))),
            (202, Some(("void_return", "-4"))),
            (301, None),
            (-101, None),
        ] {
            let change = Kind::of_transaction(transaction_type)
                .map(|kind| (kind.name(), kind.of_line("4".parse().unwrap()).to_string()));
            assert_eq!(
                change.as_ref().map(|(name, change)| (*name, change.as_str())),
                expected,
                "{transaction_type}"
            );
        }
    }

    #[test]
    fn changes_by_hand_have_the_sign_of_their_kind() {
        for (name, adds, takes) in [
            ("sale", false, true),
            ("return", true, false),
            ("void", true, false),
            ("void_return", false, true),
            ("purchase", true, false),
            ("adjustment", true, true),
            ("initial", true, true),
            ("damage", false, true),
            ("transfer_in", true, false),
            ("transfer_out", false, true),
        ] {
            let kind: Kind = name.parse().unwrap();
            assert_eq!(kind.to_string(), name);
            assert_eq!(kind.fits("0.5".parse().unwrap()), adds, "{name} +");
            assert_eq!(kind.fits("-0.5".parse().unwrap()), takes, "{name} -");
            assert!(kind.fits(Quantity::ZERO), "{name} 0");
        }
        assert!("Sale".parse::<Kind>().is_err());
    }
}
