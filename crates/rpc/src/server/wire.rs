//! What the wire brings: a message that is too large or cannot be read is the caller's mistake, and is said so.

use http::{Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kugel_error::codes;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::LocalService;

/// Passes on requests of at most `limit` bytes. The generated code has no limit of its own.
pub(crate) async fn wire(request: Request<Body>, next: LocalService, limit: u64) -> Response<Body> {
    let request = request.map(|body| limited(body, limit));
    let answer = next.answer(request).await;
    unreadable(&answer).map_or(answer, Status::into_http)
}

fn limited(body: Body, limit: u64) -> Body {
    if body.size_hint().upper().is_some_and(|bytes| bytes <= limit) {
        return body;
    }
    let limited = Limited::new(body, usize::try_from(limit).unwrap_or(usize::MAX));
    Body::new(limited.map_err(move |error| {
        if error.is::<LengthLimitError>() {
            return Status::from(
                codes::BODY_TOO_LARGE.error(format!("the request is larger than {limit} bytes")),
            );
        }
        Status::from_error(error)
    }))
}

/// The status of a request that the library could not read. It knows only *internal* for that, and gives no details;
/// statuses of Kugel carry them.
fn unreadable(answer: &Response<Body>) -> Option<Status> {
    let headers = answer.headers();
    let code = Code::from_bytes(headers.get("grpc-status")?.as_bytes());
    let is_ours = headers.contains_key("grpc-status-details-bin");
    if is_ours || !matches!(code, Code::Internal | Code::Unknown) {
        return None;
    }
    let said = Status::from_header_map(headers)?;
    let error = codes::INVALID_INPUT.error(format!("the request cannot be read: {}", said.message()));
    Some(error.caused_by(said).into())
}
