//! Promotions: when they hold and for what.

use jiff::{SignedDuration, Timestamp};
use kugel_error::{Result, codes};
use kugel_types::Rate;
use serde::{Deserialize, Serialize};

/// The one rule Kugel applies itself: a percentage off the items of some categories.
pub const CATEGORY_DISCOUNT: &str = "category_discount";

/// A price reduction that holds for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// The key within the tenant.
    pub promotion_code: String,
    /// The rule.
    pub promotion_type: String,
    /// The name printed on receipts.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// The first moment it holds.
    pub start_datetime: Timestamp,
    /// The last moment it holds, to the end of the second (or day) that was written.
    pub end_datetime: Timestamp,
    /// Switched on.
    pub is_active: bool,
    /// Deleted: kept so that its key stays taken.
    pub is_deleted: bool,
    /// What the rule needs to know.
    pub detail: Option<Detail>,
}

/// What a category discount needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The stores it holds in; empty means all.
    pub target_store_codes: Vec<String>,
    /// The categories whose items are reduced.
    pub target_category_codes: Vec<String>,
    /// The reduction in percent.
    pub discount_rate: Rate,
}

/// What an update changes; `None` leaves a field as it is.
pub struct Changes {
    /// The name.
    pub name: Option<String>,
    /// More about it.
    pub description: Option<String>,
    /// The first moment it holds.
    pub start_datetime: Option<Timestamp>,
    /// The last moment it holds.
    pub end_datetime: Option<Timestamp>,
    /// Switched on.
    pub is_active: Option<bool>,
    /// What the rule needs to know.
    pub detail: Option<Detail>,
}

impl Changes {
    /// The promotion with the changes.
    pub fn apply(&self, promotion: Promotion) -> Promotion {
        Promotion {
            name: self.name.clone().unwrap_or(promotion.name),
            description: self.description.clone().or(promotion.description),
            start_datetime: self.start_datetime.unwrap_or(promotion.start_datetime),
            end_datetime: self.end_datetime.unwrap_or(promotion.end_datetime),
            is_active: self.is_active.unwrap_or(promotion.is_active),
            detail: self.detail.clone().or(promotion.detail),
            ..promotion
        }
    }
}

/// What may be asked of promotions that hold now.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The store it must hold in.
    pub store_code: Option<String>,
    /// The category it must reduce.
    pub category_code: Option<String>,
    /// The rule it must have.
    pub promotion_type: Option<String>,
}

impl Promotion {
    /// Checks what only holds between fields.
    pub fn checked(self) -> Result<Self> {
        // The end reaches to the last microsecond of what was written, so two equal texts are less than a second apart.
        if self.end_datetime.duration_since(self.start_datetime) < SignedDuration::from_secs(1) {
            return Err(codes::INVALID_INPUT
                .error("end_datetime must be after start_datetime")
                .field("end_datetime", "must be after start_datetime"));
        }
        if self.promotion_type == CATEGORY_DISCOUNT && self.detail.is_none() {
            return Err(codes::INVALID_INPUT
                .error("detail is required for category_discount")
                .field("detail", "is required for category_discount"));
        }
        Ok(self)
    }

    /// True if it is switched on and `now` lies in its window, both ends included.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.is_active && !self.is_deleted && self.start_datetime <= now && now <= self.end_datetime
    }

    /// True if it is one of those asked for. A promotion without a detail names no store and no category.
    pub fn fits(&self, wanted: &Wanted) -> bool {
        let detail = self.detail.as_ref();
        let rule = wanted
            .promotion_type
            .as_ref()
            .is_none_or(|rule| *rule == self.promotion_type);
        let store = wanted.store_code.as_ref().is_none_or(|store| {
            detail.is_some_and(|it| it.target_store_codes.is_empty() || it.target_store_codes.contains(store))
        });
        let category = wanted.category_code.as_ref().is_none_or(|category| {
            self.promotion_type == CATEGORY_DISCOUNT
                && detail.is_some_and(|it| it.target_category_codes.contains(category))
        });
        rule && store && category
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promotion() -> Promotion {
        Promotion {
            promotion_code: "JUN".to_owned(),
            promotion_type: CATEGORY_DISCOUNT.to_owned(),
            name: "June".to_owned(),
            description: None,
            start_datetime: "2026-06-07T15:00:00Z".parse().unwrap(),
            end_datetime: "2026-06-14T14:59:59.999999Z".parse().unwrap(),
            is_active: true,
            is_deleted: false,
            detail: Some(Detail {
                target_store_codes: vec!["tk01".to_owned()],
                target_category_codes: vec!["320".to_owned()],
                discount_rate: "10".parse().unwrap(),
            }),
        }
    }

    #[test]
    fn both_ends_of_the_window_belong_to_it() {
        for (now, holds) in [
            ("2026-06-07T14:59:59.999999Z", false),
            ("2026-06-07T15:00:00Z", true),
            ("2026-06-14T14:59:59.5Z", true),
            ("2026-06-14T15:00:00Z", false),
        ] {
            assert_eq!(promotion().holds_at(now.parse().unwrap()), holds, "{now}");
        }
        let now = "2026-06-10T00:00:00Z".parse().unwrap();
        assert!(
            !Promotion {
                is_active: false,
                ..promotion()
            }
            .holds_at(now)
        );
        assert!(
            !Promotion {
                is_deleted: true,
                ..promotion()
            }
            .holds_at(now)
        );
    }

    #[test]
    fn asked_for_by_store_category_and_rule() {
        let anywhere = Promotion {
            detail: promotion().detail.map(|it| Detail {
                target_store_codes: Vec::new(),
                ..it
            }),
            ..promotion()
        };
        let without_detail = Promotion {
            promotion_type: "points".to_owned(),
            detail: None,
            ..promotion()
        };
        let check = |it: &Promotion, store: &str, category: &str, rule: &str, expected: bool| {
            let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let wanted = Wanted {
                store_code: given(store),
                category_code: given(category),
                promotion_type: given(rule),
            };
            assert_eq!(it.fits(&wanted), expected, "{wanted:?}");
        };
        check(&promotion(), "", "", "", true);
        check(&promotion(), "tk01", "", "", true);
        check(&promotion(), "tk02", "", "", false);
        check(&promotion(), "", "320", "", true);
        check(&promotion(), "", "321", "", false);
        check(&promotion(), "tk01", "320", CATEGORY_DISCOUNT, true);
        check(&promotion(), "tk02", "320", "", false);
        check(&promotion(), "", "", "points", false);
        check(&anywhere, "tk02", "320", "", true);
        check(&without_detail, "", "", "points", true);
        check(&without_detail, "tk01", "", "", false);
        check(&without_detail, "", "320", "", false);
    }

    #[test]
    fn a_promotion_must_last_and_know_its_categories() {
        let start = promotion().start_datetime;
        for end in [
            start,
            start + SignedDuration::from_micros(999_999),
            start - SignedDuration::from_secs(5),
        ] {
            let error = Promotion {
                end_datetime: end,
                ..promotion()
            }
            .checked()
            .unwrap_err();
            assert_eq!(error.fields()[0].field, "end_datetime");
        }
        let error = Promotion {
            detail: None,
            ..promotion()
        }
        .checked()
        .unwrap_err();
        assert_eq!(error.fields()[0].field, "detail");
        assert!(promotion().checked().is_ok());
    }
}
