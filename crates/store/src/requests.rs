//! Requests that may be sent twice: the answer of a request with a key is kept in the commit of its effect, so that the
//! same request sent again, even after a crash, is answered and not carried out.
//!
//! A use case is wrapped into [`Documents::once`] and puts its answer into its commit with [`Changes::answering`]. What
//! is refused has no effect and keeps no answer: sent again, it is tried again.

use std::time::Duration;

use jiff::SignedDuration;
use kugel_error::{Error, codes};
use kugel_types::Page;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Action, Body, Changes, Collection, Documents, Index, Query, Record, Scope, StoreError};

/// How long an answer is kept.
pub const ANSWERS_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Time between two rounds of forgetting.
const ROUND: Duration = Duration::from_secs(3_600);
/// Answers that are forgotten in one commit.
const CHUNK: u32 = 500;

/// The requests that were carried out, with their answers. Every service that keeps answers has this collection.
pub static PROCESSED_REQUESTS: Collection = Collection {
    name: "processed_requests",
    fields: &[],
    indexes: &[Index::on(&["created_at"])],
};

/// What makes a request repeatable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// The caller and the key that it chose: unique among all requests of a scope.
    pub id: String,
    /// A digest of the method and its message, to be kept: the same key with another content is a mistake.
    pub fingerprint: String,
    /// The digest of the same content as others keep it or it was kept before.
    pub other_fingerprints: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct ProcessedRequest {
    key: String,
    fingerprint: String,
    /// JSON within a text: to the store it is one value, whatever the answer consists of.
    answer: String,
}

impl Record for ProcessedRequest {
    const COLLECTION: &'static Collection = &PROCESSED_REQUESTS;
    fn id(&self) -> String {
        self.key.clone()
    }
}

impl Documents {
    /// Does the work unless the request was carried out before; then gives the answer that was kept. The work puts its
    /// answer into its commit with [`Changes::answering`]. Without a key it is simply done.
    pub async fn once<A: DeserializeOwned>(
        &self,
        scope: &Scope,
        request: Option<&RequestKey>,
        work: impl Future<Output = Result<A, Error>>,
    ) -> Result<A, Error> {
        let Some(request) = request else {
            return work.await;
        };
        if let Some(answer) = self.kept_answer(scope, request).await? {
            return Ok(answer);
        }
        match work.await {
            Ok(answer) => Ok(answer),
            // The same request may have been sent twice at once, and the other one was first: whatever this one then
            // met, the row of the answer or the effect, that answer is its own.
            Err(error) => self.kept_answer(scope, request).await?.ok_or(error),
        }
    }

    async fn kept_answer<A: DeserializeOwned>(
        &self,
        scope: &Scope,
        request: &RequestKey,
    ) -> Result<Option<A>, Error> {
        let Some(processed) = self.get::<ProcessedRequest>(scope, &request.id).await? else {
            return Ok(None);
        };
        let kept = &processed.fingerprint;
        if *kept != request.fingerprint && !request.other_fingerprints.contains(kept) {
            let text = "the request id was used for another request before";
            return Err(codes::REQUEST_REFUSED
                .error(text)
                .field("request_id", "must be new for a new request"));
        }
        let answer = serde_json::from_str(&processed.answer);
        answer.map(Some).map_err(|error| {
            Error::from(StoreError::Malformed {
                collection: PROCESSED_REQUESTS.name,
                id: request.id.clone(),
                reason: error.to_string(),
            })
        })
    }

    /// Forgets answers that are too old to be asked for, in every scope. Gives their number.
    pub async fn forget_answers(&self) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        for scope in self.scopes().await? {
            loop {
                let page = Page {
                    limit: CHUNK,
                    number: 1,
                };
                let old = Query::all()
                    .less("created_at", self.now() - ANSWERS_KEPT)
                    .page(page);
                let rows = self.find::<ProcessedRequest>(&scope, old).await?.rows;
                let changes = rows.iter().fold(self.changes("housekeeping"), |changes, row| {
                    changes.delete::<ProcessedRequest>(&row.key, None)
                });
                self.commit(&scope, changes).await?;
                forgotten += rows.len();
                if rows.len() < CHUNK as usize {
                    break;
                }
            }
        }
        Ok(forgotten)
    }

    /// Forgets old answers for as long as the service runs.
    pub async fn keep_forgetting(self) {
        loop {
            tokio::time::sleep(ROUND).await;
            if let Err(error) = self.forget_answers().await {
                tracing::warn!(%error, "old answers could not be forgotten");
            }
        }
    }
}

impl Changes {
    /// Keeps the answer of a request with a key. The same request sent twice at once fails here, and finds this answer.
    pub fn answering<A: Serialize + ?Sized>(self, request: Option<&RequestKey>, answer: &A) -> Self {
        let Some(request) = request else { return self };
        let body = serde_json::to_string(answer).and_then(|answer| {
            serde_json::to_string(&ProcessedRequest {
                key: request.id.clone(),
                fingerprint: request.fingerprint.clone(),
                answer,
            })
        });
        let action = body.map(|text| Action::Append(Body::from_text(text)));
        self.written::<ProcessedRequest>(request.id.clone(), action)
    }
}

impl StoreError {
    /// True if the same request was carried out elsewhere at the same time: no reason to begin again.
    pub fn is_same_request(&self) -> bool {
        self.is_duplicate_in(PROCESSED_REQUESTS.name)
    }
}
