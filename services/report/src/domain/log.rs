//! The logs as the fold reads them: borrowed from the wire shape, with exact decimals and checked keys.

use std::fmt;

use kugel_types::{BusinessDate, StoreCode, TerminalNo};
use rust_decimal::Decimal;

/// A session of a terminal: what happens between opening and closing. Every log belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Session {
    /// The store.
    pub store: StoreCode,
    /// The terminal within the store.
    pub terminal: TerminalNo,
    /// The day in the books.
    pub date: BusinessDate,
    /// How often the terminal had been opened on that day.
    pub open_counter: i32,
}

impl fmt::Display for Session {
    /// The session as part of a document's id.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}/{}/{}/{}",
            self.store, self.terminal, self.date, self.open_counter
        )
    }
}

/// What a transaction is, which decides how it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 101.
    Sale,
    /// 102.
    Return,
    /// 201: takes a sale back.
    VoidSale,
    /// 202: takes a return back.
    VoidReturn,
}

impl Kind {
    /// Takes the number of the wire. 1 is the older name of a sale.
    pub fn from_number(number: i32) -> Option<Self> {
        match number {
            1 | 101 => Some(Self::Sale),
            102 => Some(Self::Return),
            201 => Some(Self::VoidSale),
            202 => Some(Self::VoidReturn),
            _ => None,
        }
    }
    /// How amounts count towards what was earned.
    pub fn sign(self) -> Sign {
        match self {
            Self::Sale | Self::VoidReturn => Sign(1),
            Self::Return | Self::VoidSale => Sign(-1),
        }
    }
}

/// Plus or minus one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign(i8);

impl Sign {
    /// The other sign.
    pub fn turned(self) -> Self {
        Self(-self.0)
    }
    /// The amount with this sign.
    pub fn of(self, amount: Decimal) -> Decimal {
        if self.0 < 0 { -amount } else { amount }
    }
    /// The number with this sign.
    pub fn count(self, number: usize) -> i64 {
        i64::from(self.0) * i64::try_from(number).unwrap_or(i64::MAX)
    }
}

/// A transaction log.
#[derive(Debug, Clone)]
pub struct Transaction<'log> {
    /// The session that made it.
    pub session: Session,
    /// The terminal's number for it.
    pub number: i64,
    /// When it was made, ISO 8601.
    pub generated: &'log str,
    /// What it is.
    pub kind: Kind,
    /// True if the sale was cancelled before it was paid: then it counts nowhere but in the log count.
    pub cancelled: bool,
    /// The store's name.
    pub store_name: &'log str,
    /// The currency code.
    pub currency: &'log str,
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
    /// `External`, `Internal` or `Exempt`.
    pub kind: &'log str,
    /// The tax's name.
    pub name: &'log str,
    /// The tax.
    pub amount: Decimal,
    /// The amount that was taxed.
    pub target: Decimal,
    /// The quantity that was taxed.
    pub quantity: Decimal,
}

impl Tax<'_> {
    /// True if the prices contain the tax.
    pub fn is_included(&self) -> bool {
        self.kind == "Internal"
    }
}

/// A cash log: money that went into the drawer (above zero) or came out of it.
#[derive(Debug, Clone)]
pub struct Cash<'log> {
    /// The session it happened in.
    pub session: Session,
    /// When, ISO 8601.
    pub generated: &'log str,
    /// The amount with its sign.
    pub amount: Decimal,
}

/// An open or close log.
#[derive(Debug, Clone)]
pub struct OpenClose<'log> {
    /// The session that began or ended.
    pub session: Session,
    /// When, ISO 8601.
    pub generated: &'log str,
    /// What the terminal said about the session when it ended; `None` when it began.
    pub close: Option<Close<'log>>,
}

/// What a terminal says about its session at the close.
#[derive(Debug, Clone)]
pub struct Close<'log> {
    /// The cash that was counted, 0 if none was.
    pub counted_cash: Decimal,
    /// Transaction logs of the session, cancelled ones included.
    pub transactions: i64,
    /// The number of the newest of them.
    pub last_transaction: Option<i64>,
    /// Cash logs of the session.
    pub cash_logs: i64,
    /// When the newest of them was made.
    pub last_cash: Option<&'log str>,
}
