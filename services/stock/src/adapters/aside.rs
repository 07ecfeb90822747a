//! Changes by hand that are laid aside while the history is made anew from the transactions.

use jiff::Timestamp;
use kugel_store::{Collection, Record, StoreError};
use kugel_types::{Quantity, StoreCode};
use serde::{Deserialize, Serialize};

use crate::adapters::documents::UpdateRecord;
use crate::domain::movement::Movement;

/// Empty but for the time of a rebuild. A change is either here or in the history, never in both.
pub(crate) static UPDATES_ASIDE: Collection = Collection {
    name: "stock_updates_aside",
    fields: &[],
    indexes: &[],
};

/// A change by hand, laid aside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AsideRecord {
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
                .map_err(|error: kugel_types::InvalidId| malformed(error.to_string()))?,
            kind: update
                .update_type
                .parse()
                .map_err(|error: kugel_types::InvalidId| malformed(error.to_string()))?,
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
        store.map_err(|error: kugel_types::InvalidId| StoreError::Malformed {
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
