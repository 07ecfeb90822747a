//! The token endpoint of OAuth2 (RFC 6749), `POST /api/v1/accounts/token`: written by hand because OAuth2 wants forms, and
//! answers without the envelope.
//!
//! The client is the tenant, which has no secret. A grant is a method of the account service: another one is an arm of
//! [`grant`]. A failure is the error object of RFC 6749 and the envelope's members at once, so that clients of either kind
//! read it; its status is the one that the error table gives it.

mod form;

use axum::body::Body;
use http::header::{AUTHORIZATION, PRAGMA};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use kugel_error::{Error, codes};
use kugel_proto::account::v1::{IssueTokenRequest, IssueTokenResponse};
use prost::Message;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::reply::{self, Language};
use crate::{Gateway, headers, rest, upstream};
use form::Form;

/// Where forms are exchanged for tokens.
pub(crate) const TOKEN: &str = "/api/v1/accounts/token";
/// The service that knows the users.
const SERVICE: &str = "account";
const ISSUE: PathAndQuery = PathAndQuery::from_static("/kugel.account.v1.AccountService/IssueToken");

/// True if a path is one of those that are served here.
pub(crate) fn serves(path: &str) -> bool {
    path.strip_suffix('/').unwrap_or(path) == TOKEN
}

/// Answers a request to one of the paths.
pub(crate) async fn serve(gateway: &Gateway, request: Request<Body>) -> Response<Body> {
    let language = Language::of(request.headers());
    let method = request.method().clone();
    match answer(gateway, request).await {
        Ok(body) => {
            let mut response = reply::json(StatusCode::OK, body.to_string().into_bytes());
            let no_cache = HeaderValue::from_static("no-cache");
            response.headers_mut().insert(PRAGMA, no_cache);
            response
        }
        Err(mut failure) => {
            failure.oauth.get_or_insert(error_of(&failure));
            let style = gateway.settings.error_code_style;
            let mut response = reply::failure(failure, language, style, &gateway.routes, None);
            if method != Method::POST {
                reply::allow(&mut response, &[Method::POST]);
            }
            response
        }
    }
}

async fn answer(gateway: &Gateway, request: Request<Body>) -> Result<Value, Failure> {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        return Err(codes::METHOD_NOT_ALLOWED
            .error("only POST is allowed here")
            .into());
    }
    let body = rest::read_body(body, gateway.settings.body_limit_bytes).await?;
    let form = Form::read(&parts, body).await?;
    let mut metadata = headers::metadata(&parts.headers, None);
    if form::is_basic(&parts.headers) {
        // It has said who the client is, and means nothing to the service.
        metadata.remove(AUTHORIZATION);
    }
    grant(gateway, metadata, &form).await
}

/// Exchanges what the client was granted for a token.
async fn grant(gateway: &Gateway, metadata: HeaderMap, form: &Form) -> Result<Value, Failure> {
    match form.get("grant_type") {
        // Older clients leave it out.
        None | Some("password") => {
            let request = IssueTokenRequest {
                username: form.text("username"),
                password: form.text("password"),
                client_id: form.text("client_id"),
                ..Default::default()
            };
            let token: IssueTokenResponse = call(gateway, &ISSUE, metadata, &request).await?;
            Ok(json!({
                "access_token": token.access_token,
                "token_type": token.token_type,
                "expires_in": token.expires_in,
            }))
        }
        Some(_) => {
            let error = codes::INVALID_INPUT.error("request validation failed");
            let error = error.field("grant_type", "must be `password`");
            Err(refused("unsupported_grant_type", error))
        }
    }
}

async fn call<A: Message + Default>(
    gateway: &Gateway,
    method: &PathAndQuery,
    metadata: HeaderMap,
    request: &impl Message,
) -> Result<A, Failure> {
    let channel = gateway.channel(SERVICE)?;
    let answer = upstream::unary(channel, method, metadata, upstream::frame_of(request)).await?;
    A::decode(answer.message).map_err(|_| Failure::malformed_answer())
}

/// A failure that RFC 6749 has a name for.
fn refused(name: &'static str, error: Error) -> Failure {
    Failure {
        oauth: Some(name),
        ..error.into()
    }
}

/// What RFC 6749 calls a failure. What it has no name for at this endpoint is called as at its authorization endpoint.
fn error_of(failure: &Failure) -> &'static str {
    match failure.http.as_u16() {
        401 | 403 => "invalid_grant",
        429 | 503 | 504 => "temporarily_unavailable",
        500.. => "server_error",
        _ => "invalid_request",
    }
}
