//! Masters: what a cart needs to know about items, taxes and promotions, and what it keeps of them.
//!
//! A cart keeps what it has used, so that prices, taxes and settings do not change while it is open. An item needs no
//! place of its own: the first line that holds it keeps it for the lines that follow.

use std::sync::Arc;

use jiff::civil::DateTime;
use kugel_pricing::{PaymentMethod, Promotion};
use kugel_types::{ItemCode, Money, StoreCode};
use serde::{Deserialize, Serialize};

/// An item as a store sells it. Cart lines carry it whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemMaster {
    /// The item.
    pub item_code: ItemCode,
    /// The description on receipts.
    pub description: String,
    /// The category, which promotions look at.
    pub category_code: Option<String>,
    /// The tax the item falls under.
    pub tax_code: String,
    /// The store's price, or the common one.
    pub unit_price: Money,
    /// True if the item may not be discounted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_discount_restricted: bool,
    /// Pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_urls: Vec<String>,
}

/// What is found under the code of an item.
pub type Found = Result<Arc<ItemMaster>, NotSold>;

/// Why an item is not sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSold {
    /// There is none with that code.
    Unknown,
    /// It was deleted, and can be restored.
    Deleted,
}

#[cfg(test)]
impl ItemMaster {
    /// An item without category and pictures, taxed as external ten percent.
    pub(crate) fn for_test(item_code: &str, unit_price: Money) -> Self {
        Self {
            item_code: item_code.parse().unwrap(),
            description: item_code.to_uppercase(),
            category_code: None,
            tax_code: "01".to_owned(),
            unit_price,
            is_discount_restricted: false,
            image_urls: Vec::new(),
        }
    }
}

/// A payment method with the name that receipts print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentMaster {
    /// How it may be used.
    pub method: PaymentMethod,
    /// True if it may give back.
    pub can_refund: bool,
    /// The name.
    pub description: String,
}

/// A promotion with the time and the stores that it holds in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromotionMaster {
    /// What it does.
    pub promotion: Promotion,
    /// The stores; empty means all.
    pub store_codes: Vec<String>,
    /// The first moment, local time.
    pub start: DateTime,
    /// The last moment, local time.
    pub end: DateTime,
}

impl PromotionMaster {
    /// True if it holds in the store at the moment. Both ends belong to it.
    pub fn holds(&self, store: &StoreCode, now: DateTime) -> bool {
        let here = self.store_codes.is_empty() || self.store_codes.iter().any(|code| code == store.as_str());
        here && self.start <= now && now <= self.end
    }
}

#[cfg(test)]
mod tests {
    use kugel_types::Rate;

    use super::*;

    #[test]
    fn promotions_hold_between_both_ends_in_their_stores() {
        let at = |text: &str| text.parse::<DateTime>().expect("date-time");
        let master = PromotionMaster {
            promotion: Promotion {
                code: "P".to_owned(),
                promotion_type: kugel_pricing::CATEGORY_DISCOUNT.to_owned(),
                name: "P".to_owned(),
                category_codes: vec![],
                rate: Rate::ZERO,
            },
            store_codes: vec!["s1".to_owned()],
            start: at("2026-06-01T10:00:00"),
            end: at("2026-06-01T18:00:00"),
        };
        let store = |text: &str| text.parse::<StoreCode>().expect("store");
        for (code, moment, expected) in [
            ("s1", "2026-06-01T10:00:00", true),
            ("s1", "2026-06-01T18:00:00", true),
            ("s1", "2026-06-01T18:00:00.000001", false),
            ("s1", "2026-06-01T09:59:59", false),
            ("s2", "2026-06-01T12:00:00", false),
        ] {
            assert_eq!(
                master.holds(&store(code), at(moment)),
                expected,
                "{code} {moment}"
            );
        }
    }
}
