//! Deadline: the caller's `grpc-timeout` or our limit, whichever is shorter.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use kugel_error::codes;
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;

use crate::call::{CALL, Call, requested};
use crate::{CLIENT_ADDRESS, LocalService};

/// Ends a call that takes too long. A stream's deadline covers its beginning only: watching goes on.
pub(crate) async fn deadline(request: Request<Body>, next: LocalService, limit: Duration) -> Response<Body> {
    let headers = request.headers();
    let limit = requested(headers).map_or(limit, |asked| asked.min(limit));
    let deadline = Instant::now() + limit;
    let call = Call {
        deadline,
        traceparent: headers.get("traceparent").cloned(),
        client_address: headers.get(CLIENT_ADDRESS).cloned(),
        may_end: Arc::default(),
    };
    match tokio::time::timeout_at(deadline, CALL.scope(call, next.answer(request))).await {
        Ok(answer) => answer,
        Err(_) => {
            let error = codes::DEADLINE_EXCEEDED.error(format!("the call took longer than {limit:?}"));
            Status::from(error).into_http()
        }
    }
}
