//! Streams the history of a tenant or of one store.

use std::sync::Arc;

use futures::stream::{self, Stream, StreamExt};
use kugel_error::Error;
use kugel_rpc::Caller;
use kugel_store::{Page, Query, Record as _};
use kugel_types::StoreCode;

use super::App;
use crate::records::{UpdateRecord, of_store};

/// Rows that a stream reads at once.
const STREAM_ROWS: u32 = 1000;

impl App {
    /// Every change of a tenant or of one store, by store, item and sequence. It goes from key to key, so that changes
    /// that arrive meanwhile neither shift nor repeat a row.
    pub(crate) fn stream_history(
        &self,
        caller: &Caller,
        store: Option<StoreCode>,
    ) -> impl Stream<Item = Result<Arc<UpdateRecord<'static>>, Error>> + Send + use<> {
        let (documents, scope) = (self.documents.clone(), caller.scope());
        let pages = stream::unfold(Some(String::new()), move |after| {
            let (documents, scope) = (documents.clone(), scope.clone());
            let everything = store.as_ref().map_or_else(Query::all, of_store);
            async move {
                let query = everything.greater("id", after?).page(Page {
                    limit: STREAM_ROWS,
                    number: 1,
                });
                match documents.find::<UpdateRecord<'static>>(&scope, query).await {
                    Ok(listing) => {
                        let last = listing.rows.last()?.value.id();
                        let rows: Vec<_> = listing.rows.into_iter().map(|row| Ok(row.value)).collect();
                        Some((rows, Some(last)))
                    }
                    Err(error) => Some((vec![Err(Error::from(error))], None)),
                }
            }
        });
        pages.flat_map(stream::iter)
    }
}
