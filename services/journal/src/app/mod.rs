//! The use cases, one a file.

pub(crate) mod add_entry;
pub(crate) mod file_logs;
pub(crate) mod rebuild;
pub(crate) mod search_journals;

/// Who is named as the author of documents that events made. No user can bear this name.
pub(crate) const ACTOR: &str = "service:journal";
