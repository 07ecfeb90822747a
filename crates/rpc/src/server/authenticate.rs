//! Authentication: turns credentials into a principal. Whether the principal is let in, the method's policy says.

use std::sync::Arc;

use http::{HeaderMap, Request, Response};
use kugel_auth::{ApiKey, Principal};
use kugel_config::Compatibility;
use kugel_error::{Error, codes};
use tonic::Status;
use tonic::body::Body;

use super::approval::Presented;
use super::request_key::Fingerprints;
use super::stack::Layers;
use crate::{API_KEY, APPROVAL, LocalService, REQUEST_ID, TERMINAL_ID};

/// What the credentials of a request amount to, for [`crate::admit`].
#[derive(Clone)]
pub(crate) enum Credential {
    /// None were sent.
    None,
    /// They are good.
    Good(Arc<Principal>),
    /// They are not; the error says why.
    Refused(Arc<Error>),
}

/// An API key as it was sent, for the call that exchanges it for a token.
#[derive(Clone)]
pub(crate) struct PresentedKey {
    pub(crate) key: ApiKey,
    /// It came with a terminal id, was compared, and is not that terminal's.
    pub(crate) is_refused: bool,
}

/// Marks the requests of a process that serves older clients: see [`kugel_proto::Policy::legacy_allow`].
#[derive(Clone)]
pub(crate) struct ServesLegacy;

/// The last layer before the service.
pub(crate) async fn authenticate(
    mut request: Request<Body>,
    next: LocalService,
    layers: &Layers,
) -> Response<Body> {
    let headers = request.headers();
    let approval = text(headers, APPROVAL).map(|text| Presented::read(&layers.tokens, text));
    let fingerprints = (headers.contains_key(REQUEST_ID) || approval.is_some())
        .then(|| Fingerprints(Arc::clone(&layers.tokens)));
    let is_compared =
        headers.get(http::header::AUTHORIZATION).is_none() && text(headers, TERMINAL_ID).is_some();
    let presented = text(headers, API_KEY).map(ApiKey::from_request);
    let credential = match credential(headers, layers).await {
        Ok(Some(principal)) => Credential::Good(principal),
        Ok(None) => Credential::None,
        // Who cannot be checked now is not refused: the caller may try again.
        Err(error) if !error.is(&codes::UNAUTHENTICATED) => return Status::from(error).into_http(),
        Err(error) => Credential::Refused(Arc::new(error)),
    };
    let is_refused = is_compared && matches!(credential, Credential::Refused(_));
    request.extensions_mut().insert(credential);
    request.extensions_mut().insert(layers.standings.clone());
    if layers.compatibility == Compatibility::Legacy {
        request.extensions_mut().insert(ServesLegacy);
    }
    if let Some(key) = presented {
        request.extensions_mut().insert(PresentedKey { key, is_refused });
    }
    if let Some(approval) = approval {
        request.extensions_mut().insert(approval);
    }
    if let Some(fingerprints) = fingerprints {
        request.extensions_mut().insert(fingerprints);
    }
    next.answer(request).await
}

/// A bearer token decides alone; the API key counts only where there is none.
async fn credential(headers: &HeaderMap, layers: &Layers) -> Result<Option<Arc<Principal>>, Error> {
    if let Some(value) = headers.get(http::header::AUTHORIZATION) {
        let text = value.to_str().unwrap_or_default();
        let token = text
            .get(..7)
            .filter(|scheme| scheme.eq_ignore_ascii_case("bearer "))
            .map(|_| text[7..].trim());
        let token =
            token.ok_or_else(|| codes::UNAUTHENTICATED.error("authorization must be `Bearer <token>`"))?;
        let refuse = |error: kugel_auth::TokenError| codes::UNAUTHENTICATED.error(error.to_string());
        let principal = layers.tokens.verify(token).map_err(|error| match error {
            kugel_auth::TokenError::Expired | kugel_auth::TokenError::NotYetValid => refuse(error),
            // What exactly is wrong with a forged token is for the log.
            kugel_auth::TokenError::Invalid(_) => codes::UNAUTHENTICATED
                .error("the token is not valid")
                .caused_by(error),
        })?;
        return layers.standings.of(principal).await.map(Some);
    }
    match (text(headers, API_KEY), text(headers, TERMINAL_ID)) {
        (Some(key), Some(terminal_id)) => layers.api_keys.verify(terminal_id, key).await.map(Some),
        _ => Ok(None),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.is_empty())
}
