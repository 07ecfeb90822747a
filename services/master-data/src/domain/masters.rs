//! Masters that are plain data: staff, categories, items, store prices and payment methods.

use kugel_types::Money;
use serde::{Deserialize, Serialize};

/// A person who works at a till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// The key within the tenant.
    pub staff_id: String,
    /// The name printed on receipts.
    pub name: String,
    /// The hashed PIN, a PHC string.
    pub pin_hash: String,
    /// What the person may do, in the shop's own words.
    pub roles: Vec<String>,
}

/// A group of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// The key within the tenant.
    pub category_code: String,
    /// The name in full.
    pub description: String,
    /// The name for narrow places.
    pub description_short: String,
    /// The tax that its items usually carry.
    pub tax_code: String,
}

/// An item as all stores know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The key within the tenant.
    pub item_code: String,
    /// The name printed on receipts.
    pub description: String,
    /// The price of one unit where the store has none of its own.
    pub unit_price: Money,
    /// What one unit costs the shop.
    pub unit_cost: Money,
    /// Free lines about it.
    pub item_details: Vec<String>,
    /// Where pictures are.
    pub image_urls: Vec<String>,
    /// The category.
    pub category_code: String,
    /// The tax.
    pub tax_code: String,
    /// True where no discount may be given.
    pub is_discount_restricted: bool,
    /// True after a logical deletion: kept, and no longer sold.
    pub is_deleted: bool,
}

/// The price of an item in one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreItem {
    /// The store.
    pub store_code: String,
    /// The item.
    pub item_code: String,
    /// The price of one unit there.
    pub store_price: Money,
}

impl StoreItem {
    /// The key of a store's price. A store code holds no `/`, so no two pairs share a key.
    pub fn key(store_code: &str, item_code: &str) -> String {
        format!("{store_code}/{item_code}")
    }
}

/// A way to pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The key within the tenant.
    pub payment_code: String,
    /// The name printed on receipts.
    pub description: String,
    /// The most that may be paid at once; 0 means no limit.
    pub limit_amount: Money,
    /// Money may be given back this way.
    pub can_refund: bool,
    /// The tender may exceed the balance.
    pub can_deposit_over: bool,
    /// Change is given.
    pub can_change: bool,
    /// The method is offered.
    pub is_active: bool,
}
