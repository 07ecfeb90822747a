//! Panic guard: a bug in any layer below still yields a status.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use http::{Request, Response};
use kugel_error::codes;
use tonic::Status;
use tonic::body::Body;

use crate::LocalService;

/// The outermost layer.
pub(crate) async fn panic_guard(request: Request<Body>, next: LocalService) -> Response<Body> {
    let path = request.uri().path().to_owned();
    match AssertUnwindSafe(next.answer(request)).catch_unwind().await {
        Ok(answer) => answer,
        Err(_) => {
            tracing::error!(rpc.method = path, "a handler panicked");
            Status::from(codes::UNEXPECTED.error("something unexpected happened")).into_http()
        }
    }
}
