//! The stock of items.

use std::sync::Arc;

use kugel_store::{Collection, Field, Index, Record};
use kugel_types::{ItemCode, Quantity, StoreCode};
use serde::{Deserialize, Serialize};

use crate::domain::level::Level;

/// Levels.
pub static STOCKS: Collection = Collection {
    name: "stocks",
    fields: &[
        Field::text("store_code"),
        Field::boolean("is_low"),
        Field::boolean("needs_reorder"),
    ],
    indexes: &[
        Index::on(&["store_code", "is_low"]),
        Index::on(&["store_code", "needs_reorder"]),
    ],
};

/// The stock of an item in a store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StockRecord {
    /// The store.
    pub store_code: StoreCode,
    /// The item.
    pub item_code: ItemCode,
    current_quantity: Quantity,
    minimum_quantity: Quantity,
    reorder_point: Quantity,
    reorder_quantity: Quantity,
    last_transaction_id: Option<Arc<str>>,
    /// The sequence of the last change.
    sequence: i64,
    /// Kept for the list of low items, which could not be asked for otherwise.
    is_low: bool,
    /// Kept for the list of items to reorder.
    needs_reorder: bool,
}

impl Record for StockRecord {
    const COLLECTION: &'static Collection = &STOCKS;
    fn id(&self) -> String {
        Self::key(&self.store_code, &self.item_code)
    }
}

impl StockRecord {
    /// The key of an item in a store.
    pub fn key(store: &StoreCode, item: &ItemCode) -> String {
        format!("{store}/{item}")
    }

    /// The document of a level.
    pub fn new(store: &StoreCode, item: &ItemCode, level: &Level) -> Self {
        Self {
            store_code: store.clone(),
            item_code: item.clone(),
            current_quantity: level.quantity,
            minimum_quantity: level.minimum,
            reorder_point: level.reorder_point,
            reorder_quantity: level.reorder_quantity,
            last_transaction_id: level.last_reference.clone(),
            sequence: level.sequence,
            is_low: level.is_low(),
            needs_reorder: level.needs_reorder(),
        }
    }

    /// The level of a document.
    pub fn level(&self) -> Level {
        Level {
            quantity: self.current_quantity,
            minimum: self.minimum_quantity,
            reorder_point: self.reorder_point,
            reorder_quantity: self.reorder_quantity,
            sequence: self.sequence,
            last_reference: self.last_transaction_id.clone(),
        }
    }
}
