//! The use cases, one verb a file, and the makers of reports.

mod count_logs;
mod make_report;
pub mod makers;
mod post_transaction;
mod rebuild;
mod recount;
mod settle_sessions;
mod stream_transactions;

use std::sync::Arc;

use jiff::tz::TimeZone;
use kugel_rpc::KnownTerminals;
use kugel_store::Documents;
use kugel_types::{Clock, Currency};

pub(crate) use count_logs::{CountLogs, TOPICS};

pub(crate) use settle_sessions::{Mended, Unsettled};

use crate::ports::{Categories, Journal, Logs};

/// Who is named as the author of documents that events made. No user can bear this name.
pub const ACTOR: &str = "service:report";

/// Everything the use cases work with.
#[derive(Clone)]
pub(crate) struct App {
    /// Logs and sums.
    pub(crate) documents: Documents,
    /// Dates reports.
    pub(crate) clock: Arc<dyn Clock>,
    /// The chain's time zone.
    pub(crate) zone: TimeZone,
    /// The currency of a store that has not sold anything yet.
    pub(crate) default_currency: Currency,
    /// Names of categories.
    pub(crate) categories: Arc<dyn Categories>,
    /// Knows the terminals that logs are posted for.
    pub(crate) terminals: KnownTerminals,
    /// Where the logs of a session were made.
    pub(crate) logs: Arc<dyn Logs>,
    /// Keeps what terminals asked for.
    pub(crate) journal: Arc<dyn Journal>,
}
