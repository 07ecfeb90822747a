//! Changes that may be sent twice: what a request with an id made is remembered in its own commit, so that the same
//! request sent again, even after a crash, is answered and not carried out.

use jiff::{SignedDuration, Timestamp};
use kugel_error::{Error, codes};
use kugel_store::{Changes, Documents, Listing, Page, Query, Scope, StoreError};

use crate::adapters::documents::{Made, RequestRecord};

/// The longest id that a caller may choose.
const LENGTH_MAX: usize = 128;
/// How long a request is remembered.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);
/// Requests that are forgotten in one commit.
const FORGET_LIMIT: u32 = 500;

/// What makes a change repeatable: the caller and the id that it chose.
#[derive(Debug, Clone)]
pub(crate) struct RequestKey(String);

impl RequestKey {
    /// Reads the id of a request, if it has one.
    pub(crate) fn new(actor: &str, id: Option<&str>) -> Result<Option<Self>, Error> {
        match id {
            Some(id) if id.len() > LENGTH_MAX => {
                let rule = "must have at most 128 characters";
                Err(codes::INVALID_INPUT
                    .error(format!("request_id {rule}"))
                    .field("request_id", rule))
            }
            _ => Ok(id.map(|id| Self(format!("{actor}/{id}")))),
        }
    }
}

/// What the request made, if it was carried out before.
pub(crate) async fn made(
    documents: &Documents,
    scope: &Scope,
    request: Option<&RequestKey>,
) -> Result<Option<Made>, Error> {
    let Some(RequestKey(key)) = request else {
        return Ok(None);
    };
    let record = documents.get::<RequestRecord>(scope, key).await?;
    Ok(record.map(|record| record.made.clone()))
}

/// Remembers in a commit what the request makes.
pub(crate) fn remember(
    changes: Changes,
    request: Option<&RequestKey>,
    made: impl FnOnce() -> Made,
) -> Changes {
    match request {
        Some(RequestKey(key)) => changes.append(&RequestRecord {
            key: key.clone(),
            made: made(),
        }),
        None => changes,
    }
}

/// True if the same request was carried out elsewhere at the same time.
pub(crate) fn is_repetition(error: &StoreError) -> bool {
    error.is_duplicate_in("processed_requests")
}

/// The id of a request comes with another content.
pub(crate) fn mistaken() -> Error {
    let message = "the request id was used for another request before";
    codes::REQUEST_REFUSED
        .error(message)
        .field("request_id", "must be new for a new request")
}

/// Forgets the requests of a tenant that are too old to be sent again.
pub(crate) async fn forget(
    documents: &Documents,
    scope: &Scope,
    actor: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    loop {
        let old = Query::all().less("created_at", now - MEMORY);
        let page = Page {
            limit: FORGET_LIMIT,
            number: 1,
        };
        let listing: Listing<RequestRecord> = documents.find(scope, old.page(page)).await?;
        if listing.rows.is_empty() {
            return Ok(());
        }
        let changes = listing
            .rows
            .iter()
            .fold(documents.changes(actor), |changes, row| {
                changes.delete::<RequestRecord>(&row.key, None)
            });
        documents.commit(scope, changes).await?;
    }
}
