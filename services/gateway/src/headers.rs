//! What passes between HTTP headers and gRPC metadata.

use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue};
use kugel_rpc::{APPROVAL, CLIENT_ADDRESS, ClientAddress};
use tonic::Status;
use uuid::Uuid;

/// Names a request in logs of every service it reaches.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Restricts a request to one service's routes.
pub(crate) const X_KUGEL_SERVICE: HeaderName = HeaderName::from_static("x-kugel-service");

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const X_TERMINAL_ID: HeaderName = HeaderName::from_static("x-terminal-id");
const X_APPROVAL: HeaderName = HeaderName::from_static(APPROVAL);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REQUEST_ID: HeaderName = HeaderName::from_static("request_id");
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const X_CLIENT_ADDRESS: HeaderName = HeaderName::from_static(CLIENT_ADDRESS);

/// The longest name of a request that is taken from its client.
const REQUEST_ID_MAX: usize = 128;

/// More than the name of a compression has.
const ENCODING_MAX: usize = 32;

/// Headers that become metadata, under these names.
const FORWARDED: [(HeaderName, HeaderName); 10] = [
    (AUTHORIZATION, AUTHORIZATION),
    (X_API_KEY, X_API_KEY),
    (X_TERMINAL_ID, X_TERMINAL_ID),
    (IDEMPOTENCY_KEY, REQUEST_ID),
    (X_APPROVAL, X_APPROVAL),
    (ACCEPT_LANGUAGE, ACCEPT_LANGUAGE),
    (TRACEPARENT, TRACEPARENT),
    (TRACESTATE, TRACESTATE),
    (X_REQUEST_ID, X_REQUEST_ID),
    (X_CLIENT_ADDRESS, X_CLIENT_ADDRESS),
];

/// The metadata of a REST request. `terminal_id` comes from its path or query.
pub(crate) fn metadata(headers: &HeaderMap, terminal_id: Option<&str>) -> HeaderMap {
    // Room for what is sent plus content-type and te.
    let mut metadata = HeaderMap::with_capacity(8);
    for (header, name) in &FORWARDED {
        if let Some(value) = headers.get(header) {
            metadata.insert(name.clone(), value.clone());
        }
    }
    if let Some(terminal_id) = terminal_id.and_then(|terminal_id| HeaderValue::from_str(terminal_id).ok()) {
        metadata.insert(X_TERMINAL_ID, terminal_id);
    }
    metadata
}

/// Gives the header `Idempotency-Key` of a gRPC call the name that services know it by.
pub(crate) fn name_as_metadata(headers: &mut HeaderMap) {
    if let Some(key) = headers.remove(IDEMPOTENCY_KEY) {
        headers.entry(REQUEST_ID).or_insert(key);
    }
}

/// Refuses a call whose compression has a name that is none. Its service would as well, and repeat the whole of it.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), Status> {
    let is_name = |encoding: &HeaderValue| encoding.len() <= ENCODING_MAX;
    if headers.get_all(GRPC_ENCODING).iter().all(is_name) {
        return Ok(());
    }
    Err(Status::unimplemented("`grpc-encoding` names no compression"))
}

/// Tells where the client is, whatever it says itself.
pub(crate) fn tell_address(headers: &mut HeaderMap, client: Option<ClientAddress>) {
    headers.remove(X_CLIENT_ADDRESS);
    if let Some(client) = client {
        let address = client.get().to_string();
        let address = HeaderValue::from_maybe_shared(Bytes::from(address)).expect("digits and points");
        headers.insert(X_CLIENT_ADDRESS, address);
    }
}

/// The request's id: the client's if it is one that logs can show, or a new one, which is put into its headers.
pub(crate) fn request_id(headers: &mut HeaderMap) -> HeaderValue {
    let is_fit = |id: &&HeaderValue| {
        (1..=REQUEST_ID_MAX).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    if let Some(id) = headers.get(X_REQUEST_ID).filter(is_fit) {
        return id.clone();
    }
    let mut buffer = Uuid::encode_buffer();
    let id =
        HeaderValue::from_str(Uuid::new_v4().as_hyphenated().encode_lower(&mut buffer)).expect("hexadecimal");
    headers.insert(X_REQUEST_ID, id.clone());
    id
}

/// Copies the service's `x-` metadata into the answer.
pub(crate) fn copy_extensions(metadata: &HeaderMap, headers: &mut HeaderMap) {
    for (name, value) in metadata {
        if name.as_str().starts_with("x-") {
            headers.append(name.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_does_not_say_where_it_is() {
        let told = |client: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.append(X_CLIENT_ADDRESS, HeaderValue::from_static("198.51.100.1"));
            headers.append(X_CLIENT_ADDRESS, HeaderValue::from_static("198.51.100.2"));
            tell_address(&mut headers, client.map(|text| text.parse().unwrap()));
            let metadata = metadata(&headers, None);
            let told = metadata.get_all(X_CLIENT_ADDRESS).iter();
            told.map(|value| value.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(told(Some("192.0.2.7")), ["192.0.2.7"]);
        assert_eq!(told(Some("::ffff:192.0.2.7")), ["192.0.2.7"]);
        assert_eq!(told(Some("2001:db8::7")), ["2001:db8::7"]);
        assert_eq!(told(None), [""; 0]);
    }

    #[test]
    fn a_request_is_named_by_its_client_within_bounds() {
        let long = "r".repeat(REQUEST_ID_MAX);
        for (sent, is_taken) in [
            (long.as_bytes(), true),
            (b"r-17:~!", true),
            (&[b'r'; REQUEST_ID_MAX + 1], false),
            (b"", false),
            (b"r 17", false),
            (b"r\t17", false),
            ("r\u{e9}".as_bytes(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(X_REQUEST_ID, HeaderValue::from_bytes(sent).unwrap());
            headers.append(X_REQUEST_ID, HeaderValue::from_static("second"));
            let id = request_id(&mut headers);
            assert_eq!(id.as_bytes() == sent, is_taken, "{sent:?}");
            assert!(is_taken || id.len() == 36, "{id:?}");
            assert_eq!(headers[X_REQUEST_ID], id);
        }
    }

    #[test]
    fn headers_become_metadata() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer t"),
            ("idempotency-key", "k1"),
            ("cookie", "c"),
            ("x-terminal-id", "A-B-1"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let id = request_id(&mut headers);
        let metadata = metadata(&headers, Some("A-B-2"));
        assert_eq!(metadata["authorization"], "Bearer t");
        assert_eq!(metadata["request_id"], "k1");
        assert_eq!(metadata["x-terminal-id"], "A-B-2");
        assert_eq!(metadata["x-request-id"], id);
        assert_eq!(metadata.len(), 4);
        assert_eq!(request_id(&mut headers), id);
        name_as_metadata(&mut headers);
        assert_eq!(headers["request_id"], "k1");
        assert!(!headers.contains_key("idempotency-key"));
    }
}
