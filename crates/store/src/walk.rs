//! Walking through a collection from its first key to its last, however large it is.

use std::sync::Arc;

use kugel_types::Page;

use crate::{Action, Collection, Commit, Document, Documents, Query, Scope, StoreError, Write};

/// Documents that are removed in one commit.
const REMOVED_AT_ONCE: u32 = 500;

impl Documents {
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

    /// Removes the documents of a collection that `is_wanted` does not want, page by page. Cut off, it is begun again.
    pub async fn retain(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        is_wanted: impl Fn(&Document) -> bool + Send,
    ) -> Result<(), StoreError> {
        let mut last = String::new();
        loop {
            let found = self.following(scope, collection, &last, REMOVED_AT_ONCE).await?;
            let Some(document) = found.last() else {
                return Ok(());
            };
            last.clone_from(&document.id);
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
    }
}
