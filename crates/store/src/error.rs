//! What a store answers when it does not do what it was asked.

use std::time::Duration;

use kugel_error::{Error, codes};

use crate::FieldKind;

/// A refusal or a failure of the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another document has the same key, or the same values in a unique index.
    #[error("a document of {collection} with the same {index} exists already")]
    Duplicate {
        /// The collection.
        collection: &'static str,
        /// `id`, or the fields of the index with `, ` between them.
        index: String,
    },
    /// The document is not at the revision that the writer had read.
    #[error("document {id} of {collection} was changed or removed since it was read")]
    Stale {
        /// The collection.
        collection: &'static str,
        /// The document.
        id: String,
    },
    /// Every attempt of a use case was overtaken: see [`crate::retry`].
    #[error("{noun} {key} is changed by others all the time, try again")]
    Contended {
        /// What it is.
        noun: &'static str,
        /// Which one.
        key: String,
    },
    /// The query names a field that the collection does not declare.
    #[error("{collection} cannot be filtered or sorted by {field}")]
    UnknownField {
        /// The collection.
        collection: &'static str,
        /// The field as asked for.
        field: String,
    },
    /// The query compares a field with a value of another kind, which would never match.
    #[error("field {field} of {collection} holds {expected:?} and cannot be compared with {value}")]
    WrongKind {
        /// The collection.
        collection: &'static str,
        /// The field.
        field: String,
        /// What the field holds.
        expected: FieldKind,
        /// The value as given.
        value: String,
    },
    /// The body does not have the shape of its type, or the value cannot be written as JSON.
    #[error("document {id} of {collection} does not have the expected shape: {reason}")]
    Malformed {
        /// The collection.
        collection: &'static str,
        /// The document.
        id: String,
        /// What serde found.
        reason: String,
    },
    /// The database cannot answer now; another try may succeed.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Nothing can be written: the disk is full, or does not let us. Another try succeeds when that has passed.
    #[error("nothing can be written: {0}")]
    Full(String),
    /// The database is lost or cannot be read. A person has to act: the text names the file and says how.
    #[error("a database is lost or damaged: {0}")]
    Corrupt(String),
    /// What was written may not be on the disk. The database is of no use before the process starts again: what it reads
    /// from its memory may be what is lost.
    #[error("a flush to the disk failed, see to the disk and start again: {0}")]
    Unflushed(String),
}

/// When it makes sense to try again while nothing can be written.
const ROOM_PAUSE: Duration = Duration::from_secs(10);

impl StoreError {
    /// True if the whole use case may succeed when it starts again from reading.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Stale { .. })
    }
    /// True if the database serves nobody until a person has acted.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Corrupt(_) | Self::Unflushed(_))
    }
    /// True if the store itself is at fault, and not what it was asked.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Full(_)) || self.is_final()
    }
    /// True if a document with the same key, or the same values in a unique index, exists in the collection.
    pub fn is_duplicate_in(&self, name: &str) -> bool {
        matches!(self, Self::Duplicate { collection, .. } if *collection == name)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Duplicate { .. } => codes::DUPLICATE_KEY.error(message),
            StoreError::Stale { .. } => codes::UPDATE_REFUSED.error(message),
            StoreError::Contended { key, .. } => codes::UPDATE_REFUSED.error(message).with("key", key),
            StoreError::UnknownField { ref field, .. } => codes::INVALID_INPUT
                .error(message)
                .field(field, "is not a field of this list"),
            StoreError::WrongKind { ref field, .. } => codes::INVALID_INPUT
                .error(message)
                .field(field, "is of another kind"),
            // What lies behind these is for the log: file names and shapes are nobody else's business.
            StoreError::Malformed { .. } | StoreError::Unavailable(_) => codes::DATABASE_FAILED
                .error("the database could not answer")
                .caused_by(error),
            StoreError::Full(_) => codes::STORAGE_FULL
                .error("the disk is full or cannot be written: nothing is stored until it can")
                .retry_after(ROOM_PAUSE)
                .caused_by(error),
            StoreError::Corrupt(_) => codes::DATABASE_UNUSABLE
                .error("a database is lost or damaged and serves nobody until it is restored")
                .caused_by(error),
            StoreError::Unflushed(_) => codes::DATABASE_UNUSABLE
                .error("a flush to the disk failed, and the database serves nobody until the service starts again")
                .caused_by(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_details_stay_in_the_source() {
        let path = || "/var/lib/kugel/cart/db_cart_a.sqlite".to_owned();
        for (error, code, reason) in [
            (
                StoreError::Unavailable(path()),
                &codes::DATABASE_FAILED,
                "could not answer",
            ),
            (StoreError::Full(path()), &codes::STORAGE_FULL, "the disk is full"),
            (
                StoreError::Corrupt(path()),
                &codes::DATABASE_UNUSABLE,
                "lost or damaged",
            ),
            (
                StoreError::Unflushed(path()),
                &codes::DATABASE_UNUSABLE,
                "a flush to the disk failed",
            ),
        ] {
            let error = Error::from(error);
            assert!(error.is(code), "{error}");
            assert!(
                error.message().contains(reason) && !error.message().contains("/var"),
                "{error}"
            );
            assert_eq!(error.pause().is_some(), error.is(&codes::STORAGE_FULL), "{error}");
            let source = std::error::Error::source(&error).unwrap().to_string();
            assert!(source.contains("/var"), "{source}");
        }
    }

    #[test]
    fn an_unknown_field_is_the_callers_mistake_and_named() {
        let error = Error::from(StoreError::UnknownField {
            collection: "items",
            field: "colour".to_owned(),
        });
        assert!(error.is(&codes::INVALID_INPUT));
        assert_eq!(error.fields()[0].field, "colour");
    }
}
