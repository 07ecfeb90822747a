//! Masters: what a cart needs to know about items, taxes and promotions, and what it keeps of them.
//!
//! A cart keeps what it has used, so that prices, taxes and settings do not change while it is open. An item needs no
//! copy of its own: the first line that holds it is the copy.

use jiff::civil::DateTime;
use kugel_pricing::{PaymentMethod, Promotion, TaxRule, TaxType};
use kugel_types::{ItemCode, Money, Rate, RoundMethod, StoreCode};
use serde::{Deserialize, Serialize};

use super::exact;

/// An item as a store sells it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub is_discount_restricted: bool,
    /// Pictures.
    pub image_urls: Vec<String>,
}

/// A payment method with the name that receipts print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentMaster {
    /// How it may be used.
    pub method: PaymentMethod,
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

/// A tax rule that a cart keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartTaxRule {
    tax_code: String,
    tax_type: String,
    tax_name: String,
    #[serde(with = "exact::amount")]
    rate: Rate,
    round_digit: i32,
    round_method: Option<String>,
}

impl CartTaxRule {
    /// The code.
    pub fn code(&self) -> &str {
        &self.tax_code
    }
    /// The rule as pricing takes it.
    pub fn rule(&self) -> TaxRule {
        TaxRule {
            code: self.tax_code.clone(),
            tax_type: self.tax_type.parse().unwrap_or(TaxType::Exempt),
            name: self.tax_name.clone(),
            rate: self.rate,
            round_digit: self.round_digit,
            round_method: self
                .round_method
                .as_deref()
                .and_then(|name| name.parse::<RoundMethod>().ok()),
        }
    }
}

impl From<&TaxRule> for CartTaxRule {
    fn from(rule: &TaxRule) -> Self {
        Self {
            tax_code: rule.code.clone(),
            tax_type: rule.tax_type.name().to_owned(),
            tax_name: rule.name.clone(),
            rate: rule.rate,
            round_digit: rule.round_digit,
            round_method: rule.round_method.map(|method| method.name().to_owned()),
        }
    }
}

/// A promotion that a cart keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartPromotion {
    promotion_code: String,
    promotion_type: String,
    name: String,
    category_codes: Vec<String>,
    #[serde(with = "exact::amount")]
    rate: Rate,
}

impl CartPromotion {
    /// The promotion as pricing takes it.
    pub fn promotion(&self) -> Promotion {
        Promotion {
            code: self.promotion_code.clone(),
            promotion_type: self.promotion_type.clone(),
            name: self.name.clone(),
            category_codes: self.category_codes.clone(),
            rate: self.rate,
        }
    }
}

impl From<&Promotion> for CartPromotion {
    fn from(promotion: &Promotion) -> Self {
        Self {
            promotion_code: promotion.code.clone(),
            promotion_type: promotion.promotion_type.clone(),
            name: promotion.name.clone(),
            category_codes: promotion.category_codes.clone(),
            rate: promotion.rate,
        }
    }
}

#[cfg(test)]
mod tests {
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
