//! The port: what every adapter does, in terms of raw documents.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Collection, Commit, Document, Query, Scope, StoreError};

/// The documents of one service, in a database for each scope.
///
/// A commit is atomic, and durable when it returns. Whoever asks after a commit has returned sees it, by key as by
/// query. A scope that nobody has written to is empty, and reading it leaves no trace. Services use the typed
/// [`crate::Documents`] instead.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// A document by its key.
    async fn get(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Arc<Document>>, StoreError>;

    /// Documents by their keys, an answer for each key in its place.
    async fn get_many(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Arc<Document>>>, StoreError>;

    /// A page of the documents that match, and how many match in all.
    async fn find(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        query: &Query,
    ) -> Result<Found, StoreError>;

    /// Changes documents, all or none.
    async fn commit(&self, scope: &Scope, commit: Commit) -> Result<(), StoreError>;

    /// Makes sure, in every scope that has a database, that the collections and their indexes are as declared, so that
    /// no request has to wait for it. An adapter that finds it quick enough does so when a collection is first used.
    async fn prepare(&self, collections: &[&'static Collection]) -> Result<(), StoreError> {
        let _ = collections;
        Ok(())
    }

    /// The scopes that have a database, in order.
    async fn scopes(&self) -> Result<Vec<Scope>, StoreError>;

    /// Succeeds if the store can be reached.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// A page of documents.
#[derive(Debug, Clone)]
pub struct Found {
    /// The page's documents, in the query's order.
    pub documents: Vec<Arc<Document>>,
    /// How many documents match, on all pages together; for [`Query::uncounted`], at least those on the page.
    pub total: u64,
}
