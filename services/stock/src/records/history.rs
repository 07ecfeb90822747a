//! The history of quantities, and where changes by hand wait while it is made again from the transactions.

use std::borrow::Cow;

use jiff::Timestamp;
use kugel_store::{Action, Body, Collection, Query, Record, StoreError, Write};
use kugel_types::{InvalidId, ItemCode, Quantity, StoreCode};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::keys_below;
use crate::domain::level::Step;
use crate::domain::movement::Movement;

/// The history. It is written five times a sale, so it lives by its key alone: the key begins with store and item and
/// ends with the sequence, and every query is a range of keys.
pub(super) static STOCK_UPDATES: Collection = Collection {
    name: "stock_updates",
    fields: &[],
    indexes: &[],
};

/// One change of a quantity. It borrows what it is written from, and owns what it was read into.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateRecord<'a> {
    pub(crate) store_code: Cow<'a, str>,
    pub(crate) item_code: Cow<'a, str>,
    pub(crate) sequence: i64,
    pub(crate) update_type: Cow<'a, str>,
    pub(crate) quantity_change: Decimal,
    pub(crate) before_quantity: Decimal,
    pub(crate) after_quantity: Decimal,
    pub(crate) timestamp: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operator_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<Cow<'a, str>>,
}

impl Record for UpdateRecord<'static> {
    const COLLECTION: &'static Collection = &STOCK_UPDATES;
    fn id(&self) -> String {
        self.key()
    }
}

impl<'a> UpdateRecord<'a> {
    /// The record of a movement and what it did.
    pub(crate) fn new(movement: &'a Movement, step: Step) -> Self {
        Self {
            store_code: movement.store.as_str().into(),
            item_code: movement.item.as_str().into(),
            sequence: step.sequence,
            update_type: movement.kind.name().into(),
            quantity_change: movement.change.decimal(),
            before_quantity: step.before.decimal(),
            after_quantity: step.after.decimal(),
            timestamp: movement.at,
            reference_id: movement.reference.as_deref().map(Cow::Borrowed),
            operator_id: movement.operator.as_deref().map(Cow::Borrowed),
            note: movement.note.as_deref().map(Cow::Borrowed),
        }
    }

    /// The change that adds the record to the history.
    pub(crate) fn append(&self) -> Write {
        let text = serde_json::to_string(self).expect("texts, numbers and decimals are always JSON");
        let action = Action::Append(Body::from_text(text));
        Write {
            collection: &STOCK_UPDATES,
            id: self.key(),
            action,
        }
    }

    /// The key.
    pub(crate) fn key(&self) -> String {
        // Twelve digits sort as text like the numbers they are.
        format!(
            "{}{:012}",
            history_prefix(&self.store_code, &self.item_code),
            self.sequence
        )
    }
}

/// Item codes may hold a `/`; in keys it is written otherwise, so that no item's range of keys holds another's.
fn history_prefix(store: &str, item: &str) -> String {
    format!("{store}/{}/", item.replace('%', "%25").replace('/', "%2F"))
}

/// The history of an item.
pub(crate) fn history_of(store: &StoreCode, item: &ItemCode) -> Query {
    keys_below(&history_prefix(store.as_str(), item.as_str()))
}

/// Empty but for the time of a rebuild. A change is either here or in the history, never in both.
pub(super) static UPDATES_ASIDE: Collection = Collection {
    name: "stock_updates_aside",
    fields: &[],
    indexes: &[],
};

/// A change by hand, laid aside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AsideRecord {
    /// The key: begins with store and instant, so that the order of keys is the order of changes.
    key: String,
    /// Who made the change.
    pub(crate) actor: String,
    update: UpdateRecord<'static>,
}

impl Record for AsideRecord {
    const COLLECTION: &'static Collection = &UPDATES_ASIDE;
    fn id(&self) -> String {
        self.key.clone()
    }
}

impl AsideRecord {
    pub(crate) fn new(actor: &str, update: UpdateRecord<'static>) -> Self {
        Self {
            // Twenty digits hold every instant; the sequence keeps the order of changes at one instant.
            key: format!(
                "{}/{:020}/{:012}/{}",
                update.store_code,
                update.timestamp.as_microsecond().max(0),
                update.sequence,
                uuid::Uuid::new_v4()
            ),
            actor: actor.to_owned(),
            update,
        }
    }

    /// The movement that was recorded.
    pub(crate) fn movement(&self) -> Result<Movement, StoreError> {
        let malformed = |reason: String| StoreError::Malformed {
            collection: UPDATES_ASIDE.name,
            id: self.key.clone(),
            reason,
        };
        let update = &self.update;
        Ok(Movement {
            store: self.store()?,
            item: update
                .item_code
                .parse()
                .map_err(|error: InvalidId| malformed(error.to_string()))?,
            kind: update
                .update_type
                .parse()
                .map_err(|error: InvalidId| malformed(error.to_string()))?,
            change: Quantity::from_decimal(update.quantity_change),
            reference: update.reference_id.as_deref().map(Into::into),
            at: update.timestamp,
            operator: update.operator_id.as_deref().map(str::to_owned),
            note: update.note.as_deref().map(str::to_owned),
        })
    }

    /// The store.
    pub(crate) fn store(&self) -> Result<StoreCode, StoreError> {
        let store = self.update.store_code.parse();
        store.map_err(|error: InvalidId| StoreError::Malformed {
            collection: UPDATES_ASIDE.name,
            id: self.key.clone(),
            reason: error.to_string(),
        })
    }

    /// When the change was made.
    pub(crate) fn at(&self) -> Timestamp {
        self.update.timestamp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(item: &str, sequence: i64) -> String {
        let quantity = Decimal::ZERO;
        UpdateRecord {
            store_code: "S1".into(),
            item_code: item.into(),
            sequence,
            update_type: "sale".into(),
            quantity_change: quantity,
            before_quantity: quantity,
            after_quantity: quantity,
            timestamp: Timestamp::UNIX_EPOCH,
            reference_id: None,
            operator_id: None,
            note: None,
        }
        .key()
    }

    #[test]
    fn no_items_history_lies_within_anothers() {
        assert_eq!(update("A", 7), "S1/A/000000000007");
        assert_eq!(update("A/1", 7), "S1/A%2F1/000000000007");
        assert_eq!(update("A%2F1", 7), "S1/A%252F1/000000000007");
        assert!(update("A", 9) < update("A", 10));
    }
}
