//! Handing out the filed transaction logs, page by page, to whoever compares them with those of the cart service.

use std::collections::VecDeque;

use futures::Stream;
use futures::stream::try_unfold;
use kugel_error::Error;
use kugel_proto::report::v1::{StreamTransactionsRequest, StreamTransactionsResponse};
use kugel_store::{Documents, Page, Query, Record, Scope, Stored};
use tonic::Status;

use crate::adapters::documents::TransactionDocument;

/// Logs that are read at once.
const LOGS_AT_ONCE: u32 = 500;

/// Where the stream is: what was read and not yet handed out, and the key after which to read on.
#[derive(Default)]
struct Place {
    read: VecDeque<Stored<TransactionDocument>>,
    last: String,
}

/// Streams the logs in the order of their keys: store, terminal, number.
pub fn stream_transactions(
    documents: Documents,
    scope: Scope,
    request: StreamTransactionsRequest,
) -> impl Stream<Item = Result<StreamTransactionsResponse, Status>> + Send + 'static {
    let step = move |mut place: Place| {
        let (documents, scope, request) = (documents.clone(), scope.clone(), request.clone());
        async move {
            if place.read.is_empty() {
                let query = page_after(&place.last, &request);
                let logs = documents.find::<TransactionDocument>(&scope, query).await;
                place.read = logs.map_err(Error::from)?.rows.into();
            }
            let Some(log) = place.read.pop_front() else {
                return Ok(None);
            };
            place.last = log.id();
            let transaction = Some(log.value.0.clone());
            Ok(Some((StreamTransactionsResponse { transaction }, place)))
        }
    };
    try_unfold(Place::default(), step)
}

fn page_after(last: &str, request: &StreamTransactionsRequest) -> Query {
    let page = Page {
        limit: LOGS_AT_ONCE,
        number: 1,
    };
    Query::all()
        .greater("id", last)
        .given(request.store_code.as_deref(), |query, store| {
            query.eq("store_code", store)
        })
        .given(request.business_date.as_deref(), |query, date| {
            query.eq("business_date", date)
        })
        .page(page)
}
