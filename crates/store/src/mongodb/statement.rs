//! Writes in the server's words.

use ::mongodb::bson::{RawDocumentBuf, rawdoc};

use crate::{Action, Body, Collection, Commit, StoreError, Write};

use super::layout;

/// A write in the server's words.
pub(super) struct Statement {
    pub(super) collection: &'static Collection,
    pub(super) id: String,
    pub(super) kind: Kind,
    /// The document to insert, or the statement of an `update` or `delete` command.
    pub(super) raw: RawDocumentBuf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Insert,
    /// Changes the document if it has the expected revision.
    Replace,
    /// Adds or changes.
    Put,
    /// Puts a whole document there.
    Restore,
    /// Removes the document if it has the expected revision.
    Delete,
    /// Removes it if it is there.
    Remove,
}

impl Kind {
    /// The command that carries it, and whether each of its statements has to meet a document.
    pub(super) fn command(self) -> (&'static str, bool) {
        match self {
            Self::Insert => ("insert", true),
            Self::Replace | Self::Put | Self::Restore => ("update", true),
            Self::Delete => ("delete", true),
            Self::Remove => ("delete", false),
        }
    }
}

/// Renders the writes of a commit.
pub(super) fn encode(commit: &Commit) -> Result<Vec<Statement>, StoreError> {
    let (at, actor) = (commit.at, commit.actor.as_str());
    let encode = |write: &Write| {
        let (collection, id) = (write.collection, write.id.as_str());
        let body = |body: &Body| {
            layout::body(body).map_err(|reason| StoreError::Malformed {
                collection: collection.name,
                id: id.to_owned(),
                reason,
            })
        };
        let (kind, raw) = match &write.action {
            Action::Insert(text) | Action::Append(text) => {
                (Kind::Insert, layout::inserted(id, at, actor, &body(text)?))
            }
            Action::Replace(text, expected) => {
                let change = layout::change(*expected, at, actor, &body(text)?);
                (Kind::Replace, rawdoc! { "q": { "_id": id }, "u": change })
            }
            Action::Upsert(text) => {
                let change = layout::put(at, actor, &body(text)?);
                (
                    Kind::Put,
                    rawdoc! { "q": { "_id": id }, "u": change, "upsert": true },
                )
            }
            Action::Restore(source) => {
                let document = layout::restored(id, source, &body(&source.body)?);
                (
                    Kind::Restore,
                    rawdoc! { "q": { "_id": id }, "u": document, "upsert": true },
                )
            }
            Action::Delete(Some(expected)) => {
                let key = rawdoc! { "_id": id, "revision": expected.get() };
                (Kind::Delete, rawdoc! { "q": key, "limit": 1_i32 })
            }
            Action::Delete(None) => (Kind::Remove, rawdoc! { "q": { "_id": id }, "limit": 1_i32 }),
        };
        let id = id.to_owned();
        Ok(Statement {
            collection,
            id,
            kind,
            raw,
        })
    };
    commit.writes.iter().map(encode).collect()
}
