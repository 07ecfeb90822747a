//! Finds entries of the unified journal.

use std::sync::Arc;

use futures::stream::{self, Stream, StreamExt};
use jiff::Timestamp;
use kugel_error::Error;
use kugel_store::{Documents, Listing, Page, Query, Scope};

use crate::adapters::documents::Entry;
use crate::domain::search::Search;

/// Rows that a stream reads at once.
const STREAM_ROWS: u32 = 500;

/// A page of what matches.
pub(crate) async fn search_journals(
    documents: &Documents,
    scope: &Scope,
    search: &Search,
) -> Result<Listing<Entry>, Error> {
    Ok(documents.find(scope, query(search).page(search.page)).await?)
}

/// Everything that matches and was stored by `until`. The bound keeps the pages from shifting while new entries arrive.
pub(crate) fn stream_journals(
    documents: Documents,
    scope: Scope,
    search: Search,
    until: Timestamp,
) -> impl Stream<Item = Result<Arc<Entry>, Error>> + Send + 'static {
    let pages = stream::unfold(Some(1), move |number| {
        let (documents, scope) = (documents.clone(), scope.clone());
        let query = query(&search).at_most("created_at", until);
        async move {
            let number = number?;
            let page = Page {
                limit: STREAM_ROWS,
                number,
            };
            match documents.find::<Entry>(&scope, query.page(page)).await {
                Ok(listing) if listing.rows.is_empty() => None,
                Ok(listing) => {
                    let last = listing.total <= page.skip() + u64::from(STREAM_ROWS);
                    let rows = listing.rows.into_iter().map(|row| Ok(row.value)).collect();
                    Some((rows, (!last).then_some(number + 1)))
                }
                Err(error) => Some((vec![Err(Error::from(error))], None)),
            }
        }
    });
    pages.flat_map(stream::iter)
}

fn query(search: &Search) -> Query {
    let mut query = Query::all().eq("store_code", &search.store);
    if !search.terminals.is_empty() {
        query = query.one_of("terminal_no", search.terminals.iter().copied());
    }
    if !search.transaction_types.is_empty() {
        query = query.one_of("transaction_type", search.transaction_types.iter().copied());
    }
    if !search.keywords.is_empty() {
        query = query.contains_one_of("journal_text", search.keywords.iter().cloned());
    }
    query
        .given(search.business_date_from, |query, date| {
            query.at_least("business_date", date)
        })
        .given(search.business_date_to, |query, date| {
            query.at_most("business_date", date)
        })
        .given(search.generated_from, |query, time| {
            query.at_least("generated_at", time.as_microsecond())
        })
        .given(search.generated_to, |query, time| {
            query.at_most("generated_at", time.as_microsecond())
        })
        .given(search.receipt_no_from, |query, number| {
            query.at_least("receipt_no", number)
        })
        .given(search.receipt_no_to, |query, number| {
            query.at_most("receipt_no", number)
        })
        .sort(search.order.of_documents())
}
