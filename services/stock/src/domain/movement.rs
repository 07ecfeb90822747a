//! What moves stock: kinds of change and the sign that belongs to each.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use kugel_types::{InvalidId, ItemCode, Quantity, StoreCode, TransactionType};
use serde::{Deserialize, Serialize};

/// A change of one item's quantity, not yet applied.
#[derive(Debug, Clone)]
pub struct Movement {
    /// The store.
    pub store: StoreCode,
    /// The item.
    pub item: ItemCode,
    /// Why the quantity changes.
    pub kind: Kind,
    /// By how much.
    pub change: Quantity,
    /// What caused it.
    pub reference: Option<Arc<str>>,
    /// When.
    pub at: Timestamp,
    /// Who made it, if it was made by hand.
    pub operator: Option<String>,
    /// What they noted.
    pub note: Option<String>,
}

/// Why a quantity changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Sold.
    Sale,
    /// Taken back.
    Return,
    /// A sale that was voided.
    Void,
    /// A return that was voided.
    VoidReturn,
    /// Bought in.
    Purchase,
    /// Corrected.
    Adjustment,
    /// There at the beginning.
    Initial,
    /// Spoilt.
    Damage,
    /// Come from another store.
    TransferIn,
    /// Gone to another store.
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
    /// True if a change by hand has a sign that fits the kind. Zero fits all: it is a note in the history.
    pub fn fits(self, change: Quantity) -> bool {
        match self.sign() {
            Sign::Adds => !change.is_negative(),
            Sign::Takes => !change.is_positive(),
            Sign::Either => true,
        }
    }

    /// The name in requests, answers and documents.
    pub fn name(self) -> &'static str {
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

impl From<TransactionType> for Kind {
    fn from(transaction: TransactionType) -> Self {
        match transaction {
            TransactionType::Sale => Self::Sale,
            TransactionType::Return => Self::Return,
            TransactionType::VoidSale => Self::Void,
            TransactionType::VoidReturn => Self::VoidReturn,
        }
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
    fn transactions_move_goods_as_their_kind_may() {
        for transaction in TransactionType::ALL {
            let change = transaction.goods().of(Quantity::from_decimal(4.into()));
            let kind = Kind::from(transaction);
            assert!(kind.fits(change), "{kind} {change}");
            assert!(!kind.fits(change.negated()), "{kind} {change}");
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
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
            assert_eq!(kind.fits("0.5".parse().unwrap()), adds, "{name} +");
            assert_eq!(kind.fits("-0.5".parse().unwrap()), takes, "{name} -");
            assert!(kind.fits(Quantity::ZERO), "{name} 0");
        }
        assert!("Sale".parse::<Kind>().is_err());
    }
}
