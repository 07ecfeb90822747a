//! The words everybody shares: identifiers, exact decimals, dates, paging and time.
//!
//! Every identifier and amount is a type with a private field and one fallible constructor, so that after the edge of
//! a service no bare `String` means an id and no float means money. This crate knows no transport, no store and no
//! clock of its own: time comes in through [`Clock`]. Start reading at [`id`] and [`money`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

pub mod clock;
pub mod date;
pub mod id;
pub mod moment;
pub mod money;
pub mod page;
mod text;
pub mod trade;

pub use clock::{Clock, ManualClock, SystemClock};
pub use date::{BusinessDate, LocalTime};
pub use id::{EventId, InvalidId, ItemCode, StoreCode, TenantId, TerminalId, TerminalNo};
pub use moment::Moment;
pub use money::{InvalidAmount, Money, Overflow, Quantity, Rate};
pub use page::{Direction, Page, Sort};
pub use trade::{
    Currency, DEFAULT_PAYMENTS, DefaultPayment, PaymentKind, RoundMethod, Sign, StaffRef, TaxRule, TaxType,
    TransactionType,
};
