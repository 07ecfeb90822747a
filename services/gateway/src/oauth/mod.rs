//! The endpoints of OAuth2: tokens (RFC 6749), revocation (RFC 7009) and introspection (RFC 7662). Written by hand because
//! OAuth2 wants forms, and answers without the envelope.
//!
//! The client is the tenant, which has no secret, or a service account, which has. Each grant is a method of the account
//! service and an arm of [`grant`]. A failure is the error object of RFC 6749 and the envelope's members at once, so that clients of either kind
//! read it; its status is the one that the error table gives it.

mod form;

use axum::body::Body;
use http::header::{AUTHORIZATION, PRAGMA};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use kugel_error::{Error, codes};
use kugel_proto::account::v1::{
    IntrospectTokenRequest, IntrospectTokenResponse, IssueServiceAccountTokenRequest,
    IssueServiceAccountTokenResponse, IssueTokenRequest, IssueTokenResponse, RefreshTokenRequest,
    RefreshTokenResponse, RevokeTokenRequest, RevokeTokenResponse,
};
use prost::Message;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::reply::{self, Language};
use crate::{Gateway, headers, rest, upstream};
use form::Form;

/// Where forms are exchanged for tokens.
pub(crate) const TOKEN: &str = "/api/v1/accounts/token";
/// Where sessions end.
pub(crate) const REVOKE: &str = "/api/v1/accounts/token/revoke";
/// Where clients ask what a token is worth.
pub(crate) const INTROSPECT: &str = "/api/v1/accounts/token/introspect";
/// The service that knows the users.
const SERVICE: &str = "account";

/// What is served here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Token,
    Revoke,
    Introspect,
}

/// The endpoint at a path, if it is one.
pub(crate) fn at(path: &str) -> Option<Endpoint> {
    match path.strip_suffix('/').unwrap_or(path) {
        TOKEN => Some(Endpoint::Token),
        REVOKE => Some(Endpoint::Revoke),
        INTROSPECT => Some(Endpoint::Introspect),
        _ => None,
    }
}

/// Answers a request to an endpoint.
pub(crate) async fn serve(gateway: &Gateway, endpoint: Endpoint, request: Request<Body>) -> Response<Body> {
    let language = Language::of(request.headers());
    let method = request.method().clone();
    match answer(gateway, endpoint, request).await {
        Ok(body) => {
            let mut response = reply::json(StatusCode::OK, body.to_string().into_bytes());
            let no_cache = HeaderValue::from_static("no-cache");
            response.headers_mut().insert(PRAGMA, no_cache);
            response
        }
        Err(mut failure) => {
            failure.oauth.get_or_insert(error_of(endpoint, &failure));
            let style = gateway.settings.code_style();
            let mut response = reply::failure(failure, language, style, &gateway.routes, None);
            if method != Method::POST {
                reply::allow(&mut response, &[Method::POST]);
            }
            response
        }
    }
}

async fn answer(gateway: &Gateway, endpoint: Endpoint, request: Request<Body>) -> Result<Value, Failure> {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        return Err(codes::METHOD_NOT_ALLOWED
            .error("only POST is allowed here")
            .into());
    }
    let body = rest::read_body(body, gateway.settings.body_limit_bytes).await?;
    // Who logs out by the token of the call itself has nothing to say.
    let form = match endpoint {
        Endpoint::Revoke if body.is_empty() => Form::default(),
        _ => Form::read(&parts, body).await?,
    };
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let mut parameters = form_urlencoded::parse(query);
    let terminal = parameters.find(|(name, _)| name == "terminal_id");
    let mut metadata = headers::metadata(&parts.headers, terminal.as_ref().map(|(_, id)| &**id));
    if form::is_basic(&parts.headers) {
        // It has said who the client is, and means nothing to the service.
        metadata.remove(AUTHORIZATION);
    }
    match endpoint {
        Endpoint::Token => grant(gateway, metadata, &form).await,
        Endpoint::Revoke => {
            let token = form.text("token");
            let request = RevokeTokenRequest { token };
            let _: RevokeTokenResponse =
                call(gateway, "AccountService/RevokeToken", metadata, &request).await?;
            Ok(json!({}))
        }
        Endpoint::Introspect => {
            let token = form.text("token");
            let request = IntrospectTokenRequest { token };
            let worth = call(gateway, "AccountService/IntrospectToken", metadata, &request).await?;
            Ok(introspection(worth))
        }
    }
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
            let token: IssueTokenResponse =
                call(gateway, "AccountService/IssueToken", metadata, &request).await?;
            Ok(present(json!({
                "access_token": token.access_token,
                "token_type": token.token_type,
                "expires_in": token.expires_in,
                "refresh_token": token.refresh_token,
            })))
        }
        Some("refresh_token") => {
            let request = RefreshTokenRequest {
                refresh_token: form.text("refresh_token"),
                client_id: form.text("client_id"),
            };
            let token: RefreshTokenResponse =
                call(gateway, "AccountService/RefreshToken", metadata, &request).await?;
            Ok(json!({
                "access_token": token.access_token,
                "token_type": token.token_type,
                "expires_in": token.expires_in,
                "refresh_token": token.refresh_token,
            }))
        }
        Some("client_credentials") => service_account(gateway, metadata, form).await,
        Some(_) => {
            let error = codes::INVALID_INPUT.error("request validation failed");
            let why = "must be `password`, `refresh_token` or `client_credentials`";
            let error = error.field("grant_type", why);
            Err(refused("unsupported_grant_type", error))
        }
    }
}

/// Exchanges the key of a service account for a token. Who is not let in is no client: RFC 6749, 5.2.
async fn service_account(gateway: &Gateway, metadata: HeaderMap, form: &Form) -> Result<Value, Failure> {
    let request = IssueServiceAccountTokenRequest {
        client_id: form.text("client_id"),
        client_secret: form.text("client_secret"),
        scope: form.text("scope"),
    };
    let method = "ServiceAccountService/IssueServiceAccountToken";
    let issued: Result<IssueServiceAccountTokenResponse, Failure> =
        call(gateway, method, metadata, &request).await;
    let token = issued.map_err(|failure| match failure.http {
        StatusCode::UNAUTHORIZED => Failure {
            oauth: Some("invalid_client"),
            ..failure
        },
        StatusCode::UNPROCESSABLE_ENTITY if failure.fields.iter().any(|wrong| wrong.field == "scope") => {
            Failure {
                oauth: Some("invalid_scope"),
                ..failure
            }
        }
        _ => failure,
    })?;
    Ok(json!({
        "access_token": token.access_token,
        "token_type": token.token_type,
        "expires_in": token.expires_in,
        "scope": token.scope,
    }))
}

async fn call<A: Message + Default>(
    gateway: &Gateway,
    method: &str,
    metadata: HeaderMap,
    request: &impl Message,
) -> Result<A, Failure> {
    let channel = gateway.channel(SERVICE)?;
    let path = format!("/kugel.account.v1.{method}");
    let path = PathAndQuery::try_from(path).expect("methods are named by letters");
    let answer = upstream::unary(channel, &path, metadata, upstream::frame_of(request)).await?;
    A::decode(answer.message).map_err(|_| Failure::malformed_answer())
}

/// A failure that RFC 6749 has a name for.
fn refused(name: &'static str, error: Error) -> Failure {
    Failure {
        oauth: Some(name),
        ..error.into()
    }
}

/// What RFC 6749 calls a failure. What it has no name for at the token endpoint is called as at its authorization endpoint,
/// and a credential that is no good for introspection as in RFC 6750.
fn error_of(endpoint: Endpoint, failure: &Failure) -> &'static str {
    match failure.http.as_u16() {
        401 | 403 if endpoint == Endpoint::Introspect => "invalid_token",
        422 if endpoint == Endpoint::Revoke => "unsupported_token_type",
        401 | 403 => "invalid_grant",
        429 | 503 | 504 => "temporarily_unavailable",
        500.. => "server_error",
        _ => "invalid_request",
    }
}

/// What a token is worth, in the words of RFC 7662.
fn introspection(worth: IntrospectTokenResponse) -> Value {
    present(json!({
        "active": worth.active,
        "kind": worth.kind,
        "token_type": worth.token_type,
        "sub": worth.sub,
        "username": worth.username,
        "client_id": worth.client_id,
        "exp": worth.exp,
        "sid": worth.sid,
    }))
}

/// An object without what is absent: OAuth2 knows no null.
fn present(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    object
}
