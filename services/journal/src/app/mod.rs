//! The use cases, one verb a file.

mod create_journal;
mod file_logs;
mod post_transaction;
mod rebuild;
mod search_journals;

use std::sync::Arc;

use jiff::tz::TimeZone;
use kugel_rpc::KnownTerminals;
use kugel_store::Documents;
use kugel_types::Clock;

pub(crate) use file_logs::{FileLogs, TOPICS};

/// Who is named as the author of documents that events made. No user can bear this name.
pub const ACTOR: &str = "service:journal";

/// Who files the reports that terminals ask for.
const REPORTS: &str = "service:report";

/// True if the author of an entry posted it: it tells nothing that happened at a till of Kugel.
pub fn is_posted(author: &str) -> bool {
    ![ACTOR, REPORTS].contains(&author)
}

/// Everything the use cases work with.
#[derive(Clone)]
pub(crate) struct App {
    /// Logs and entries.
    pub(crate) documents: Documents,
    /// Knows the terminals that logs and entries are posted for.
    pub(crate) terminals: KnownTerminals,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// The chain's time zone.
    pub(crate) zone: TimeZone,
}
