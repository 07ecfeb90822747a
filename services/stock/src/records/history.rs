//! The history of quantities, and where changes by hand wait while it is made again from the transactions.

use std::borrow::Cow;

use jiff::Timestamp;
use kugel_store::{Action, Body, Collection, Query, Record, Write};
use kugel_types::{ItemCode, Quantity, StoreCode};
use serde::{Deserialize, Serialize};

use super::keys_below;
use crate::domain::level::Step;
use crate::domain::movement::{Kind, Movement};

/// The history. It is written five times a sale, so it lives by its key alone: the key begins with store and item and
/// ends with the sequence, and every query is a range of keys.
pub static STOCK_UPDATES: Collection = Collection {
    name: "stock_updates",
    fields: &[],
    indexes: &[],
};

/// One change of a quantity. It borrows what it is written from, and owns what it was read into.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateRecord<'a> {
    /// The store.
    pub store_code: Cow<'a, StoreCode>,
    /// The item.
    pub item_code: Cow<'a, ItemCode>,
    /// The number of the change in the item's history, from 1.
    pub sequence: i64,
    /// Why the quantity changed.
    pub update_type: Kind,
    /// By how much.
    pub quantity_change: Quantity,
    /// The quantity before it.
    pub before_quantity: Quantity,
    /// The quantity after it.
    pub after_quantity: Quantity,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_id: Option<Cow<'a, str>>,
    /// Who made it, if it was made by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_id: Option<Cow<'a, str>>,
    /// What they noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Cow<'a, str>>,
}

impl Record for UpdateRecord<'static> {
    const COLLECTION: &'static Collection = &STOCK_UPDATES;
    fn id(&self) -> String {
        self.key()
    }
}

impl<'a> UpdateRecord<'a> {
    /// The record of a movement and what it did.
    pub fn new(movement: &'a Movement, step: Step) -> Self {
        Self {
            store_code: Cow::Borrowed(&movement.store),
            item_code: Cow::Borrowed(&movement.item),
            sequence: step.sequence,
            update_type: movement.kind,
            quantity_change: movement.change,
            before_quantity: step.before,
            after_quantity: step.after,
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
    pub fn key(&self) -> String {
        Self::key_of(&self.store_code, &self.item_code, self.sequence)
    }

    /// The key of a change of an item.
    pub fn key_of(store: &StoreCode, item: &ItemCode, sequence: i64) -> String {
        // Twelve digits sort as text like the numbers they are.
        format!("{}{sequence:012}", history_prefix(store, item))
    }
}

/// Item codes may hold a `/`; in keys it is written otherwise, so that no item's range of keys holds another's.
fn history_prefix(store: &StoreCode, item: &ItemCode) -> String {
    format!(
        "{store}/{}/",
        item.as_str().replace('%', "%25").replace('/', "%2F")
    )
}

/// The history of an item.
pub(crate) fn history_of(store: &StoreCode, item: &ItemCode) -> Query {
    keys_below(&history_prefix(store, item))
}

/// Empty but for the time of a rebuild. A change is either here or in the history, never in both.
pub static UPDATES_ASIDE: Collection = Collection {
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
    pub(crate) fn movement(&self) -> Movement {
        let update = &self.update;
        Movement {
            store: self.store().clone(),
            item: update.item_code.clone().into_owned(),
            kind: update.update_type,
            change: update.quantity_change,
            reference: update.reference_id.as_deref().map(Into::into),
            at: update.timestamp,
            operator: update.operator_id.as_deref().map(str::to_owned),
            note: update.note.as_deref().map(str::to_owned),
        }
    }

    /// The store.
    pub(crate) fn store(&self) -> &StoreCode {
        &self.update.store_code
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
        let movement = Movement {
            store: "S1".parse().unwrap(),
            item: item.parse().unwrap(),
            kind: Kind::Sale,
            change: Quantity::ZERO,
            reference: None,
            at: Timestamp::UNIX_EPOCH,
            operator: None,
            note: None,
        };
        let (before, after) = (Quantity::ZERO, Quantity::ZERO);
        let step = Step {
            sequence,
            before,
            after,
        };
        UpdateRecord::new(&movement, step).key()
    }

    #[test]
    fn no_items_history_lies_within_anothers() {
        assert_eq!(update("A", 7), "S1/A/000000000007");
        assert_eq!(update("A/1", 7), "S1/A%2F1/000000000007");
        assert_eq!(update("A%2F1", 7), "S1/A%252F1/000000000007");
        assert!(update("A", 9) < update("A", 10));
    }
}
