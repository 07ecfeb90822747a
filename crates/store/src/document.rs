//! Documents as the port moves them, and the atomic commit that changes them.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use kugel_types::TenantId;
use serde::{Deserialize, Serialize};

use crate::{Body, Collection};

/// Whose documents: a tenant's, or those that a service shares among all tenants.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The database of one tenant.
    Tenant(TenantId),
    /// The shared database of a service. No tenant can have this name.
    Commons,
}

impl Scope {
    /// The tenant's id, or `commons`.
    pub fn name(&self) -> &str {
        match self {
            Self::Tenant(tenant) => tenant.as_str(),
            Self::Commons => "commons",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl From<TenantId> for Scope {
    fn from(tenant: TenantId) -> Self {
        Self::Tenant(tenant)
    }
}

impl From<&TenantId> for Scope {
    fn from(tenant: &TenantId) -> Self {
        Self::Tenant(tenant.clone())
    }
}

/// How often a document was written: 1 when it is inserted, one more at every change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(i64);

impl Revision {
    /// The revision of a document just inserted.
    pub const FIRST: Self = Self(1);

    /// Takes a number that [`Revision::get`] gave.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }
    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }
    /// The revision after the next change: what a document has after a successful `replace` of this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A document as it lies in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The key within its collection.
    pub id: String,
    /// How often it was written.
    pub revision: Revision,
    /// When it was inserted, to the microsecond.
    pub created_at: Timestamp,
    /// When it was changed last, to the microsecond; `None` before the first change.
    pub updated_at: Option<Timestamp>,
    /// Who inserted it.
    pub created_by: String,
    /// Who changed it last.
    pub updated_by: Option<String>,
    /// Everything else.
    pub body: Body,
}

/// One change of one document.
#[derive(Debug, Clone)]
pub struct Write {
    /// Where the document lives.
    pub collection: &'static Collection,
    /// Its key.
    pub id: String,
    /// What happens to it.
    pub action: Action,
}

/// What happens to a document.
#[derive(Debug, Clone)]
pub enum Action {
    /// Adds it; [`crate::StoreError::Duplicate`] if the key is taken.
    Insert(Body),
    /// Like [`Action::Insert`], for documents that are hardly read by key again: logs, histories, marks. Adapters do
    /// not keep them in memory, where they would push out what is.
    Append(Body),
    /// Replaces the body if the document has the expected revision; [`crate::StoreError::Stale`] if not, or if it is
    /// not there.
    Replace(Body, Revision),
    /// Adds it, or replaces the body whatever the revision.
    Upsert(Body),
    /// Removes it. With a revision: `Stale` if the document has another one or is not there. Without: whatever the
    /// revision, and no failure if it is not there.
    Delete(Option<Revision>),
    /// Puts the body there with the revision, dates and actors of another store, in place of what is there: for moving
    /// a tenant from one store to another.
    Restore(Arc<Document>),
}

/// Changes that happen all or not at all, in the order given.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The changes.
    pub writes: Vec<Write>,
    /// The instant that becomes `created_at` or `updated_at`.
    pub at: Timestamp,
    /// Who becomes `created_by` or `updated_by`.
    pub actor: String,
}

impl Commit {
    /// Makes a commit. The instant is cut to microseconds, which every adapter can keep.
    pub fn new(actor: impl Into<String>, at: Timestamp, writes: Vec<Write>) -> Self {
        let at = to_microsecond(at);
        Self {
            writes,
            at,
            actor: actor.into(),
        }
    }
}

pub(crate) fn to_microsecond(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
