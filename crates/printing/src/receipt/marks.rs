//! The marks behind the amounts of items: how the tax relates to the price, and whether its rate is a reduced one.

use kugel_types::money::Decimal;
use kugel_types::{Currency, TaxType};

use super::{ReceiptData, ReceiptLine, ReceiptTax};

/// The mark of a reduced rate.
pub(super) const REDUCED_RATE: &str = "軽";

/// The mark behind a line's amount, two columns wide.
pub(super) fn mark(data: &ReceiptData, line: &ReceiptLine) -> &'static str {
    match data.taxes.iter().find(|tax| tax.code == line.tax_code) {
        Some(tax) if is_reduced(tax, data.currency) => REDUCED_RATE,
        Some(tax) if tax.tax_type == TaxType::External => "外",
        Some(tax) if tax.tax_type == TaxType::Internal => "内",
        _ => "  ",
    }
}

/// True for a rate above zero and below the standard rate. No other rate of the tenant's table or of the receipt
/// decides it: a receipt of reduced rates alone must show it, and every table begins with Japan's rows.
fn is_reduced(tax: &ReceiptTax, currency: Currency) -> bool {
    tax.tax_type != TaxType::Exempt
        && tax
            .rate
            .zip(standard_rate(currency))
            .is_some_and(|(rate, standard)| rate.decimal() > Decimal::ZERO && rate.decimal() < standard)
}

/// The percentage beside which others are reduced. Japan alone asks for a mark.
fn standard_rate(currency: Currency) -> Option<Decimal> {
    (currency == Currency::JPY).then_some(Decimal::TEN)
}
