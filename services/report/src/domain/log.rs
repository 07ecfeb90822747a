//! The logs as the fold reads them: borrowed from the wire shape, with exact decimals and checked keys.

use std::fmt;

use jiff::Timestamp;
use kugel_types::{BusinessDate, Currency, StoreCode, TaxType, TerminalNo, TransactionType};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A session of a terminal: what happens between opening and closing. Every log belongs to exactly one. What is posted is
/// kept apart from what the session's own events say, so that it can hold nothing up and be taken out again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Session {
    /// The store.
    #[serde(rename = "store_code")]
    pub store: StoreCode,
    /// The terminal within the store.
    #[serde(rename = "terminal_no")]
    pub terminal: TerminalNo,
    /// The day in the books.
    #[serde(rename = "business_date")]
    pub date: BusinessDate,
    /// How often the terminal had been opened on that day.
    pub open_counter: i32,
    /// True for what was posted as part of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_posted: bool,
}

impl Session {
    /// True if a log of the session's store that names these belongs to the session.
    pub fn has(&self, terminal: i32, date: &str, open_counter: i32) -> bool {
        self.terminal.get() == terminal && self.date.to_string() == date && self.open_counter == open_counter
    }
}

impl fmt::Display for Session {
    /// The session as part of a document's id.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let posted = if self.is_posted { "posted/" } else { "" };
        write!(
            formatter,
            "{posted}{}/{}/{}/{}",
            self.store, self.terminal, self.date, self.open_counter
        )
    }
}

/// A transaction log.
#[derive(Debug, Clone)]
pub struct Transaction<'log> {
    /// The session that made it.
    pub session: Session,
    /// The terminal's number for it.
    pub number: i64,
    /// What it is.
    pub kind: TransactionType,
    /// True if the sale was cancelled before it was paid: then it counts nowhere but in the log count.
    pub cancelled: bool,
    /// The store's name.
    pub store_name: &'log str,
    /// The store's currency; `None` if the log does not say.
    pub currency: Option<Currency>,
    /// What was paid or is owed: after discounts, with external tax.
    pub total_with_tax: Decimal,
    /// All discounts together.
    pub total_discount: Decimal,
    /// Quantity over all lines that are not cancelled.
    pub quantity: Decimal,
    /// The lines that are not cancelled.
    pub lines: Vec<Line<'log>>,
    /// The payments.
    pub payments: Vec<Payment<'log>>,
    /// The taxes by tax code.
    pub taxes: Vec<Tax<'log>>,
    /// What the discounts on the whole transaction took off.
    pub subtotal_discounts: Vec<Decimal>,
    /// Cash that it brought into the drawer, or took out of it if it gives back.
    pub cash: Decimal,
    /// What the payments are more than the total, because cash is rounded to coins.
    pub rounding: Decimal,
}

/// A line of a transaction.
#[derive(Debug, Clone)]
pub struct Line<'log> {
    /// The item.
    pub item: &'log str,
    /// The item's description.
    pub description: &'log str,
    /// The category, empty for none.
    pub category: &'log str,
    /// The tax code.
    pub tax_code: &'log str,
    /// How much.
    pub quantity: Decimal,
    /// After the line's own discounts, before the allocated ones.
    pub amount: Decimal,
    /// The line's own discounts.
    pub discounts: Vec<Discount<'log>>,
    /// The line's shares of the discounts on the whole transaction.
    pub allocated: Vec<Discount<'log>>,
}

impl Line<'_> {
    /// What the line's own discounts took off.
    pub fn own_discount(&self) -> Decimal {
        self.discounts.iter().map(|discount| discount.amount).sum()
    }
    /// The line's share of the discounts on the whole transaction.
    pub fn allocated_discount(&self) -> Decimal {
        self.allocated.iter().map(|discount| discount.amount).sum()
    }
}

/// What a discount took off a line.
#[derive(Debug, Clone)]
pub struct Discount<'log> {
    /// The amount.
    pub amount: Decimal,
    /// The promotion that gave it: code and type.
    pub promotion: Option<(&'log str, &'log str)>,
}

/// A payment of a transaction.
#[derive(Debug, Clone)]
pub struct Payment<'log> {
    /// The payment method's code.
    pub code: &'log str,
    /// The payment method's name.
    pub name: &'log str,
    /// What it settled, net of change.
    pub amount: Decimal,
}

/// A tax of a transaction.
#[derive(Debug, Clone)]
pub struct Tax<'log> {
    /// The tax code.
    pub code: &'log str,
    /// How it relates to the prices.
    pub kind: TaxType,
    /// The tax's name.
    pub name: &'log str,
    /// The tax.
    pub amount: Decimal,
    /// The amount that was taxed.
    pub target: Decimal,
    /// The quantity that was taxed.
    pub quantity: Decimal,
}

/// A cash log: money that went into the drawer (above zero) or came out of it.
#[derive(Debug, Clone)]
pub struct Cash {
    /// The session it happened in.
    pub session: Session,
    /// When.
    pub generated: Timestamp,
    /// The amount with its sign.
    pub amount: Decimal,
}

/// An open or close log.
#[derive(Debug, Clone)]
pub struct OpenClose {
    /// The session that began or ended.
    pub session: Session,
    /// When.
    pub generated: Timestamp,
    /// What the terminal said about the session when it ended; `None` when it began.
    pub close: Option<Close>,
}

/// What somebody counted at the close.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// The cash.
    pub cash: Decimal,
    /// The cash less what the terminal expected.
    pub over_short: Decimal,
}

/// What a terminal says about its session at the close.
#[derive(Debug, Clone)]
pub struct Close {
    /// What was counted; `None` if nobody did, or if an earlier build did not write what was over or short.
    pub counted: Option<Counted>,
    /// Transaction logs of the session, cancelled ones included.
    pub transactions: i64,
    /// The number of the newest of them.
    pub last_transaction: Option<i64>,
    /// Cash logs of the session.
    pub cash_logs: i64,
    /// When the newest of them was made.
    pub last_cash: Option<Timestamp>,
}
