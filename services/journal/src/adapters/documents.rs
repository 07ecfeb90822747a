//! What the journal keeps: the logs as their events carried them, and one entry for each in the unified journal.

use kugel_error::{Error, codes};
use kugel_proto::Decimal;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_store::{Collection, Field, Index, PROCESSED_REQUESTS, Record};
use kugel_types::{BusinessDate, Money, StoreCode, TerminalNo};
use serde::{Deserialize, Serialize};

use crate::domain::kind;

/// Transactions as the cart service logged them, but for [`TEXTS`].
pub(crate) static TRANSACTION_LOGS: Collection = Collection {
    name: "transaction_logs",
    fields: &[],
    indexes: &[],
};
/// The members of a transaction's log that lie in its entry and are half of its bytes.
pub(crate) const TEXTS: &[&str] = &["receipt_text", "journal_text"];
/// Drawer movements as the terminal service logged them.
pub(crate) static CASH_LOGS: Collection = Collection {
    name: "cash_logs",
    fields: &[],
    indexes: &[],
};
/// Openings and closings as the terminal service logged them.
pub(crate) static OPEN_CLOSE_LOGS: Collection = Collection {
    name: "open_close_logs",
    fields: &[],
    indexes: &[],
};
/// The unified journal. One index serves the default order, one a day of a store.
pub(crate) static JOURNALS: Collection = Collection {
    name: "journals",
    fields: &[
        Field::text("store_code"),
        Field::integer("terminal_no"),
        Field::integer("transaction_no"),
        Field::integer("transaction_type"),
        Field::text("business_date"),
        Field::integer("open_counter"),
        Field::integer("business_counter"),
        Field::integer("generated_at"),
        Field::integer("receipt_no"),
        Field::text("staff_id"),
        Field::text("user_id"),
        Field::text("journal_text"),
    ],
    indexes: &[
        Index::on(&["store_code", "terminal_no", "business_date", "receipt_no"]),
        Index::on(&["store_code", "business_date"]),
    ],
};

/// An entry of the unified journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The key: where the entry comes from. Entries from events and entries by hand can never take each other's place.
    pub(crate) key: String,
    pub(crate) store_code: String,
    pub(crate) terminal_no: i32,
    pub(crate) transaction_no: Option<i64>,
    pub(crate) transaction_type: i32,
    pub(crate) business_date: String,
    pub(crate) open_counter: i32,
    pub(crate) business_counter: i32,
    pub(crate) generate_date_time: String,
    /// `generate_date_time` as microseconds since 1970, to be compared and sorted by.
    pub(crate) generated_at: i64,
    pub(crate) receipt_no: Option<i64>,
    pub(crate) amount: Decimal,
    pub(crate) quantity: Decimal,
    pub(crate) staff_id: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) journal_text: String,
    pub(crate) receipt_text: String,
}

impl Record for Entry {
    const COLLECTION: &'static Collection = &JOURNALS;
    fn id(&self) -> String {
        self.key.clone()
    }
}

/// A transaction log as it is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct TransactionRecord(pub(crate) TransactionLog);

impl Record for TransactionRecord {
    const COLLECTION: &'static Collection = &TRANSACTION_LOGS;
    fn id(&self) -> String {
        transaction_key(&self.0)
    }
}

impl TransactionRecord {
    /// The log without its texts.
    pub(crate) fn of(log: TransactionLog) -> Self {
        Self(TransactionLog {
            receipt_text: String::new(),
            journal_text: String::new(),
            ..log
        })
    }

    /// True if the logs differ in nothing but the event that carried them, texts aside.
    pub(crate) fn is_same_as(&self, log: &TransactionLog) -> bool {
        let event_id = self.0.event_id.clone();
        self.0
            == Self::of(TransactionLog {
                event_id,
                ..log.clone()
            })
            .0
    }
}

/// The key of a transaction, in its log as in the journal.
pub(crate) fn transaction_key(log: &TransactionLog) -> String {
    format!("{}/{}/{}", log.store_code, log.terminal_no, log.transaction_no)
}

impl Entry {
    /// The entry of a transaction.
    pub(crate) fn of_transaction(log: &TransactionLog) -> Result<Self, Error> {
        let sales = log.sales.as_ref().ok_or_else(|| missing("sales"))?;
        if log.transaction_no < 1 {
            return Err(missing("transaction_no"));
        }
        Self {
            key: format!("transaction/{}", transaction_key(log)),
            store_code: log.store_code.clone(),
            terminal_no: log.terminal_no,
            transaction_no: Some(log.transaction_no),
            transaction_type: kind::of_transaction(log.transaction_type, sales.is_cancelled),
            business_date: log.business_date.clone(),
            open_counter: log.open_counter,
            business_counter: log.business_counter,
            generate_date_time: log.generate_date_time.clone(),
            generated_at: instant(&log.generate_date_time)?,
            receipt_no: Some(log.receipt_no),
            amount: sales.total_amount_with_tax.clone().unwrap_or_else(zero),
            quantity: sales.total_quantity.clone().unwrap_or_else(zero),
            staff_id: log.staff.as_ref().map(|staff| staff.id.clone()),
            user_id: log.user.as_ref().and_then(|user| user.id.clone()),
            journal_text: log.journal_text.clone(),
            receipt_text: log.receipt_text.clone(),
        }
        .checked()
    }

    /// The entry of a drawer movement.
    pub(crate) fn of_cash(log: &CashLog, event_id: &str) -> Result<Self, Error> {
        let amount = log.amount.as_ref().ok_or_else(|| missing("amount"))?;
        Self {
            key: format!("cash/{event_id}"),
            store_code: log.store_code.clone(),
            terminal_no: log.terminal_no,
            transaction_no: None,
            transaction_type: kind::of_cash(Money::try_from(amount)?),
            business_date: log.business_date.clone(),
            open_counter: log.open_counter,
            business_counter: log.business_counter,
            generate_date_time: log.generate_date_time.clone(),
            generated_at: instant(&log.generate_date_time)?,
            receipt_no: None,
            amount: amount.clone(),
            quantity: zero(),
            staff_id: log.staff_id.clone(),
            user_id: None,
            journal_text: log.journal_text.clone(),
            receipt_text: log.receipt_text.clone(),
        }
        .checked()
    }

    /// The entry of an opening or a closing.
    pub(crate) fn of_open_close(log: &OpenCloseLog, event_id: &str) -> Result<Self, Error> {
        Self {
            key: format!("open_close/{event_id}"),
            store_code: log.store_code.clone(),
            terminal_no: log.terminal_no,
            transaction_no: None,
            transaction_type: kind::of_operation(&log.operation).ok_or_else(|| missing("operation"))?,
            business_date: log.business_date.clone(),
            open_counter: log.open_counter,
            business_counter: log.business_counter,
            generate_date_time: log.generate_date_time.clone(),
            generated_at: instant(&log.generate_date_time)?,
            receipt_no: None,
            amount: zero(),
            quantity: zero(),
            staff_id: log.staff_id.clone(),
            user_id: None,
            journal_text: log.journal_text.clone(),
            receipt_text: log.receipt_text.clone(),
        }
        .checked()
    }

    fn checked(self) -> Result<Self, Error> {
        self.store_code.parse::<StoreCode>()?;
        TerminalNo::new(self.terminal_no.into())?;
        self.business_date.parse::<BusinessDate>()?;
        Ok(self)
    }
}

/// No amount, no pieces.
pub(crate) fn zero() -> Decimal {
    Money::ZERO.into()
}

/// A field that a log or a request must have.
pub(crate) fn missing(field: &str) -> Error {
    codes::INVALID_INPUT
        .error(format!("{field} is required"))
        .field(field, "is required")
}

fn instant(text: &str) -> Result<i64, Error> {
    let instant: Result<jiff::Timestamp, _> = text.parse();
    instant.map(jiff::Timestamp::as_microsecond).map_err(|_| {
        codes::INVALID_INPUT
            .error(format!("generate_date_time {text:?} is not a time"))
            .field("generate_date_time", "must be ISO 8601 with an offset")
    })
}

/// All collections of the service.
pub(crate) static COLLECTIONS: [&Collection; 5] = [
    &TRANSACTION_LOGS,
    &CASH_LOGS,
    &OPEN_CLOSE_LOGS,
    &JOURNALS,
    &PROCESSED_REQUESTS,
];
