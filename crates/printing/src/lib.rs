//! Printed paper: 32 columns of receipts, journals, cash slips and reports.
//!
//! A [`Printout`] is a list of lines, rendered as journal text (plain) or as receipt text (XML for the printer driver).
//! [`receipt`] lays out the receipt of a transaction; terminal and report build their own printouts with the same
//! builder. Everything here is a pure function of its arguments and needs no locale of the operating system. It knows
//! no service and no store. Start reading at [`Printout`].

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod columns;
mod date;
mod line;
mod number;
mod printout;
mod receipt;
mod xml;

pub use columns::{WIDTH, center, cut, left, right, width};
pub use date::{business_date, date, date_time};
pub use line::Align;
pub use number::{amount, grouped, price, rate};
pub use printout::Printout;
pub use receipt::{
    Banner, Origin, ReceiptData, ReceiptDiscount, ReceiptLine, ReceiptPayment, ReceiptTax, receipt,
};
