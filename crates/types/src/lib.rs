//! The words everybody shares: identifiers, exact decimals, dates, paging and time.
//!
//! Every identifier and amount is a type with a private field and one fallible constructor, so that after the edge of
//! a service no bare `String` means an id and no float means money. This crate knows no transport, no store and no
//! clock of its own: time comes in through [`Clock`]. Start reading at [`id`], [`money`] and [`trade`].
//!
//! # One text form
//!
//! *Context.* Values once carried no serde, so that a document could change without a rule changing. Each service that
//! kept a value then wrote a mirror of it with conversions both ways, the mirrors differed in what they did with an
//! unknown name, and a new field had to be added to each. *Choice.* A value has exactly one text form here, its
//! `Display`, and is read back through a parser that refuses what it does not know: a number is its decimal digits, a
//! word its name, an id its text; [`TerminalNo`] and [`TransactionType`] are numbers. Documents and events hold values
//! as they are; records and messages keep shapes of their own. *Price.* The form is part of the data folder: whoever
//! changes a `Display`, a name or a field of [`TaxRule`] changes stored documents.

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
pub use money::{InvalidAmount, Money, Overflow, Quantity, Rate, parse_exact};
pub use page::{Direction, Page, Sort};
pub use trade::{
    Currency, DEFAULT_PAYMENTS, DefaultPayment, PaymentKind, RoundMethod, Sign, StaffRef, StampDutyTable,
    StampDutyTier, TaxRule, TaxType, TransactionType,
};
