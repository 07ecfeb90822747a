//! What a receipt shows.

use kugel_types::{Currency, LocalTime, Money, Quantity, Rate};

use crate::Align;

/// Everything that a receipt shows, filled from a transaction. Amounts are positive for every kind.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiptData {
    /// The store's currency.
    pub currency: Currency,
    /// What happened.
    pub kind: ReceiptKind,
    /// Lines that the shop wants on top.
    pub headers: Vec<Banner>,
    /// Lines that the shop wants at the bottom.
    pub footers: Vec<Banner>,
    /// The till's number.
    pub terminal_no: i32,
    /// Who served; absent if nobody was signed in.
    pub staff_id: Option<String>,
    /// When the transaction was made.
    pub time: LocalTime,
    /// The lines, cancelled ones included; those are not printed.
    pub lines: Vec<ReceiptLine>,
    /// Sum of the lines before subtotal discounts.
    pub subtotal_amount: Money,
    /// Discounts on the subtotal.
    pub subtotal_discounts: Vec<ReceiptDiscount>,
    /// The taxes, one entry for each code.
    pub taxes: Vec<ReceiptTax>,
    /// What the customer owed.
    pub total_amount_with_tax: Money,
    /// The payments.
    pub payments: Vec<ReceiptPayment>,
    /// What went back to the customer.
    pub change_amount: Money,
    /// The transaction acted on: of returns and voids only.
    pub origin: Option<Origin>,
    /// The printed receipt number.
    pub receipt_no: i64,
    /// Stamp duty, if the receipt bears it.
    pub stamp_duty: Option<Money>,
    /// The shop's number as an issuer of qualified invoices.
    pub invoice_registration_number: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptKind {
    /// A sale (101).
    Sale,
    /// A return (102).
    Return,
    /// The void of a sale (201).
    VoidSale,
    /// The void of a return (202).
    VoidReturn,
    /// A sale that was cancelled before it was billed.
    CancelledSale,
}

impl ReceiptKind {
    /// The kind of a transaction type number, if receipts exist for it. A cancelled transaction has its own kind
    /// whatever its number.
    pub fn from_transaction_type(number: i32, is_cancelled: bool) -> Option<Self> {
        match number {
            _ if is_cancelled => Some(Self::CancelledSale),
            1 | 101 => Some(Self::Sale),
            -101 => Some(Self::CancelledSale),
            102 => Some(Self::Return),
            201 => Some(Self::VoidSale),
            202 => Some(Self::VoidReturn),
            _ => None,
        }
    }
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Sale => "【 領 収 証 】",
            Self::Return => "【 返 品 】",
            Self::VoidSale => "【 取 消 】",
            Self::VoidReturn => "【 返 品 取 消 】",
            Self::CancelledSale => "【 取 引 中 止 】",
        }
    }
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Sale => "売上",
            Self::Return => "返品",
            Self::VoidSale => "売上取消",
            Self::VoidReturn => "返品取消",
            Self::CancelledSale => "取引中止",
        }
    }
}

/// A line of the shop's own choosing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// The text; empty for a blank line.
    pub text: String,
    /// Where it stands.
    pub align: Align,
}

/// A line of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptLine {
    /// The item's name.
    pub description: String,
    /// Price of one unit.
    pub unit_price: Money,
    /// How many units.
    pub quantity: Quantity,
    /// Price times quantity, before discounts.
    pub gross_amount: Money,
    /// The row of the tax table, which decides the mark behind the amount.
    pub tax_code: String,
    /// The line's discounts.
    pub discounts: Vec<ReceiptDiscount>,
    /// True if the line was cancelled.
    pub is_cancelled: bool,
}

/// A discount of a line or of the subtotal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptDiscount {
    /// The percentage; absent for a fixed amount.
    pub rate: Option<Rate>,
    /// What was taken off, as a positive amount.
    pub amount: Money,
}

/// The tax of one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptTax {
    /// How it relates to the price.
    pub kind: TaxKind,
    /// Its name.
    pub name: String,
    /// The amount that it is worked out on.
    pub target_amount: Money,
    /// The tax.
    pub amount: Money,
}

/// How a tax relates to the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaxKind {
    /// Added on top.
    External,
    /// Contained.
    Internal,
    /// None.
    Exempt,
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptPayment {
    /// The code; other payments are printed in its order.
    pub code: String,
    /// True for cash, which is printed first, in one sum.
    pub is_cash: bool,
    /// The name of the method.
    pub description: String,
    /// What was handed over.
    pub deposit: Money,
    /// What it settled, net of change.
    pub amount: Money,
}

/// The transaction that a return or void acts on.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// When it was made.
    pub time: LocalTime,
    /// What it was; absent if unknown.
    pub kind: Option<ReceiptKind>,
    /// Its store.
    pub store_code: String,
    /// The store's name.
    pub store_name: String,
    /// Its till.
    pub terminal_no: i32,
    /// Its printed receipt number.
    pub receipt_no: i64,
    /// Its transaction number.
    pub transaction_no: i64,
}
