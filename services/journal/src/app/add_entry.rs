//! Adds an entry that a report or a person wrote.

use kugel_error::Error;
use kugel_store::{Documents, RequestKey, Scope, Stored};

use crate::adapters::documents::Entry;

/// Stores the entry unless it is there already, and answers what is stored.
pub(crate) async fn add_entry(
    documents: &Documents,
    scope: &Scope,
    actor: &str,
    request: Option<&RequestKey>,
    entry: Entry,
) -> Result<Entry, Error> {
    let work = async {
        let changes = documents
            .changes(actor)
            .insert(entry.clone())
            .answering(request, &entry);
        match documents.commit(scope, changes).await {
            Ok(()) => Ok(entry),
            Err(error) if error.is_duplicate_in("journals") => {
                let stored: Option<Stored<Entry>> = documents.get(scope, &entry.key).await?;
                Ok(stored.map_or(entry, |stored| (*stored.value).clone()))
            }
            Err(error) => Err(error.into()),
        }
    };
    documents.once(scope, request, work).await
}
