//! What pricing answers.

use std::fmt;

use kugel_types::{Money, Quantity, Rate, TaxType};
use serde::{Deserialize, Serialize};

use crate::{Discount, Tender};

/// A basket with every figure worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// One entry for each line of the basket, in the same order, cancelled lines included.
    pub lines: Vec<PricedLine>,
    /// The subtotal discounts with the amounts that they take off.
    pub subtotal_discounts: Vec<PricedDiscount>,
    /// The taxes, one entry for each code in the order of first appearance.
    pub taxes: Vec<PricedTax>,
    /// The payments with the part of each that settles the total.
    pub payments: Vec<PricedPayment>,
    /// Sum of the lines, before subtotal discounts.
    pub subtotal_amount: Money,
    /// Sum of all line and subtotal discounts.
    pub total_discount_amount: Money,
    /// Lines less subtotal discounts, without external tax.
    pub total_amount: Money,
    /// Sum of the external taxes.
    pub tax_amount: Money,
    /// What the customer owes: `total_amount` plus external tax.
    pub total_amount_with_tax: Money,
    /// Sum of the quantities.
    pub total_quantity: Quantity,
    /// Pieces: whole quantities count in full, a weighed line counts once.
    pub item_count: i64,
    /// Sum of what was handed over.
    pub deposit_amount: Money,
    /// What goes back to the customer. What a method without change was too much is neither this nor paid: it is forfeited.
    pub change_amount: Money,
    /// What remains to be paid, never below zero.
    pub balance_amount: Money,
    /// What cash would have to bring now: the balance, rounded to the coin.
    pub cash_balance_amount: Money,
    /// What the payments come to beyond the total once nothing remains, because cash is rounded to the coin.
    pub rounding_amount: Money,
    /// Why the figures are what they are, where that is not plain from the basket.
    pub reasons: Vec<Reason>,
}

/// A line with its figures. Documents leave out what most lines have none of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PricedLine {
    /// Price times quantity, rounded to the currency's minor units.
    pub gross_amount: Money,
    /// The line's discounts in order, the promotion last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<PricedDiscount>,
    /// Sum of `discounts`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub discount_amount: Money,
    /// `gross_amount` less `discount_amount`.
    pub amount: Money,
    /// The line's share of each subtotal discount, in the order of the basket's discounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allocated: Vec<Money>,
    /// The line's share of the tax of its code. Zero for a cancelled line.
    pub tax_amount: Money,
}

fn is_zero(amount: &Money) -> bool {
    amount.is_zero()
}

impl PricedLine {
    /// What the line adds to the tax base: its amount less its shares of the subtotal discounts.
    pub fn tax_base(&self) -> Result<Money, kugel_types::Overflow> {
        self.amount.minus(Money::sum(self.allocated.iter().copied())?)
    }
}

/// A discount with what it takes off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedDiscount {
    /// The discount as posted, or as the promotion made it.
    #[serde(flatten)]
    pub discount: Discount,
    /// The amount taken off.
    #[serde(rename = "discount_amount")]
    pub amount: Money,
}

/// The tax of one code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedTax {
    /// The code.
    #[serde(rename = "tax_code")]
    pub code: String,
    /// How it relates to the price.
    pub tax_type: TaxType,
    /// The name on receipts.
    #[serde(rename = "tax_name")]
    pub name: String,
    /// The percentage.
    pub rate: Rate,
    /// The tax.
    #[serde(rename = "tax_amount")]
    pub amount: Money,
    /// The amount that it is worked out on.
    pub target_amount: Money,
    /// The quantity of the lines with this code.
    pub target_quantity: Quantity,
}

/// A payment with the part that settles the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedPayment {
    /// What was handed over, and how.
    pub tender: Tender,
    /// What it settles.
    pub amount: Money,
    /// What goes back of it.
    pub change_amount: Money,
}

/// Why a figure is what it is. Line and discount positions count from zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A promotion reduced a line.
    PromotionApplied {
        /// The line.
        line: usize,
        /// The promotion.
        promotion_code: String,
    },
    /// A promotion would reduce a line that may not be discounted.
    PromotionRefused {
        /// The line.
        line: usize,
        /// The promotion.
        promotion_code: String,
    },
    /// Promotions were left as they are because the active ones are not known.
    PromotionsUnknown,
    /// A line discount took off less than asked for, because the line held no more.
    LineDiscountReduced {
        /// The line.
        line: usize,
        /// The discount's position on it.
        discount: usize,
    },
    /// A subtotal discount took off less than asked for, because the lines held no more.
    SubtotalDiscountReduced {
        /// The discount's position.
        discount: usize,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PromotionApplied { line, promotion_code } => {
                write!(formatter, "promotion {promotion_code} reduces line {}", line + 1)
            }
            Self::PromotionRefused { line, promotion_code } => {
                write!(
                    formatter,
                    "promotion {promotion_code} may not reduce line {}",
                    line + 1
                )
            }
            Self::PromotionsUnknown => {
                formatter.write_str("promotions are kept because none could be looked up")
            }
            Self::LineDiscountReduced { line, discount } => {
                write!(
                    formatter,
                    "discount {} of line {} takes off all that is left",
                    discount + 1,
                    line + 1
                )
            }
            Self::SubtotalDiscountReduced { discount } => {
                write!(
                    formatter,
                    "subtotal discount {} takes off all that is left",
                    discount + 1
                )
            }
        }
    }
}
