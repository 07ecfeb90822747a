//! Commands that may be sent twice: the answer of a command with a request id is kept in the command's own commit, so
//! that the same command sent again, even after a crash, is answered and not carried out.

use std::ops::Deref;

use kugel_error::{Error, codes};
use kugel_store::{Changes, Collection, Documents, Record, Scope};
use kugel_types::TerminalId;
use serde::{Deserialize, Serialize};

use crate::domain::cart::{Cart, CartId};

/// The terminal that sends a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Till {
    /// Which one.
    pub terminal: TerminalId,
    /// W3C trace context of the command.
    pub traceparent: Option<String>,
    /// What makes the command repeatable, if the till wants that.
    pub request: Option<RequestKey>,
}

/// What makes a command repeatable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Chosen by the till, unique among its commands.
    pub id: String,
    /// A digest of the method and its message: the same id with another content is a mistake.
    pub fingerprint: String,
}

impl Deref for Till {
    type Target = TerminalId;
    fn deref(&self) -> &TerminalId {
        &self.terminal
    }
}

/// Requests that were carried out.
pub(crate) static PROCESSED_REQUESTS: Collection = Collection {
    name: "processed_requests",
    fields: &[],
    indexes: &[],
};

/// What a request was answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// A cart was opened.
    Opened(CartId),
    /// A cart was changed, and then was this.
    Cart(Box<Cart>),
    /// A transaction was reversed by the one with this number at the same terminal.
    Reversed(i64),
}

/// A request that was carried out, with its answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProcessedRequest {
    key: String,
    fingerprint: String,
    answer: Answer,
}

impl Record for ProcessedRequest {
    const COLLECTION: &'static Collection = &PROCESSED_REQUESTS;
    fn id(&self) -> String {
        self.key.clone()
    }
}

fn key(terminal: &TerminalId, request: &RequestKey) -> String {
    format!("{terminal}/{}", request.id)
}

/// The answer of the command, if it was carried out before.
pub(crate) async fn answered(documents: &Documents, till: &Till) -> Result<Option<Answer>, Error> {
    let Some(request) = &till.request else {
        return Ok(None);
    };
    let scope = Scope::from(&till.tenant);
    let Some(processed) = documents
        .get::<ProcessedRequest>(&scope, &key(till, request))
        .await?
    else {
        return Ok(None);
    };
    if processed.fingerprint == request.fingerprint {
        return Ok(Some(processed.answer.clone()));
    }
    let text = "the request id was used for another request before";
    Err(codes::REQUEST_REFUSED
        .error(text)
        .field("request_id", "must be new for a new request"))
}

/// Keeps the answer in the command's commit. The same command sent twice at once fails there, and finds this answer.
pub(crate) fn remember(changes: Changes, till: &Till, answer: impl FnOnce() -> Answer) -> Changes {
    let Some(request) = &till.request else {
        return changes;
    };
    changes.insert(ProcessedRequest {
        key: key(till, request),
        fingerprint: request.fingerprint.clone(),
        answer: answer(),
    })
}

/// The answer when a request id is known from a command of another kind. Its fingerprint would have to be the same too,
/// so this is a digest that collides.
pub(crate) fn mistaken() -> Error {
    codes::CART_INTERNAL.error("the request id was used for a request of another kind")
}
