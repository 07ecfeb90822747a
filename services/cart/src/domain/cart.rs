//! The cart: what is in the basket, what it comes to, and what it is worked out from.
//!
//! The aggregate is also the document: nobody but this service reads `cache_cart`, so a second shape would only have to
//! be kept equal. What clients and consumers see are the messages of the contract. The receipt is kept in the log alone.
//! What is false or zero on most lines is left out of the document, for a cart is written at every command.

use std::fmt;

use kugel_error::{Error, codes};
use kugel_pricing::PaymentKind;
use kugel_types::{
    BusinessDate, Currency, ItemCode, Money, Quantity, StoreCode, TenantId, TerminalId, TerminalNo,
};
use serde::{Deserialize, Serialize};

use super::exact;
use super::masters::{CartPromotion, CartTaxRule};
use super::settings::CartSettings;
use super::state::CartState;

/// The transaction type of a sale.
pub const NORMAL_SALE: i32 = 101;
/// What older tills call a sale.
const NORMAL_SALE_SHORT: i32 = 1;
/// A number that was not given yet.
pub const NO_NUMBER: i64 = -1;
/// Lines that a cart may have: more than a trolley holds, and little enough to be priced on every scan.
pub const LINES_MAX: usize = 1_000;

/// A cart's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CartId(uuid::Uuid);

impl CartId {
    /// A new id, at random: it must not be guessable.
    pub fn generate() -> Self {
        Self(uuid::Uuid::new_v4())
    }
}

impl std::str::FromStr for CartId {
    type Err = Error;
    /// A text that is no id names no cart.
    fn from_str(text: &str) -> Result<Self, Error> {
        uuid::Uuid::try_parse(text)
            .map(Self)
            .map_err(|_| cart_not_found(text))
    }
}

impl fmt::Display for CartId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The answer for a cart that does not exist or is somebody else's: the two must look the same.
pub fn cart_not_found(id: impl fmt::Display) -> Error {
    codes::CART_NOT_FOUND
        .error(format!("cart {id} is not found"))
        .with("cart_id", id)
}

/// A staff member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
}

/// The customer or operator a cart was opened for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
}

/// A cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// The id.
    pub cart_id: CartId,
    /// The tenant.
    #[serde(with = "exact::text")]
    pub tenant_id: TenantId,
    /// The store.
    #[serde(with = "exact::text")]
    pub store_code: StoreCode,
    /// The store's name when the cart was opened.
    pub store_name: String,
    /// The store's currency.
    #[serde(with = "exact::currency")]
    pub currency_code: Currency,
    /// The terminal that the cart belongs to.
    #[serde(with = "exact::terminal_no")]
    pub terminal_no: TerminalNo,
    /// The type of the transaction that it will be.
    pub transaction_type: i32,
    /// The transaction number; -1 while the cart is open.
    pub transaction_no: i64,
    /// The receipt number; -1 while the cart is open.
    pub receipt_no: i64,
    /// Who it was opened for.
    pub user: Option<User>,
    /// Who opened it, and in the end who billed or cancelled it.
    pub staff: Option<Staff>,
    /// Where it is in its life.
    pub cart_status: CartState,
    /// When it was opened, ISO 8601 with offset.
    pub reference_date_time: String,
    /// When it was billed or cancelled.
    pub generate_date_time: Option<String>,
    /// The day in the books.
    #[serde(with = "exact::text")]
    pub business_date: BusinessDate,
    /// The opening of that day, from 1.
    pub open_counter: i32,
    /// The opening in the terminal's life.
    pub business_counter: i32,
    /// The totals.
    pub sales: Sales,
    /// The lines.
    pub line_items: Vec<CartLine>,
    /// Discounts on the whole cart.
    pub subtotal_discounts: Vec<CartDiscount>,
    /// The payments.
    pub payments: Vec<CartPayment>,
    /// The taxes.
    pub taxes: Vec<CartTax>,
    /// What the cart keeps of the masters.
    pub masters: CartMasters,
}

/// What a cart keeps of the masters it has used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartMasters {
    /// The rules of the tax codes on its lines.
    pub taxes: Vec<CartTaxRule>,
    /// The settings of its terminal.
    pub settings: CartSettings,
    /// The promotions that held when its first line was entered; `None` before. Promotions are not retroactive.
    pub promotions: Option<Vec<CartPromotion>>,
}

/// The totals of a cart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sales {
    /// Lines less subtotal discounts, without external tax.
    #[serde(with = "exact::amount")]
    pub total_amount: Money,
    /// With external tax.
    #[serde(with = "exact::amount")]
    pub total_amount_with_tax: Money,
    /// External tax.
    #[serde(with = "exact::amount")]
    pub tax_amount: Money,
    /// Quantity of all lines that count.
    #[serde(with = "exact::amount")]
    pub total_quantity: Quantity,
    /// All discounts.
    #[serde(with = "exact::amount")]
    pub total_discount_amount: Money,
    /// What was tendered.
    #[serde(with = "exact::amount")]
    pub deposit_amount: Money,
    /// What goes back.
    #[serde(with = "exact::amount")]
    pub change_amount: Money,
    /// What remains to be paid.
    #[serde(with = "exact::amount")]
    pub balance_amount: Money,
    /// The cash that stamp duty is due on; zero without duty.
    #[serde(with = "exact::amount")]
    pub stamp_duty_target_amount: Money,
    /// Stamp duty.
    #[serde(with = "exact::amount")]
    pub stamp_duty_amount: Money,
}

/// A line of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// Counted from 1.
    pub line_no: i32,
    /// The item.
    #[serde(with = "exact::text")]
    pub item_code: ItemCode,
    /// The item's description.
    pub item_name: String,
    /// The item's category.
    pub category_code: Option<String>,
    /// The item's tax.
    pub tax_code: String,
    /// Pictures of the item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_urls: Vec<String>,
    /// True if the item may not be discounted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_discount_restricted: bool,
    /// The price in the item master when the line was entered.
    #[serde(with = "exact::amount")]
    pub unit_price_master: Money,
    /// The price.
    #[serde(with = "exact::amount")]
    pub unit_price: Money,
    /// The price before it was first changed by hand; zero until then.
    #[serde(default, skip_serializing_if = "is_zero", with = "exact::amount")]
    pub unit_price_original: Money,
    /// True once the price was changed by hand.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_unit_price_changed: bool,
    /// How much.
    #[serde(with = "exact::amount")]
    pub quantity: Quantity,
    /// True once the line was cancelled.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_cancelled: bool,
    /// Price times quantity less discounts.
    #[serde(with = "exact::amount")]
    pub amount: Money,
    /// The sum of the discounts.
    #[serde(default, skip_serializing_if = "is_zero", with = "exact::amount")]
    pub discount_amount: Money,
    /// The line's share of the tax of its code.
    #[serde(with = "exact::amount")]
    pub tax_amount: Money,
    /// The discounts, manual ones first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<CartDiscount>,
    /// The line's share of each subtotal discount.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "exact::amounts")]
    pub allocated_amounts: Vec<Money>,
}

fn is_false(truth: &bool) -> bool {
    !truth
}

fn is_zero(amount: &Money) -> bool {
    amount.is_zero()
}

/// How a discount is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiscountType {
    /// A fixed amount.
    DiscountAmount,
    /// A percentage.
    DiscountPercentage,
}

impl DiscountType {
    /// The name on the wire and in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::DiscountAmount => "DiscountAmount",
            Self::DiscountPercentage => "DiscountPercentage",
        }
    }
}

/// A discount of a cart or a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartDiscount {
    /// How it is given.
    pub discount_type: DiscountType,
    /// The amount or the percentage that was asked for.
    pub discount_value: rust_decimal::Decimal,
    /// What it takes off.
    #[serde(with = "exact::amount")]
    pub discount_amount: Money,
    /// Free text, or the promotion's name.
    pub detail: Option<String>,
    /// The promotion behind it.
    pub promotion_code: Option<String>,
    /// That promotion's type.
    pub promotion_type: Option<String>,
}

/// A payment of a cart, with what the payment master said when it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartPayment {
    /// Counted from 1.
    pub payment_no: i32,
    /// The payment method.
    pub payment_code: String,
    /// Its name.
    pub payment_name: String,
    /// What was tendered.
    #[serde(with = "exact::amount")]
    pub deposit_amount: Money,
    /// What it settles.
    #[serde(with = "exact::amount")]
    pub payment_amount: Money,
    /// Free text.
    pub payment_detail: Option<String>,
    /// What kind of method it is.
    pub payment_kind: CartPaymentKind,
    /// The most that one payment may settle.
    #[serde(with = "exact::amount")]
    pub limit_amount: Money,
    /// True if more than the balance may be handed over.
    pub can_deposit_over: bool,
    /// True if change may be given.
    pub can_change: bool,
}

/// What kind of payment method a payment was made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CartPaymentKind {
    /// Notes and coins.
    Cash,
    /// Cards and electronic money.
    Cashless,
    /// Anything else.
    Other,
}

impl From<PaymentKind> for CartPaymentKind {
    fn from(kind: PaymentKind) -> Self {
        match kind {
            PaymentKind::Cash => Self::Cash,
            PaymentKind::Cashless => Self::Cashless,
            PaymentKind::Other => Self::Other,
        }
    }
}

impl From<CartPaymentKind> for PaymentKind {
    fn from(kind: CartPaymentKind) -> Self {
        match kind {
            CartPaymentKind::Cash => Self::Cash,
            CartPaymentKind::Cashless => Self::Cashless,
            CartPaymentKind::Other => Self::Other,
        }
    }
}

/// The tax of all lines with one tax code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartTax {
    /// The code.
    pub tax_code: String,
    /// `External`, `Internal` or `Exempt`.
    pub tax_type: String,
    /// The name.
    pub tax_name: String,
    /// The tax.
    #[serde(with = "exact::amount")]
    pub tax_amount: Money,
    /// The amount it is worked out on.
    #[serde(with = "exact::amount")]
    pub target_amount: Money,
    /// The quantity it is worked out on.
    #[serde(with = "exact::amount")]
    pub target_quantity: Quantity,
}

impl Cart {
    /// True if the terminal is the one that the cart belongs to.
    pub fn belongs_to(&self, terminal: &TerminalId) -> bool {
        self.tenant_id == terminal.tenant
            && self.store_code == terminal.store
            && self.terminal_no == terminal.number
    }
    /// The terminal that the cart belongs to.
    pub fn terminal(&self) -> TerminalId {
        TerminalId {
            tenant: self.tenant_id.clone(),
            store: self.store_code.clone(),
            number: self.terminal_no,
        }
    }
}

/// Takes the transaction type of a new cart. Returns and voids are not made of carts.
pub fn sale_type(requested: Option<i32>) -> Result<i32, Error> {
    match requested {
        None | Some(NORMAL_SALE | NORMAL_SALE_SHORT) => Ok(NORMAL_SALE),
        Some(other) => Err(codes::INVALID_INPUT
            .error(format!("{other} is not the transaction type of a sale"))
            .field("transaction_type", "must be 101 or 1")),
    }
}
