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
    /// What lets the request pass, if it needs that: good for this one request and no other.
    pub permit: Option<Permit>,
}

/// What lets one request pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// Unique among all permits and the keys of all requests of a scope.
    pub id: String,
    /// True if it has ended: only a request that was carried out before is still answered.
    pub is_over: bool,
}

impl RequestKey {
    /// What the answer is kept under: the key and the permit.
    fn ids(&self) -> impl Iterator<Item = &String> {
        let permit = self.permit.iter().map(|permit| &permit.id);
        std::iter::once(&self.id).chain(permit.filter(|id| **id != self.id))
    }
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
        if request.permit.as_ref().is_some_and(|permit| permit.is_over) {
            return Err(unusable("has ended"));
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
        for id in request.ids() {
            let Some(processed) = self.get::<ProcessedRequest>(scope, id).await? else {
                continue;
            };
            let kept = &processed.fingerprint;
            let is_permit = request.permit.as_ref().is_some_and(|permit| permit.id == *id);
            // Under a key of its own it is another command, even with the same content.
            let is_other = is_permit && request.id != *id;
            if is_other || *kept != request.fingerprint && !request.other_fingerprints.contains(kept) {
                return Err(if is_permit {
                    unusable("was used before")
                } else {
                    reused()
                });
            }
            let answer = serde_json::from_str(&processed.answer);
            return answer.map(Some).map_err(|error| {
                Error::from(StoreError::Malformed {
                    collection: PROCESSED_REQUESTS.name,
                    id: id.clone(),
                    reason: error.to_string(),
                })
            });
        }
        Ok(None)
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

fn reused() -> Error {
    codes::REQUEST_REFUSED
        .error("the request id was used for another request before")
        .field("request_id", "must be new for a new request")
}

fn unusable(why: &str) -> Error {
    codes::PERMISSION_DENIED.error(format!("the approval {why}: ask for another one"))
}

impl Changes {
    /// Keeps the answer of a request with a key. The same request sent twice at once fails here, and finds this answer.
    pub fn answering<A: Serialize + ?Sized>(self, request: Option<&RequestKey>, answer: &A) -> Self {
        let Some(request) = request else { return self };
        request.ids().fold(self, |changes, id| {
            let body = serde_json::to_string(answer).and_then(|answer| {
                serde_json::to_string(&ProcessedRequest {
                    key: id.clone(),
                    fingerprint: request.fingerprint.clone(),
                    answer,
                })
            });
            let action = body.map(|text| Action::Append(Body::from_text(text)));
            changes.written::<ProcessedRequest>(id.clone(), action)
        })
    }
}

impl StoreError {
    /// True if the same request was carried out elsewhere at the same time: no reason to begin again.
    pub fn is_same_request(&self) -> bool {
        self.is_duplicate_in(PROCESSED_REQUESTS.name)
    }
}
