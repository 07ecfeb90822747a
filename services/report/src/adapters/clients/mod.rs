//! The neighbours: the masters' names of categories, the journal, and where logs are made.

mod categories;
mod journal;
mod logs;

pub(crate) use categories::CategoryClient;
pub(crate) use journal::JournalClient;
pub(crate) use logs::LogClient;
