//! The neighbours: the masters' names of categories, and the journal.

mod categories;
mod journal;

pub(crate) use categories::CategoryClient;
pub(crate) use journal::JournalClient;
