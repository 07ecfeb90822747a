//! Load shedding: beyond a limit of calls at work, new ones are refused before any effort goes into them.

use http::{Request, Response};
use kugel_error::codes;
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::body::Body;
use tower::ServiceExt as _;

use crate::LocalService;

/// Refuses rather than queues: a till that is told to wait can decide, one that hangs cannot.
pub(crate) async fn shed(request: Request<Body>, next: LocalService, slots: &Semaphore) -> Response<Body> {
    let Ok(_slot) = slots.try_acquire() else {
        metrics::counter!("kugel_requests_shed_total").increment(1);
        return Status::from(codes::OVERLOADED.error("the service is busy, try again in a moment"))
            .into_http();
    };
    next.oneshot(request).await.unwrap_or_else(|never| match never {})
}
