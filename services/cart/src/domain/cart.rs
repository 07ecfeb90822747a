//! The cart: what is in the basket, what it comes to, and what it is worked out from.
//!
//! The aggregate is also the document: nobody but this service reads `cache_cart`, so a second shape would only have to
//! be kept equal. What clients and consumers see are the messages of the contract. The receipt is kept in the log alone.
//! What is false or zero on most lines is left out of the document, for a cart is written at every command.

use std::fmt;
use std::sync::Arc;

use kugel_error::{Error, codes};
use kugel_pricing::{PricedDiscount, PricedLine, PricedTax, Promotion, Tender};
use kugel_types::{
    BusinessDate, Currency, LocalTime, Money, PaymentKind, Quantity, StaffRef, StoreCode, TaxRule, TenantId,
    TerminalId, TerminalNo, TransactionType,
};
use serde::{Deserialize, Serialize};

use super::masters::ItemMaster;
use super::settings::CartSettings;
use super::state::{CartEvent, CartState};
use super::terminal::{Session, StoreState};

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
    pub tenant_id: TenantId,
    /// The store.
    pub store_code: StoreCode,
    /// The store's name when the cart was opened.
    pub store_name: String,
    /// The store's currency.
    pub currency_code: Currency,
    /// The smallest coin that the store takes; that of the currency in a cart of an earlier build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cash_coin: Option<Money>,
    /// The terminal that the cart belongs to.
    pub terminal_no: TerminalNo,
    /// The type of the transaction that it will be.
    pub transaction_type: TransactionType,
    /// The transaction number; -1 while the cart is open.
    pub transaction_no: i64,
    /// The receipt number; -1 while the cart is open.
    pub receipt_no: i64,
    /// Who it was opened for.
    pub user: Option<User>,
    /// Who opened it, and in the end who billed or cancelled it.
    pub staff: Option<StaffRef>,
    /// Where it is in its life.
    pub cart_status: CartState,
    /// When it was opened, ISO 8601 with offset.
    pub reference_date_time: String,
    /// When it was billed or cancelled.
    pub generate_date_time: Option<String>,
    /// The day in the books.
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
    pub subtotal_discounts: Vec<PricedDiscount>,
    /// The payments.
    pub payments: Vec<CartPayment>,
    /// The taxes.
    pub taxes: Vec<PricedTax>,
    /// What the cart keeps of the masters.
    pub masters: CartMasters,
    /// What another person approved, each only once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approved>,
}

/// What one person did because another one approved it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// The name of the permission that was missing.
    pub permission: String,
    /// Who did it.
    pub staff: StaffRef,
    /// Who approved it.
    pub approved_by: StaffRef,
}

/// What a cart keeps of the masters it has used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartMasters {
    /// The rules of the tax codes on its lines.
    pub taxes: Vec<TaxRule>,
    /// The settings of its terminal.
    pub settings: CartSettings,
    /// The promotions that held when its first line was entered; `None` before. Promotions are not retroactive.
    pub promotions: Option<Vec<Promotion>>,
}

/// The totals of a cart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sales {
    /// Lines less subtotal discounts, without external tax.
    pub total_amount: Money,
    /// With external tax.
    pub total_amount_with_tax: Money,
    /// External tax.
    pub tax_amount: Money,
    /// Quantity of all lines that count.
    pub total_quantity: Quantity,
    /// All discounts.
    pub total_discount_amount: Money,
    /// What was tendered.
    pub deposit_amount: Money,
    /// What goes back.
    pub change_amount: Money,
    /// What remains to be paid.
    pub balance_amount: Money,
    /// What the payments are more than the total, because cash is rounded to the store's coin.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rounding_amount: Money,
    /// What cash would have to bring now.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cash_balance_amount: Money,
    /// The cash that stamp duty is due on; zero without duty.
    pub stamp_duty_target_amount: Money,
    /// Stamp duty.
    pub stamp_duty_amount: Money,
}

/// A line of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// Counted from 1.
    pub line_no: i32,
    /// The item as it was when the cart first held it.
    pub item: Arc<ItemMaster>,
    /// The price.
    pub unit_price: Money,
    /// The price before it was first changed by hand; zero until then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unit_price_original: Money,
    /// True once the price was changed by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unit_price_changed: bool,
    /// How much.
    pub quantity: Quantity,
    /// True once the line was cancelled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cancelled: bool,
    /// What pricing found, discounts included.
    pub priced: PricedLine,
}

fn is_zero(amount: &Money) -> bool {
    amount.is_zero()
}

/// A payment of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartPayment {
    /// Counted from 1.
    pub payment_no: i32,
    /// The name of its method.
    pub payment_name: String,
    /// What was tendered, and what the payment master said of its method then.
    #[serde(flatten)]
    pub tender: Tender,
    /// What it settles.
    pub payment_amount: Money,
    /// What goes back of it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub change_amount: Money,
    /// Free text.
    pub payment_detail: Option<String>,
}

impl CartPayment {
    /// True if it was made in notes and coins.
    pub fn is_cash(&self) -> bool {
        self.tender.method.kind == PaymentKind::Cash
    }
}

/// What a new cart is opened with.
#[derive(Debug, Clone)]
pub struct Opening<'a> {
    /// The terminal that opens it.
    pub terminal: &'a TerminalId,
    /// Its store.
    pub store: &'a StoreState,
    /// Its session.
    pub session: Session,
    /// Who is signed in.
    pub staff: &'a StaffRef,
    /// Who it is opened for.
    pub user: Option<User>,
    /// The terminal's settings.
    pub settings: CartSettings,
    /// The present.
    pub now: &'a LocalTime,
}

impl Cart {
    /// True if the terminal is the one that the cart belongs to.
    pub fn belongs_to(&self, terminal: &TerminalId) -> bool {
        self.tenant_id == terminal.tenant
            && self.store_code == terminal.store
            && self.terminal_no == terminal.number
    }

    /// Opens an empty cart.
    pub fn open(opening: Opening<'_>) -> Result<Self, Error> {
        let (terminal, session) = (opening.terminal, opening.session);
        Ok(Self {
            cart_id: CartId::generate(),
            tenant_id: terminal.tenant.clone(),
            store_code: terminal.store.clone(),
            store_name: opening.store.name.clone(),
            currency_code: opening.store.currency,
            cash_coin: Some(opening.store.cash_coin),
            terminal_no: terminal.number,
            transaction_type: TransactionType::Sale,
            transaction_no: NO_NUMBER,
            receipt_no: NO_NUMBER,
            user: opening.user,
            staff: Some(opening.staff.clone()),
            cart_status: CartState::Initial.transition(CartEvent::Create)?,
            reference_date_time: opening.now.iso(),
            generate_date_time: None,
            business_date: session.business_date,
            open_counter: session.open_counter,
            business_counter: session.business_counter,
            sales: Sales::default(),
            line_items: Vec::new(),
            subtotal_discounts: Vec::new(),
            payments: Vec::new(),
            taxes: Vec::new(),
            masters: CartMasters {
                taxes: Vec::new(),
                settings: opening.settings,
                promotions: None,
            },
            approvals: Vec::new(),
        })
    }

    /// Keeps what the last change was approved by.
    pub fn keep_approval(&mut self, approval: Option<&Approved>) {
        if let Some(approval) = approval.filter(|approval| !self.approvals.contains(approval)) {
            self.approvals.push(approval.clone());
        }
    }

    /// An empty cart in yen.
    #[cfg(test)]
    pub(crate) fn for_test() -> Self {
        let terminal = "t1-s1-1".parse().unwrap();
        let defaults = super::settings::CartDefaults {
            receipt_no_start: 1,
            receipt_no_end: 9,
            discount_rounding: kugel_types::RoundMethod::Round,
        };
        Self::open(Opening {
            terminal: &terminal,
            store: &StoreState {
                name: "Store".to_owned(),
                currency: Currency::JPY,
                cash_coin: Currency::JPY.cash_coin(),
            },
            session: Session {
                business_date: "20260611".parse().unwrap(),
                open_counter: 1,
                business_counter: 1,
            },
            staff: &StaffRef {
                id: "31".to_owned(),
                name: "Mori".to_owned(),
            },
            user: None,
            settings: CartSettings::at(&terminal, &[], &defaults).unwrap(),
            now: &LocalTime::new(jiff::Timestamp::UNIX_EPOCH, &jiff::tz::TimeZone::UTC),
        })
        .unwrap()
    }
}

/// Refuses the transaction type of a new cart unless it is a sale's. Returns and voids are not made of carts.
pub fn check_sale(requested: Option<i32>) -> Result<(), Error> {
    match requested.map(TransactionType::try_from) {
        None | Some(Ok(TransactionType::Sale)) => Ok(()),
        Some(_) => Err(codes::INVALID_INPUT
            .error("a cart becomes a sale and no other transaction")
            .field("transaction_type", "must be 101 or 1")),
    }
}
