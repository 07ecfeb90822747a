//! The OAuth2 password form, `POST /api/v1/accounts/token`: written by hand because OAuth2 wants a form and an answer
//! without the envelope.

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode};
use kugel_error::{Error, codes};
use kugel_proto::account::v1::{IssueTokenRequest, IssueTokenResponse};
use prost::Message;

use crate::failure::Failure;
use crate::reply::{self, Language};
use crate::{Gateway, headers, rest, upstream};

/// Where the form is sent.
pub(crate) const PATH: &str = "/api/v1/accounts/token";
/// The service that knows the users.
const SERVICE: &str = "account";
const METHOD: PathAndQuery = PathAndQuery::from_static("/kugel.account.v1.AccountService/IssueToken");

/// Exchanges name and password for a token.
pub(crate) async fn serve(gateway: &Gateway, request: Request<Body>) -> Response<Body> {
    let language = Language::of(request.headers());
    let method = request.method().clone();
    match issue(gateway, request).await {
        Ok(response) => response,
        Err(failure) => {
            let style = gateway.settings.error_code_style;
            let mut response = reply::failure(failure, language, style, &gateway.routes, None);
            if method != Method::POST {
                reply::allow(&mut response, &[Method::POST]);
            }
            response
        }
    }
}

async fn issue(gateway: &Gateway, request: Request<Body>) -> Result<Response<Body>, Failure> {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        return Err(codes::METHOD_NOT_ALLOWED
            .error("only POST is allowed here")
            .into());
    }
    let content_type = parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return Err(codes::INVALID_INPUT
            .error("the body must be a form (application/x-www-form-urlencoded)")
            .into());
    }
    let form = read_form(&rest::read_body(body, gateway.settings.body_limit_bytes).await?)?;
    let metadata = headers::metadata(&parts.headers, None);
    let channel = gateway.channel(SERVICE)?;
    let answer = upstream::unary(channel, &METHOD, metadata, upstream::frame_of(&form)).await?;
    let token = IssueTokenResponse::decode(answer.message).map_err(|_| Failure::malformed_answer())?;
    let body = serde_json::json!({"access_token": token.access_token, "token_type": token.token_type});
    Ok(reply::json(StatusCode::OK, body.to_string().into_bytes()))
}

/// Reads the form by OAuth2's rules. What it does not know is ignored.
fn read_form(body: &[u8]) -> Result<IssueTokenRequest, Error> {
    let mut form = IssueTokenRequest::default();
    for (name, value) in form_urlencoded::parse(body) {
        let value = value.into_owned();
        match &*name {
            "username" => form.username = value,
            "password" => form.password = value,
            "client_id" => form.client_id = value,
            "grant_type" => form.grant_type = Some(value),
            "scope" => form.scope = Some(value),
            "client_secret" => form.client_secret = Some(value),
            _ => {}
        }
    }
    let mut problems = Vec::new();
    if form.username.is_empty() {
        problems.push(("username", "is required"));
    }
    if form.password.is_empty() {
        problems.push(("password", "is required"));
    }
    if form.grant_type.as_ref().is_some_and(|grant| grant != "password") {
        problems.push(("grant_type", "must be `password`"));
    }
    if problems.is_empty() {
        return Ok(form);
    }
    let error = codes::INVALID_INPUT.error("request validation failed");
    Err(problems
        .into_iter()
        .fold(error, |error, (field, problem)| error.field(field, problem)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let form = read_form(b"username=hq-owner&password=plum%2BTree+9&client_id=Q7301&extra=1").unwrap();
        assert_eq!(
            (form.username.as_str(), form.password.as_str()),
            ("hq-owner", "plum+Tree 9")
        );
        assert_eq!((form.client_id.as_str(), form.grant_type), ("Q7301", None));
        for (body, fields) in [
            ("", &["username", "password"][..]),
            ("username=a", &["password"]),
            ("username=a&password=b&grant_type=code", &["grant_type"]),
        ] {
            let error = read_form(body.as_bytes()).expect_err(body);
            let named: Vec<&str> = error
                .fields()
                .iter()
                .map(|violation| violation.field.as_str())
                .collect();
            assert_eq!(named, fields, "{body}");
        }
    }
}
