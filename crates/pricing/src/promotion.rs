//! Category promotions: at most one a line, worked out again until a payment has been taken.

use crate::{Basket, Discount, DiscountValue, Line, Promotion, PromotionRef, Reason};

/// The promotion type that takes a percentage off every line of a category.
pub const CATEGORY_DISCOUNT: &str = "category_discount";

/// The discounts of every line, with the promotions that hold now.
pub(crate) fn line_discounts(basket: &Basket, reasons: &mut Vec<Reason>) -> Vec<Vec<Discount>> {
    let Some(promotions) = active(basket, reasons) else {
        return basket.lines.iter().map(|line| line.discounts.clone()).collect();
    };
    basket
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| with_promotion(index, line, promotions, reasons))
        .collect()
}

/// The promotions to apply, or nothing if lines keep what they carry.
fn active<'a>(basket: &'a Basket, reasons: &mut Vec<Reason>) -> Option<&'a [Promotion]> {
    let kept = || {
        basket
            .lines
            .iter()
            .any(|line| line.discounts.iter().any(|discount| discount.promotion.is_some()))
    };
    if !basket.payments.is_empty() {
        if basket
            .promotions
            .as_ref()
            .is_some_and(|promotions| !promotions.is_empty())
            || kept()
        {
            reasons.push(Reason::PromotionsFrozen);
        }
        return None;
    }
    if basket.promotions.is_none() {
        reasons.push(Reason::PromotionsUnknown);
    }
    basket.promotions.as_deref()
}

fn with_promotion(
    index: usize,
    line: &Line,
    promotions: &[Promotion],
    reasons: &mut Vec<Reason>,
) -> Vec<Discount> {
    if line.is_cancelled {
        // A cancelled line is history: it shows what it was.
        return line.discounts.clone();
    }
    let mut discounts: Vec<Discount> = line
        .discounts
        .iter()
        .filter(|discount| discount.promotion.is_none())
        .cloned()
        .collect();
    if let Some(promotion) = best(line, promotions) {
        let promotion_code = promotion.code.clone();
        if line.is_discount_restricted {
            reasons.push(Reason::PromotionRefused {
                line: index,
                promotion_code,
            });
        } else {
            reasons.push(Reason::PromotionApplied {
                line: index,
                promotion_code,
            });
            discounts.push(discount_of(promotion));
        }
    }
    discounts
}

/// The highest rate for the line's category; among equals the first in the list.
fn best<'a>(line: &Line, promotions: &'a [Promotion]) -> Option<&'a Promotion> {
    let category = line.category_code.as_ref()?;
    promotions
        .iter()
        .filter(|promotion| promotion.promotion_type == CATEGORY_DISCOUNT && promotion.rate.is_positive())
        .filter(|promotion| promotion.category_codes.contains(category))
        .reduce(|best, other| if other.rate > best.rate { other } else { best })
}

fn discount_of(promotion: &Promotion) -> Discount {
    Discount {
        value: DiscountValue::Percentage(promotion.rate),
        detail: Some(promotion.name.clone()),
        promotion: Some(PromotionRef {
            code: promotion.code.clone(),
            promotion_type: promotion.promotion_type.clone(),
        }),
    }
}
