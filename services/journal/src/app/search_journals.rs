//! Finds entries of the unified journal.

use futures::stream::{self, Stream, TryStreamExt};
use kugel_error::Error;
use kugel_rpc::Caller;
use kugel_store::{Direction, Listing, Page, Query, Stored};

use super::App;
use crate::domain::search::Search;
use crate::records::Entry;

/// Rows that a stream reads at once.
const STREAM_ROWS: u32 = 500;

impl App {
    /// A page of what matches.
    pub(crate) async fn search_journals(
        &self,
        caller: &Caller,
        search: &Search,
    ) -> Result<Listing<Entry>, Error> {
        let query = query(search).page(search.page);
        Ok(self.documents.find(&caller.scope(), query).await?)
    }

    /// Everything that matches and is stored by now. The bound keeps the pages from shifting while new entries arrive; it is
    /// the time of the newest entry where that is later than now, for a clock may have been set back.
    pub(crate) async fn stream_journals(
        &self,
        caller: &Caller,
        search: &Search,
    ) -> Result<impl Stream<Item = Result<Stored<Entry>, Error>> + Send + use<>, Error> {
        let (documents, scope) = (self.documents.clone(), caller.scope());
        let newest = Query::all().eq("store_code", &search.store);
        let newest = newest.sort(("created_at", Direction::Descending));
        let newest = documents.first::<Entry>(&scope, newest).await?;
        let now = self.clock.now();
        let bound = newest.map_or(now, |newest| newest.created_at.max(now));
        let query = query(search).at_most("created_at", bound);
        let pages = stream::try_unfold(Some(1), move |number| {
            let (documents, scope, query) = (documents.clone(), scope.clone(), query.clone());
            async move {
                let Some(number) = number else {
                    return Ok(None);
                };
                let page = Page {
                    limit: STREAM_ROWS,
                    number,
                };
                let listing = documents.find::<Entry>(&scope, query.page(page)).await?;
                let is_last = listing.total <= page.skip() + u64::from(STREAM_ROWS);
                let rows = stream::iter(listing.rows.into_iter().map(Ok));
                Ok::<_, Error>(Some((rows, (!is_last).then_some(number + 1))))
            }
        });
        Ok(pages.try_flatten())
    }
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
