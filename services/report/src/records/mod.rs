//! The documents of this service: the logs as they came, and the sums of each session.

mod logs;

use kugel_store::{Collection, Field, Index, Query, Record};
use kugel_types::{BusinessDate, StoreCode, TerminalNo};
use serde::{Deserialize, Serialize};

use crate::domain::groups::Groups;
use crate::domain::items::Items;
use crate::domain::log::Session;
use crate::domain::session::Parts;
use crate::domain::settlement::Received;
use crate::domain::totals::Totals;
pub(crate) use logs::AnyLog;
pub use logs::{CASH_LOGS, Filed, LOGS, LogMessage, OPEN_CLOSE_LOGS, TEXTS, TRANSACTION_LOGS};

/// The fields that find sums.
const SESSION_FIELDS: &[Field] = &[
    Field::text("store_code"),
    Field::integer("terminal_no"),
    Field::text("business_date"),
    Field::integer("open_counter"),
];
const BY_DAY: &[Index] = &[Index::on(&["store_code", "business_date"])];

/// The small sums of sessions.
pub static SESSION_TOTALS: Collection = Collection {
    name: "session_totals",
    fields: SESSION_FIELDS,
    indexes: BY_DAY,
};
/// The sums over items of sessions, in parts.
pub static SESSION_ITEMS: Collection = Collection {
    name: "session_items",
    fields: SESSION_FIELDS,
    indexes: BY_DAY,
};

/// The small sums of a session: read by every report, written with every batch of its logs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionTotals {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
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
            session: session.clone(),
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
        self.session.to_string()
    }
}

/// One part of the sums over items of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionItems {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
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
        format!("{}/{}", self.session, self.part)
    }
}

/// Remarks of sessions that were settled although a log is missing. Nothing else removes them: they are no fold of logs.
pub static SESSION_REMARKS: Collection = Collection {
    name: "session_remarks",
    fields: SESSION_FIELDS,
    indexes: BY_DAY,
};

/// Why a session counts as settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// Who settled it.
    pub made_by: String,
    /// In which role.
    pub role: String,
    /// When, ISO 8601.
    pub made_at: String,
    /// Why.
    pub reason: String,
    /// What was missing.
    pub missing: String,
}

impl Remark {
    /// True if the remark settles a session that misses this. What is found missing later it does not settle.
    pub fn covers(&self, session: &Session, missing: &str) -> bool {
        self.session == *session && self.missing == missing
    }
}

/// The type of a remark in the journal, beside 501 and 502 for reports.
pub const REMARK: i32 = 503;

/// A remark as it is printed, line by line.
pub fn remark_lines(remark: &Remark) -> [String; 5] {
    let Session {
        terminal,
        date,
        open_counter,
        ..
    } = &remark.session;
    [
        format!("注記 レジNo. {terminal} {date} 開設回数 {open_counter}回"),
        format!("担当 {} ({})", remark.made_by, remark.role),
        format!("日時 {}", remark.made_at),
        format!("理由 {}", remark.reason),
        format!("不足 {}", remark.missing),
    ]
}

impl Record for Remark {
    const COLLECTION: &'static Collection = &SESSION_REMARKS;
    fn id(&self) -> String {
        self.session.to_string()
    }
}

/// The sums of a store's days, or of one terminal or session of them.
pub fn sums_of(
    store: &StoreCode,
    days: (BusinessDate, BusinessDate),
    terminal: Option<TerminalNo>,
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
pub static COLLECTIONS: [&Collection; 6] = [
    &TRANSACTION_LOGS,
    &CASH_LOGS,
    &OPEN_CLOSE_LOGS,
    &SESSION_TOTALS,
    &SESSION_ITEMS,
    &SESSION_REMARKS,
];
