//! The REST envelope of failures, and the headers of every answer.

use axum::body::Body;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use kugel_config::ErrorCodeStyle;
use kugel_error::{ErrorSpec, codes};
use serde::{Serialize, Serializer};

use crate::failure::Failure;
use crate::routes::{Binding, Routes};
use crate::schema::{Kind, Schema};

/// The language of texts for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Japanese,
    English,
}

impl Language {
    /// The first language of `Accept-Language` that there are texts in; Japanese without one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let accepted = headers
            .get(http::header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        for language in accepted.unwrap_or_default().split(',').map(str::trim) {
            match language.get(..2).map(str::to_ascii_lowercase).as_deref() {
                Some("en") => return Self::English,
                Some("ja") => return Self::Japanese,
                _ => {}
            }
        }
        Self::Japanese
    }

    fn text(self, spec: &ErrorSpec) -> &'static str {
        match self {
            Self::Japanese => spec.ja,
            Self::English => spec.en,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    success: bool,
    code: TopCode,
    message: &'a str,
    user_error: UserError<'a>,
    data: (),
    metadata: (),
    operation: Option<&'a str>,
    /// The error object of OAuth2, at its endpoints only.
    #[serde(flatten)]
    oauth: Option<OauthError>,
}

#[derive(Serialize)]
struct OauthError {
    error: &'static str,
    error_description: String,
}

enum TopCode {
    Business(&'static str),
    Http(u16),
}

impl Serialize for TopCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Business(code) => serializer.serialize_str(code),
            Self::Http(status) => serializer.serialize_u16(*status),
        }
    }
}

#[derive(Serialize)]
struct UserError<'a> {
    code: &'static str,
    message: &'static str,
    /// An addition to the contract, so that a form can mark the fields without reading `message`. Only where there are
    /// any.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [FieldError],
}

#[derive(Serialize)]
struct FieldError {
    field: String,
    message: String,
}

impl FieldError {
    fn unknown(field: String) -> Self {
        let message = "is not known".to_owned();
        Self { field, message }
    }
}

/// Says that a request failed. `binding` is its route, if it reached one.
pub(crate) fn failure(
    failure: Failure,
    language: Language,
    style: ErrorCodeStyle,
    routes: &Routes,
    binding: Option<&Binding>,
) -> Response<Body> {
    let Failure {
        spec,
        http,
        mut message,
        fields,
        unknown,
        pause,
        oauth,
    } = failure;
    let fields: Vec<FieldError> = fields
        .into_iter()
        .map(|violation| FieldError {
            field: json_path(&routes.schema, binding, &violation.field),
            message: violation.description,
        })
        .chain(unknown.into_iter().map(FieldError::unknown))
        .collect();
    for (index, field) in fields.iter().enumerate() {
        message.push_str(if index == 0 { ": " } else { "; " });
        message.extend([&field.field, ": ", &field.message]);
    }
    let envelope = Envelope {
        success: false,
        code: match style {
            ErrorCodeStyle::Business => TopCode::Business(spec.code),
            ErrorCodeStyle::Http => TopCode::Http(http.as_u16()),
        },
        message: &message,
        user_error: UserError {
            code: spec.code,
            message: language.text(spec),
            fields: &fields,
        },
        data: (),
        metadata: (),
        operation: binding.map(|binding| binding.operation.as_str()),
        oauth: oauth.map(|error| OauthError {
            error,
            error_description: describable(&message),
        }),
    };
    let body = serde_json::to_vec(&envelope).expect("the envelope is plain text");
    let mut response = json(http, body);
    if http == StatusCode::UNAUTHORIZED {
        let scheme = if oauth == Some("invalid_client") {
            r#"Basic realm="kugel""#
        } else {
            "Bearer"
        };
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    }
    if let Some(pause) = pause {
        // Whole seconds, at least one: RFC 9110, 10.2.3.
        let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

/// A text with only the characters that an `error_description` may have: RFC 6749, 5.2.
fn describable(text: &str) -> String {
    let letters = text.chars().map(|letter| match letter {
        '"' | '\\' => '\'',
        ' '..='~' => letter,
        _ => '?',
    });
    letters.collect()
}

/// Says which methods a path knows.
pub(crate) fn allow(response: &mut Response<Body>, methods: &[Method]) {
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    let value = HeaderValue::from_str(&names.join(", ")).expect("method names are tokens");
    response.headers_mut().insert(ALLOW, value);
}

/// A failure of the path itself.
pub(crate) fn unknown_path(path: &str) -> Failure {
    codes::NOT_FOUND
        .error(format!("there is nothing at {path}"))
        .into()
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Spells a field's path as JSON does: `line_items[0].unit_price` is `lineItems[0].unitPrice`. It begins at the request, or
/// at the message that the body fills: `tab.title` is `title` where the body is the tab, and `tab` the `body`. What is a
/// field of neither stays as it is.
fn json_path(schema: &Schema, binding: Option<&Binding>, path: &str) -> String {
    let body = binding.and_then(|binding| binding.body_message(schema));
    // Metadata of gRPC, which REST has in a header.
    if path == "request_id" {
        return "Idempotency-Key".to_owned();
    }
    if body.is_some_and(|(name, _)| name == path) {
        return "body".to_owned();
    }
    let in_body = body.and_then(|(name, _)| path.strip_prefix(name)?.strip_prefix('.'));
    let path = in_body.unwrap_or(path);
    let request = binding
        .filter(|_| in_body.is_none())
        .map(|binding| binding.request);
    let roots = [request, body.map(|(_, id)| id)];
    let first = path.split(['.', '[']).next().unwrap_or_default();
    let mut at = roots
        .into_iter()
        .flatten()
        .find(|id| schema.message(*id).by_name(first).is_some());
    let mut spelled = Vec::new();
    for part in path.split('.') {
        let (name, index) = part.split_at(part.find('[').unwrap_or(part.len()));
        let field = at.and_then(|id| {
            let message = schema.message(id);
            message.by_name(name).map(|(index, _)| &message.fields[index])
        });
        spelled.push(format!("{}{index}", field.map_or(name, |field| &field.name)));
        at = match field.map(|field| &field.kind) {
            Some(Kind::Message(id)) => Some(*id),
            _ => None,
        };
    }
    spelled.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_language_is_spoken() {
        for (header, expected) in [
            ("en-US,en;q=0.9,ja;q=0.8", Language::English),
            ("ja", Language::Japanese),
            ("fr, EN", Language::English),
            ("fr", Language::Japanese),
            ("", Language::Japanese),
        ] {
            let headers = HeaderMap::from_iter([(http::header::ACCEPT_LANGUAGE, header.parse().unwrap())]);
            assert_eq!(Language::of(&headers), expected, "{header}");
        }
    }
}
