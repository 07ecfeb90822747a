//! What a client of OAuth2 sends: a form, url-encoded or multipart, or a JSON object, and its own name by HTTP Basic.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{FromRequest, Multipart};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Request};
use kugel_error::codes;
use serde_json::{Map, Value};

use super::refused;
use crate::failure::Failure;

/// The parameters of a request. An empty one counts as left out, and none may be sent twice: RFC 6749, 3.2.
#[derive(Debug, Default)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads the body by its type, and the client's name from `Authorization`.
    pub(super) async fn read(parts: &Parts, body: Bytes) -> Result<Self, Failure> {
        let mut form = Self::default();
        match kind(&parts.headers) {
            "application/x-www-form-urlencoded" => {
                for (name, value) in form_urlencoded::parse(&body) {
                    form.add(&name, &value)?;
                }
            }
            "multipart/form-data" => form.add_parts(parts, body).await?,
            "application/json" => form.add_members(&body)?,
            _ => {
                let text = "the body must be a form (application/x-www-form-urlencoded or multipart/form-data) or JSON";
                return Err(refused("invalid_request", codes::INVALID_INPUT.error(text)));
            }
        }
        if let Some((client, secret)) = basic(&parts.headers)? {
            if form.get("client_id").is_some_and(|named| named != client) {
                let error = codes::INVALID_INPUT.error("the client is named twice, and not alike");
                let error = error.field("client_id", "is not the name in `Authorization`");
                return Err(refused("invalid_request", error));
            }
            form.0.insert("client_id".to_owned(), client);
            if let Some(secret) = secret {
                form.0.insert("client_secret".to_owned(), secret);
            }
        }
        Ok(form)
    }

    /// A parameter, if it was sent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter as a message takes it.
    pub(super) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        if value.is_empty() {
            return Ok(());
        }
        if self.0.insert(name.to_owned(), value.to_owned()).is_none() {
            return Ok(());
        }
        let error = codes::INVALID_INPUT.error("a parameter is there twice");
        Err(refused("invalid_request", error.field(name, "is there twice")))
    }

    async fn add_parts(&mut self, parts: &Parts, body: Bytes) -> Result<(), Failure> {
        let unreadable = |why: String| {
            let error = codes::INVALID_INPUT.error(format!("the form cannot be read: {why}"));
            refused("invalid_request", error)
        };
        let mut request = Request::new(Body::from(body));
        *request.headers_mut() = parts.headers.clone();
        let mut multipart = Multipart::from_request(request, &())
            .await
            .map_err(|error| unreadable(error.body_text()))?;
        loop {
            let part = multipart.next_field().await;
            let Some(part) = part.map_err(|error| unreadable(error.body_text()))? else {
                return Ok(());
            };
            let name = part.name().unwrap_or_default().to_owned();
            let value = part.text().await.map_err(|error| unreadable(error.body_text()))?;
            self.add(&name, &value)?;
        }
    }

    fn add_members(&mut self, body: &[u8]) -> Result<(), Failure> {
        let members: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
            let error = codes::INVALID_INPUT.error(format!("the body is not a JSON object: {error}"));
            refused("invalid_request", error)
        })?;
        for (name, value) in &members {
            match value {
                Value::Null => {}
                Value::String(text) => self.add(&snake_case(name), text)?,
                _ => {
                    let error = codes::INVALID_INPUT.error("request validation failed");
                    return Err(refused("invalid_request", error.field(name, "must be text")));
                }
            }
        }
        Ok(())
    }
}

/// The body's type without its parameters.
fn kind(headers: &HeaderMap) -> &str {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
}

/// True if the client names itself by HTTP Basic.
pub(super) fn is_basic(headers: &HeaderMap) -> bool {
    secret_of(headers).is_some()
}

/// What follows the scheme `Basic`.
fn secret_of(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| rest.trim())
}

/// The client's name and its secret: the parts of HTTP Basic, both of them url-encoded (RFC 6749, 2.3.1). A tenant has no
/// secret, so the other part may be empty or anything.
fn basic(headers: &HeaderMap) -> Result<Option<(String, Option<String>)>, Failure> {
    let Some(encoded) = secret_of(headers) else {
        return Ok(None);
    };
    let plain = STANDARD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((client, secret)) = plain.as_deref().and_then(|plain| plain.split_once(':')) else {
        let error = codes::UNAUTHENTICATED.error("`Authorization: Basic` cannot be read");
        return Err(refused("invalid_client", error));
    };
    // A form of one value without a name.
    let decoded = |text: &str| {
        let form = format!("={text}");
        let value = form_urlencoded::parse(form.as_bytes()).next();
        value
            .map(|(_, value)| value.into_owned())
            .filter(|value| !value.is_empty())
    };
    Ok(decoded(client).map(|client| (client, decoded(secret))))
}

/// Parameters are called as RFC 6749 spells them, and members of JSON also as everywhere else in REST.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 2);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(kind: &str, authorization: Option<&str>, body: &str) -> Result<Form, Failure> {
        let mut request = Request::post("/").header(CONTENT_TYPE, kind);
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Form::read(&parts, Bytes::copy_from_slice(body.as_bytes())).await
    }

    fn basic_of(plain: &str) -> String {
        format!("Basic {}", STANDARD.encode(plain))
    }

    #[tokio::test]
    async fn three_kinds_of_body_say_the_same() {
        let multipart = ["username", "plum+Tree 9"]
            .iter()
            .zip(["password", "client_id"])
            .fold(String::new(), |body, (value, name)| {
                format!("{body}--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
            });
        for (kind, body) in [
            (
                "application/x-www-form-urlencoded; charset=utf-8",
                "password=username&client_id=plum%2BTree+9&scope=&x=",
            ),
            (
                "multipart/form-data; boundary=b",
                &*format!("{multipart}--b--\r\n"),
            ),
            (
                "application/json",
                r#"{"password": "username", "clientId": "plum+Tree 9", "scope": null}"#,
            ),
        ] {
            let form = read(kind, None, body).await.unwrap();
            assert_eq!(
                (form.get("password"), form.get("client_id"), form.get("scope")),
                (Some("username"), Some("plum+Tree 9"), None),
                "{kind}"
            );
        }
    }

    #[tokio::test]
    async fn a_client_names_itself_by_http_basic() {
        let form = "application/x-www-form-urlencoded";
        for (plain, body, expected) in [
            ("Q7301:", "", Some("Q7301")),
            ("Q7301:undefined", "client_id=Q7301", Some("Q7301")),
            ("a%2Fb+c:x:y", "", Some("a/b c")),
            (":", "client_id=Q7301", Some("Q7301")),
        ] {
            let read = read(form, Some(&basic_of(plain)), body).await.unwrap();
            assert_eq!(read.get("client_id"), expected, "{plain}");
        }
        let other = read(form, Some(&basic_of("Q7301:")), "client_id=Q7302").await;
        assert_eq!(other.unwrap_err().oauth, Some("invalid_request"));
        for bad in ["Basic ???", &basic_of("no colon")] {
            let refused = read(form, Some(bad), "").await.unwrap_err();
            assert_eq!(
                (refused.oauth, refused.http.as_u16()),
                (Some("invalid_client"), 401)
            );
        }
        let bearer = read(form, Some("Bearer t"), "client_id=Q7301").await.unwrap();
        assert_eq!(bearer.get("client_id"), Some("Q7301"));
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused() {
        for (kind, body) in [
            ("", "username=a"),
            ("text/plain", "username=a"),
            ("application/json", "[]"),
            ("application/json", r#"{"username": 1}"#),
            ("application/json", r#"{"clientId": "a", "client_id": "b"}"#),
            ("application/x-www-form-urlencoded", "username=a&username=a"),
            ("multipart/form-data", "username=a"),
            ("multipart/form-data; boundary=b", "--b\r\ncut off"),
        ] {
            let refused = read(kind, None, body).await.unwrap_err();
            assert_eq!(
                (refused.oauth, refused.http.as_u16()),
                (Some("invalid_request"), 422),
                "{kind} {body}"
            );
        }
    }
}
