//! The document store: a port, its typed face for services, and two adapters: SQLite files for one process, MongoDB for
//! the mesh.
//!
//! A service keeps its documents in one database for each tenant, plus `commons` for what all tenants share. It reads by
//! key or by query over declared fields, and writes by atomic commits whose conditions are revisions. Nothing here knows
//! a business rule, joins collections or aggregates. Start reading at [`Documents`]; [`retry`] is for those who compete
//! for a document. Adapters start at [`Store`] and must pass [`conformance`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod body;
mod collection;
pub mod conformance;
mod document;
mod documents;
mod error;
mod mongodb;
mod names;
mod port;
mod query;
mod requests;
mod retry;
mod sqlite;
mod walk;

pub use self::mongodb::{DecimalSum, GroupSum, MongoStore};
pub use body::Body;
pub use collection::{Collection, Field, FieldKind, Index};
pub use document::{Action, Commit, Document, Revision, Scope, Write};
pub use documents::{Changes, Documents, Listing, Record, Stored};
pub use error::StoreError;
pub use kugel_types::{Direction, Page, Sort};
pub use port::{Found, Store};
pub use query::{Filter, Query, Test, Value};
pub use requests::{ANSWERS_KEPT, PROCESSED_REQUESTS, Permit, RequestKey};
pub use retry::{Missed, retry};
pub use sqlite::{DataDir, DataDirError, SqliteStore};
pub use walk::Walk;
