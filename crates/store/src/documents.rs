//! The typed face of a store: what services use.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use kugel_types::{Clock, Page};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::document::to_microsecond;
use crate::{Action, Body, Collection, Commit, Document, Query, Revision, Scope, Store, StoreError, Write};

/// A type that is kept as documents of one collection.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Where its documents live.
    const COLLECTION: &'static Collection;

    /// Its natural key, unique within the collection.
    fn id(&self) -> String;
}

/// A record as it was read, with the store's own fields. Dereferences to the record.
#[derive(Debug, Serialize, Deserialize)]
pub struct Stored<T> {
    /// The record. Shared with every other reader, so cloning it is for the one who changes it.
    pub value: Arc<T>,
    /// How often it was written.
    pub revision: Revision,
    /// When it was inserted.
    pub created_at: Timestamp,
    /// When it was changed last; `None` before the first change.
    pub updated_at: Option<Timestamp>,
    /// Who inserted it.
    pub created_by: String,
    /// Who changed it last.
    pub updated_by: Option<String>,
}

impl<T: Record> Stored<T> {
    fn read(document: &Document) -> Result<Self, StoreError> {
        let value = document
            .body
            .parse::<T>()
            .map_err(|error| StoreError::Malformed {
                collection: T::COLLECTION.name,
                id: document.id.clone(),
                reason: error.to_string(),
            })?;
        Ok(Self {
            value,
            revision: document.revision,
            created_at: document.created_at,
            updated_at: document.updated_at,
            created_by: document.created_by.clone(),
            updated_by: document.updated_by.clone(),
        })
    }
}

impl<T> Deref for Stored<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Clone for Stored<T> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
            created_by: self.created_by.clone(),
            updated_by: self.updated_by.clone(),
        }
    }
}

/// A page of records.
#[derive(Debug, Clone)]
pub struct Listing<T> {
    /// The page's records, in the query's order.
    pub rows: Vec<Stored<T>>,
    /// How many records match, on all pages together.
    pub total: u64,
}

/// The documents of one service. Cheap to clone.
#[derive(Clone)]
pub struct Documents {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Documents {
    /// Puts the typed face on a store. The clock dates the commits.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The store below, for documents whose collection is only known at run time.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The record with this key.
    pub async fn get<T: Record>(&self, scope: &Scope, id: &str) -> Result<Option<Stored<T>>, StoreError> {
        let document = self.store.get(scope, T::COLLECTION, id).await?;
        document.as_deref().map(Stored::read).transpose()
    }

    /// The records with these keys, an answer for each key in its place.
    pub async fn get_many<T: Record>(
        &self,
        scope: &Scope,
        ids: &[String],
    ) -> Result<Vec<Option<Stored<T>>>, StoreError> {
        let documents = self.store.get_many(scope, T::COLLECTION, ids).await?;
        documents
            .iter()
            .map(|document| document.as_deref().map(Stored::read).transpose())
            .collect()
    }

    /// A page of the records that match, and how many match in all.
    pub async fn find<T: Record>(&self, scope: &Scope, query: Query) -> Result<Listing<T>, StoreError> {
        let found = self.store.find(scope, T::COLLECTION, &query).await?;
        let rows = found
            .documents
            .iter()
            .map(|document| Stored::read(document))
            .collect::<Result<_, _>>()?;
        Ok(Listing {
            rows,
            total: found.total,
        })
    }

    /// The first record that matches, in the query's order.
    pub async fn first<T: Record>(
        &self,
        scope: &Scope,
        query: Query,
    ) -> Result<Option<Stored<T>>, StoreError> {
        let query = query.uncounted().page(Page { limit: 1, number: 1 });
        let listing = self.find(scope, query).await?;
        Ok(listing.rows.into_iter().next())
    }

    /// Begins an atomic commit in the name of `actor`.
    pub fn changes(&self, actor: &str) -> Changes {
        Changes {
            actor: actor.to_owned(),
            at: to_microsecond(self.clock.now()),
            writes: Vec::new(),
            failure: None,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes the changes, all or none; they are durable when this returns. No changes, no work.
    pub async fn commit(&self, scope: &Scope, changes: Changes) -> Result<(), StoreError> {
        match changes.failure {
            Some(failure) => Err(failure),
            None if changes.writes.is_empty() => Ok(()),
            None => {
                let commit = Commit::new(changes.actor, changes.at, changes.writes);
                self.store.commit(scope, commit).await
            }
        }
    }

    /// Makes sure that the collections and their indexes are there, in every scope that has a database: for the start.
    pub async fn prepare(&self, collections: &[&'static Collection]) -> Result<(), StoreError> {
        self.store.prepare(collections).await
    }

    /// The scopes that have a database: every tenant that was ever written to, and `commons`.
    pub async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        self.store.scopes().await
    }

    /// Succeeds if the store can be reached: for readiness.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }
}

impl fmt::Debug for Documents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Documents")
    }
}

/// Changes that will happen all or not at all, in the order added.
#[derive(Debug, Clone)]
#[must_use = "changes do nothing until they are committed"]
pub struct Changes {
    actor: String,
    at: Timestamp,
    writes: Vec<Write>,
    failure: Option<StoreError>,
}

impl Changes {
    /// The instant that becomes `created_at` or `updated_at` of what is written.
    pub fn at(&self) -> Timestamp {
        self.at
    }
    /// The record as it will stand once this commit has inserted it.
    pub fn inserted<T: Record>(&self, value: Arc<T>) -> Stored<T> {
        Stored {
            value,
            revision: Revision::FIRST,
            created_at: self.at,
            updated_at: None,
            created_by: self.actor.clone(),
            updated_by: None,
        }
    }
    /// The record as it will stand once this commit has replaced the former one by it.
    pub fn replaced<T: Record>(&self, value: Arc<T>, former: &Stored<T>) -> Stored<T> {
        Stored {
            value,
            revision: former.revision.next(),
            created_at: former.created_at,
            updated_at: Some(self.at),
            created_by: former.created_by.clone(),
            updated_by: Some(self.actor.clone()),
        }
    }
    /// Adds a record; `Duplicate` if its key is taken.
    pub fn insert<T: Record>(self, value: T) -> Self {
        self.insert_shared(Arc::new(value))
    }
    /// Like [`Changes::insert`], for a record that is in use elsewhere too.
    pub fn insert_shared<T: Record>(self, value: Arc<T>) -> Self {
        self.body(value, Action::Insert)
    }
    /// Like [`Changes::insert`], for records that are hardly read by key again: see [`Action::Append`].
    pub fn append<T: Record>(self, value: &T) -> Self {
        let (id, body) = (value.id(), serde_json::to_string(value).map(Body::from_text));
        self.written::<T>(id, body.map(Action::Append))
    }
    /// Replaces a record if it is still at the revision that was read; `Stale` if not. Afterwards it is at
    /// `expected.next()`.
    pub fn replace<T: Record>(self, value: T, expected: Revision) -> Self {
        self.replace_shared(Arc::new(value), expected)
    }
    /// Like [`Changes::replace`], for a record that is in use elsewhere too.
    pub fn replace_shared<T: Record>(self, value: Arc<T>, expected: Revision) -> Self {
        self.body(value, |body| Action::Replace(body, expected))
    }
    /// Adds a record or replaces it whatever its revision: for data whose last writer is right by definition.
    pub fn upsert<T: Record>(self, value: T) -> Self {
        self.body(Arc::new(value), Action::Upsert)
    }
    /// Removes a record. With a revision: `Stale` if it has another one or is not there. Without: whatever it is.
    pub fn delete<T: Record>(self, id: &str, expected: Option<Revision>) -> Self {
        self.write(Write {
            collection: T::COLLECTION,
            id: id.to_owned(),
            action: Action::Delete(expected),
        })
    }
    /// Adds a change of a raw document, for bodies that exist as text already.
    pub fn write(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }
    /// How many changes there are.
    pub fn len(&self) -> usize {
        self.writes.len()
    }
    /// True if there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.failure.is_none()
    }

    fn body<T: Record>(self, value: Arc<T>, action: impl FnOnce(Body) -> Action) -> Self {
        let id = value.id();
        self.written::<T>(id, Body::of(value).map(action))
    }

    pub(crate) fn written<T: Record>(
        mut self,
        id: String,
        action: Result<Action, serde_json::Error>,
    ) -> Self {
        let collection = T::COLLECTION;
        match action {
            Ok(action) => self.write(Write {
                collection,
                id,
                action,
            }),
            Err(error) => {
                let (collection, reason) = (collection.name, error.to_string());
                self.failure.get_or_insert(StoreError::Malformed {
                    collection,
                    id,
                    reason,
                });
                self
            }
        }
    }
}
