//! What a receipt shows.

use kugel_types::money::Decimal;
use kugel_types::{Currency, LocalTime, Money, Quantity, Rate, TaxType, TransactionType};

use crate::Align;

/// Everything that a receipt shows, filled from a transaction. Amounts are positive for every kind.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiptData {
    /// The store's currency.
    pub currency: Currency,
    /// What happened.
    pub transaction_type: TransactionType,
    /// True if it was given up before it was billed.
    pub is_cancelled: bool,
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
    /// What was paid more than that, or less, because cash has no smaller coin.
    pub rounding_amount: Money,
    /// The payments.
    pub payments: Vec<ReceiptPayment>,
    /// The transaction acted on: of returns and voids only.
    pub origin: Option<Origin>,
    /// The printed receipt number.
    pub receipt_no: i64,
    /// Stamp duty, if the receipt bears it.
    pub stamp_duty: Option<Money>,
    /// The shop's number as an issuer of qualified invoices.
    pub invoice_registration_number: Option<String>,
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
    /// Price of one unit, as fine as the shop has it.
    pub unit_price: Money,
    /// How many units.
    pub quantity: Quantity,
    /// Price times quantity, rounded as the line was, before discounts.
    pub gross_amount: Money,
    /// The code of its tax, one of the receipt's. The tax decides the mark behind the amount.
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
    /// The code.
    pub code: String,
    /// The percentage; absent if nobody knows it any more.
    pub rate: Option<Rate>,
    /// How it relates to the price.
    pub tax_type: TaxType,
    /// Its name.
    pub name: String,
    /// The amount that it is worked out on.
    pub target_amount: Money,
    /// The tax.
    pub amount: Money,
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
    /// What it settled.
    pub amount: Money,
    /// What went back to the customer of it.
    pub change: Money,
}

impl ReceiptPayment {
    /// What was handed over and neither settled anything nor went back: a voucher gives no change.
    pub(super) fn forfeited(&self) -> Money {
        let rest = self.deposit.decimal() - self.amount.decimal() - self.change.decimal();
        Money::from_decimal(rest.max(Decimal::ZERO))
    }
}

/// The transaction that a return or void acts on.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// When it was made.
    pub time: LocalTime,
    /// What it was.
    pub transaction_type: TransactionType,
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
