//! Pricing: lines, discounts, promotions, tax, rounding and tenders, in exact decimals.
//!
//! A pure function of its arguments: the same [`Basket`] and [`Policy`] give the same [`Priced`] basket with the same
//! reasons, on a server or, compiled to WebAssembly, on a till that is offline. Nothing here knows a clock, a store, a
//! wire format or a binary float, and nothing is carried over from one calculation to the next: every figure,
//! including promotions, allocations and change, is worked out from the basket alone.
//!
//! Start reading at [`price`]. The commands that check before they price are [`discount_line`], [`discount_subtotal`]
//! and [`pay`]. All of them take a basket and answer the priced basket, or refuse and change nothing.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod basket;
mod command;
mod exact;
mod line;
mod payment;
mod policy;
mod price;
mod priced;
mod promotion;
mod stamp_duty;
mod subtotal;
mod tax;

pub use basket::{
    Basket, Discount, DiscountValue, Line, PaymentMethod, Promotion, PromotionRef, Tender, check_tenders,
};
pub use command::{discount_line, discount_subtotal, pay};
pub use line::COMES_TO_NOTHING;
pub use policy::Policy;
pub use price::price;
pub use priced::{Priced, PricedDiscount, PricedLine, PricedPayment, PricedTax, Reason};
pub use promotion::CATEGORY_DISCOUNT;
pub use stamp_duty::{StampDuty, stamp_duty};
