//! The use cases, one a file.

pub(crate) mod add_entry;
pub(crate) mod file_logs;
pub(crate) mod search_journals;

/// Who is named as the author of documents that events made.
pub(crate) const ACTOR: &str = "journal";
