//! The documents of this service: the logs as they came, and the sums of each session.

use kugel_error::Error;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_store::{Action, Body, Collection, Field, Index, Query, Record, Write};
use kugel_types::BusinessDate;
use serde::{Deserialize, Serialize};

use super::logs;
use crate::domain::items::Items;
use crate::domain::log::Session;
use crate::domain::products::Groups;
use crate::domain::session::{Log, Parts};
use crate::domain::settlement::Received;
use crate::domain::totals::Totals;

/// A log as it came, but for [`TEXTS`]. Terminal and transaction numbers are padded in keys, so that the order of keys is the order of
/// numbers.
pub trait LogDocument: Record {
    /// The shape on the wire, in events and in documents.
    type Wire;

    /// The log.
    fn wire(&self) -> &Self::Wire;
    /// The natural key.
    fn id_of(log: &Self::Wire) -> String;
    /// The log as the fold reads it.
    fn read(log: &Self::Wire) -> Result<Log<'_>, Error>;

    /// The write that files a log. `body` is its JSON text as it came, of which only [`TEXTS`] is left out.
    fn filed(log: &Self::Wire, body: &Body) -> Result<Write, serde_json::Error> {
        Ok(Write {
            collection: Self::COLLECTION,
            id: Self::id_of(log),
            action: Action::Append(body.without(TEXTS)?),
        })
    }
}

macro_rules! log_document {
    ($(#[$doc:meta])* $name:ident, $wire:ty, $collection:ident = $text:literal, $read:expr, $id:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $wire);

        static $collection: Collection = Collection {
            name: $text,
            fields: &[Field::text("store_code"), Field::text("business_date")],
            indexes: &[],
        };
        impl Record for $name {
            const COLLECTION: &'static Collection = &$collection;
            fn id(&self) -> String {
                Self::id_of(&self.0)
            }
        }
        impl LogDocument for $name {
            type Wire = $wire;
            fn wire(&self) -> &$wire {
                &self.0
            }
            fn id_of(log: &$wire) -> String {
                let id: fn(&$wire) -> String = $id;
                id(log)
            }
            fn read(log: &$wire) -> Result<Log<'_>, Error> {
                let read: fn(&$wire) -> Result<Log<'_>, Error> = $read;
                read(log)
            }
        }
    };
}

/// What of a transaction's log nothing is counted from and the journal keeps, and what is half of its bytes.
const TEXTS: &[&str] = &["receipt_text", "journal_text"];

log_document!(
    /// A transaction log, without its texts. The terminal's number for it is unique: a second log of the number is the same one again.
    TransactionDocument, TransactionLog, TRANSACTION_LOGS = "transaction_logs",
    |log| logs::transaction(log).map(Log::Transaction),
    |log| format!("{}/{:04}/{:012}", log.store_code, log.terminal_no, log.transaction_no)
);
log_document!(
    /// A cash log. Two of them may carry the same time, so the event tells them apart.
    CashDocument, CashLog, CASH_LOGS = "cash_logs",
    |log| logs::cash(log).map(Log::Cash),
    |log| {
        let CashLog { store_code, terminal_no, business_date, open_counter, event_id, .. } = log;
        format!("{store_code}/{terminal_no:04}/{business_date}/{open_counter}/{event_id}")
    }
);
log_document!(
    /// An open or close log. A session has one of each.
    OpenCloseDocument, OpenCloseLog, OPEN_CLOSE_LOGS = "open_close_logs",
    |log| logs::open_close(log).map(Log::OpenClose),
    |log| {
        let OpenCloseLog { store_code, terminal_no, business_date, open_counter, operation, .. } = log;
        format!("{store_code}/{terminal_no:04}/{business_date}/{open_counter}/{operation}")
    }
);

/// The fields that find sums.
const SESSION_FIELDS: &[Field] = &[
    Field::text("store_code"),
    Field::integer("terminal_no"),
    Field::text("business_date"),
    Field::integer("open_counter"),
];
const BY_DAY: &[Index] = &[Index::on(&["store_code", "business_date"])];

static SESSION_TOTALS: Collection = Collection {
    name: "session_totals",
    fields: SESSION_FIELDS,
    indexes: BY_DAY,
};
static SESSION_ITEMS: Collection = Collection {
    name: "session_items",
    fields: SESSION_FIELDS,
    indexes: BY_DAY,
};

/// The session as documents spell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionKey {
    store_code: String,
    terminal_no: i32,
    business_date: String,
    open_counter: i32,
}

impl From<&Session> for SessionKey {
    fn from(session: &Session) -> Self {
        Self {
            store_code: session.store.to_string(),
            terminal_no: session.terminal.get(),
            business_date: session.date.to_string(),
            open_counter: session.open_counter,
        }
    }
}

impl SessionKey {
    /// The session in a message: the terminal, the day and the session of the day.
    pub fn label(&self) -> String {
        format!(
            "{} on {} (session {})",
            self.terminal_no, self.business_date, self.open_counter
        )
    }
    /// The session, through the same checks as everything from outside.
    pub fn session(&self) -> Result<Session, Error> {
        Ok(Session {
            store: self.store_code.parse()?,
            terminal: kugel_types::TerminalNo::new(self.terminal_no.into())?,
            date: self.business_date.parse()?,
            open_counter: self.open_counter,
        })
    }
}

/// The small sums of a session: read by every report, written with every batch of its logs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionTotals {
    /// The session.
    #[serde(flatten)]
    pub key: SessionKey,
    /// Money.
    pub totals: Totals,
    /// What was sold, by category and promotion.
    pub groups: Groups,
    /// What arrived.
    pub received: Received,
    /// The parts that the sums over items are kept in.
    pub parts: Parts,
}

impl SessionTotals {
    /// The key of a session's document.
    pub fn id_of(session: &Session) -> String {
        session.to_string()
    }
    /// The sums of a session of which nothing is known yet.
    pub fn empty(session: &Session) -> Self {
        Self {
            key: session.into(),
            totals: Totals::default(),
            groups: Groups::default(),
            received: Received::default(),
            parts: Parts::default(),
        }
    }
}

impl Record for SessionTotals {
    const COLLECTION: &'static Collection = &SESSION_TOTALS;
    fn id(&self) -> String {
        let SessionKey {
            store_code,
            terminal_no,
            business_date,
            open_counter,
        } = &self.key;
        format!("{store_code}/{terminal_no}/{business_date}/{open_counter}")
    }
}

/// One part of the sums over items of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionItems {
    /// The session.
    #[serde(flatten)]
    pub key: SessionKey,
    /// The number of the part, see [`Parts`].
    pub part: u64,
    /// What was sold.
    pub items: Items,
}

impl SessionItems {
    /// The key of a part's document.
    pub fn id_of(session: &Session, part: u64) -> String {
        format!("{session}/{part}")
    }
}

impl Record for SessionItems {
    const COLLECTION: &'static Collection = &SESSION_ITEMS;
    fn id(&self) -> String {
        let SessionKey {
            store_code,
            terminal_no,
            business_date,
            open_counter,
        } = &self.key;
        format!(
            "{store_code}/{terminal_no}/{business_date}/{open_counter}/{}",
            self.part
        )
    }
}

/// The sums of a store's days, or of one terminal or session of them.
pub fn sums_of(
    store: &kugel_types::StoreCode,
    days: (BusinessDate, BusinessDate),
    terminal: Option<kugel_types::TerminalNo>,
    open_counter: Option<i32>,
) -> Query {
    let query = Query::all().eq("store_code", store);
    let query = if days.0 == days.1 {
        query.eq("business_date", days.0)
    } else {
        query
            .at_least("business_date", days.0)
            .at_most("business_date", days.1)
    };
    query
        .given(terminal, |query, terminal| query.eq("terminal_no", terminal))
        .given(open_counter, |query, counter| query.eq("open_counter", counter))
}

/// All collections of the service.
pub(crate) static COLLECTIONS: [&Collection; 5] = [
    &TRANSACTION_LOGS,
    &CASH_LOGS,
    &OPEN_CLOSE_LOGS,
    &SESSION_TOTALS,
    &SESSION_ITEMS,
];
