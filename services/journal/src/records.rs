//! What the journal keeps: the logs as their events carried them, and one entry for each in the unified journal.

use kugel_error::{Error, codes};
use kugel_proto::Decimal;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_store::{Collection, Field, Index, PROCESSED_REQUESTS, Record};
use kugel_types::{BusinessDate, Money, StoreCode, TerminalNo, TransactionType};
use serde::{Deserialize, Serialize};

use crate::domain::kind;

/// Transactions as the cart service logged them, but for [`TEXTS`].
pub static TRANSACTION_LOGS: Collection = Collection {
    name: "transaction_logs",
    fields: &[],
    indexes: &[],
};
/// The members of a transaction's log that lie in its entry and are half of its bytes.
pub const TEXTS: &[&str] = &["receipt_text", "journal_text"];
/// Drawer movements as the terminal service logged them.
pub static CASH_LOGS: Collection = Collection {
    name: "cash_logs",
    fields: &[],
    indexes: &[],
};
/// Openings and closings as the terminal service logged them.
pub static OPEN_CLOSE_LOGS: Collection = Collection {
    name: "open_close_logs",
    fields: &[],
    indexes: &[],
};
/// The unified journal. One index serves the default order, one a day of a store.
pub static JOURNALS: Collection = Collection {
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
        Field::decimal("amount"),
        Field::decimal("quantity"),
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
pub struct Entry {
    /// The key: where the entry comes from. Entries from events and entries by hand can never take each other's place.
    pub key: String,
    /// The store.
    pub store_code: StoreCode,
    /// The terminal within the store.
    pub terminal_no: TerminalNo,
    /// The terminal's transaction number; `None` where nothing was sold.
    pub transaction_no: Option<i64>,
    /// What happened, by number.
    pub transaction_type: i32,
    /// The day in the books, `YYYYMMDD`.
    pub business_date: BusinessDate,
    /// The session of the day.
    pub open_counter: i32,
    /// The terminal's count of business days.
    pub business_counter: i32,
    /// When it was made, as the till wrote it.
    pub generate_date_time: String,
    /// `generate_date_time` as microseconds since 1970, to be compared and sorted by.
    pub generated_at: i64,
    /// The receipt number.
    pub receipt_no: Option<i64>,
    /// The amount.
    pub amount: Decimal,
    /// The quantity of items.
    pub quantity: Decimal,
    /// The staff member.
    pub staff_id: Option<String>,
    /// Who approved what the staff member may not do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approver_ids: Vec<String>,
    /// The customer or operator.
    pub user_id: Option<String>,
    /// What was printed, as plain text.
    pub journal_text: String,
    /// What was printed, as XML for the printer.
    pub receipt_text: String,
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
pub struct TransactionRecord(pub TransactionLog);

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
    /// The key of an entry that was posted: what makes two of them the same one.
    pub fn posted_key(&self) -> String {
        let number = self
            .transaction_no
            .map_or_else(|| "-".to_owned(), |number| number.to_string());
        format!(
            "posted/{}/{}/{}/{number}/{}",
            self.store_code, self.terminal_no, self.transaction_type, self.generated_at
        )
    }

    /// The entry of a transaction.
    pub fn of_transaction(log: &TransactionLog) -> Result<Self, Error> {
        let sales = log.sales.as_ref().ok_or_else(|| missing("sales"))?;
        if log.transaction_no < 1 {
            return Err(missing("transaction_no"));
        }
        let kind = TransactionType::try_from(log.transaction_type).map_err(|unknown| {
            codes::INVALID_INPUT
                .error(unknown.to_string())
                .field("transaction_type", unknown.rule)
        })?;
        Ok(Self {
            key: format!("transaction/{}", transaction_key(log)),
            store_code: log.store_code.parse()?,
            terminal_no: TerminalNo::new(log.terminal_no.into())?,
            transaction_no: Some(log.transaction_no),
            transaction_type: kind.journal_number(sales.is_cancelled),
            business_date: log.business_date.parse()?,
            open_counter: log.open_counter,
            business_counter: log.business_counter,
            generate_date_time: log.generate_date_time.clone(),
            generated_at: instant(&log.generate_date_time)?,
            receipt_no: Some(log.receipt_no),
            amount: sales.total_amount_with_tax.clone().unwrap_or_else(zero),
            quantity: sales.total_quantity.clone().unwrap_or_else(zero),
            staff_id: log.staff.as_ref().map(|staff| staff.id.clone()),
            approver_ids: approvers(log),
            user_id: log.user.as_ref().and_then(|user| user.id.clone()),
            journal_text: log.journal_text.clone(),
            receipt_text: log.receipt_text.clone(),
        })
    }

    /// The entry of a drawer movement.
    pub fn of_cash(log: &CashLog, event_id: &str) -> Result<Self, Error> {
        let amount = log.amount.as_ref().ok_or_else(|| missing("amount"))?;
        Ok(Self {
            key: format!("cash/{event_id}"),
            store_code: log.store_code.parse()?,
            terminal_no: TerminalNo::new(log.terminal_no.into())?,
            transaction_no: None,
            transaction_type: kind::of_cash(Money::try_from(amount)?),
            business_date: log.business_date.parse()?,
            open_counter: log.open_counter,
            business_counter: log.business_counter,
            generate_date_time: log.generate_date_time.clone(),
            generated_at: instant(&log.generate_date_time)?,
            receipt_no: None,
            amount: amount.clone(),
            quantity: zero(),
            staff_id: log.staff_id.clone(),
            approver_ids: log.approved_by.iter().map(|staff| staff.id.clone()).collect(),
            user_id: None,
            journal_text: log.journal_text.clone(),
            receipt_text: log.receipt_text.clone(),
        })
    }

    /// The entry of an opening or a closing.
    pub fn of_open_close(log: &OpenCloseLog, event_id: &str) -> Result<Self, Error> {
        Ok(Self {
            key: format!("open_close/{event_id}"),
            store_code: log.store_code.parse()?,
            terminal_no: TerminalNo::new(log.terminal_no.into())?,
            transaction_no: None,
            transaction_type: kind::of_operation(&log.operation).ok_or_else(|| missing("operation"))?,
            business_date: log.business_date.parse()?,
            open_counter: log.open_counter,
            business_counter: log.business_counter,
            generate_date_time: log.generate_date_time.clone(),
            generated_at: instant(&log.generate_date_time)?,
            receipt_no: None,
            amount: zero(),
            quantity: zero(),
            staff_id: log.staff_id.clone(),
            approver_ids: log.approved_by.iter().map(|staff| staff.id.clone()).collect(),
            user_id: None,
            journal_text: log.journal_text.clone(),
            receipt_text: log.receipt_text.clone(),
        })
    }
}

/// Each approver once, in the order of what was approved.
fn approvers(log: &TransactionLog) -> Vec<String> {
    let mut ids = Vec::new();
    for approver in log
        .approvals
        .iter()
        .filter_map(|approval| approval.approved_by.as_ref())
    {
        if !ids.contains(&approver.id) {
            ids.push(approver.id.clone());
        }
    }
    ids
}

/// No amount, no pieces.
pub fn zero() -> Decimal {
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

/// All collections of logs.
pub static LOGS: [&Collection; 3] = [&TRANSACTION_LOGS, &CASH_LOGS, &OPEN_CLOSE_LOGS];

/// All collections of the service.
pub static COLLECTIONS: [&Collection; 5] = [
    &TRANSACTION_LOGS,
    &CASH_LOGS,
    &OPEN_CLOSE_LOGS,
    &JOURNALS,
    &PROCESSED_REQUESTS,
];
