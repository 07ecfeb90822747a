//! Walking through a collection from its first key to its last, however large it is.

use std::sync::Arc;

use futures::stream::{self, Stream, TryStreamExt};
use kugel_types::Page;

use crate::{
    Action, Collection, Commit, Document, Documents, Query, Record, Scope, StoreError, Stored, Write,
};

/// Documents that are removed in one commit.
const REMOVED_AT_ONCE: u32 = 500;

/// A walk through a collection, a page at a time in the order of keys.
pub struct Walk<'a> {
    documents: &'a Documents,
    scope: &'a Scope,
    collection: &'static Collection,
    limit: u32,
    last: String,
}

impl Walk<'_> {
    /// The next documents; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Arc<Document>>>, StoreError> {
        let Self { documents, scope, .. } = *self;
        let found = documents
            .following(scope, self.collection, &self.last, self.limit)
            .await?;
        let Some(document) = found.last() else {
            return Ok(None);
        };
        self.last.clone_from(&document.id);
        Ok(Some(found))
    }
}

impl Documents {
    /// Walks through a collection, at most `limit` documents at a time.
    pub fn walk<'a>(&'a self, scope: &'a Scope, collection: &'static Collection, limit: u32) -> Walk<'a> {
        Walk {
            documents: self,
            scope,
            collection,
            limit,
            last: String::new(),
        }
    }

    /// The next documents of a collection by their keys: those behind `last`, which is empty at the start.
    pub async fn following(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        last: &str,
        limit: u32,
    ) -> Result<Vec<Arc<Document>>, StoreError> {
        let query = Query::all()
            .greater("id", last)
            .page(Page { limit, number: 1 })
            .uncounted();
        Ok(self.store().find(scope, collection, &query).await?.documents)
    }

    /// All records that `query` finds, in the order of their keys, read `limit` at a time.
    pub fn stream<T: Record>(
        &self,
        scope: &Scope,
        query: Query,
        limit: u32,
    ) -> impl Stream<Item = Result<Stored<T>, StoreError>> + Send + use<T> {
        let (documents, scope) = (self.clone(), scope.clone());
        let query = query.uncounted().page(Page { limit, number: 1 });
        let pages = stream::try_unfold(String::new(), move |last| {
            let (documents, scope) = (documents.clone(), scope.clone());
            let query = query.clone().greater("id", last);
            async move {
                let rows = documents.find::<T>(&scope, query).await?.rows;
                let last = rows.last().map(|row| row.id());
                Ok::<_, StoreError>(last.map(|last| (stream::iter(rows.into_iter().map(Ok)), last)))
            }
        });
        pages.try_flatten()
    }

    /// Removes the documents of a collection that `is_wanted` does not want, page by page. Cut off, it is begun again.
    pub async fn retain(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        is_wanted: impl Fn(&Document) -> bool + Send,
    ) -> Result<(), StoreError> {
        let mut walk = self.walk(scope, collection, REMOVED_AT_ONCE);
        while let Some(found) = walk.next().await? {
            let unwanted = found.iter().filter(|document| !is_wanted(document));
            let removals: Vec<Write> = unwanted
                .map(|document| Write {
                    collection,
                    id: document.id.clone(),
                    action: Action::Delete(None),
                })
                .collect();
            if !removals.is_empty() {
                let commit = Commit::new("retain", self.now(), removals);
                self.store().commit(scope, commit).await?;
            }
        }
        Ok(())
    }
}
