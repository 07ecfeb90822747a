//! Category promotions: at most one a line, worked out again every time, before payments and after them.

use crate::{Basket, Discount, DiscountValue, Line, Promotion, PromotionRef, Reason};

/// The promotion type that takes a percentage off every line of a category.
pub const CATEGORY_DISCOUNT: &str = "category_discount";

/// The discounts of every line, with the promotions that hold now.
pub(crate) fn line_discounts(basket: &Basket, reasons: &mut Vec<Reason>) -> Vec<Vec<Discount>> {
    let Some(promotions) = &basket.promotions else {
        reasons.push(Reason::PromotionsUnknown);
        return basket.lines.iter().map(|line| line.discounts.clone()).collect();
    };
    basket
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| with_promotion(index, line, promotions, reasons))
        .collect()
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
