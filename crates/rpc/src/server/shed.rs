//! Load shedding: beyond a limit of calls at work, new ones are refused before any effort goes into them.

use std::time::Duration;

use http::{Request, Response};
use kugel_error::codes;
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::body::Body;

use crate::{HEALTH, LocalService};

/// Refuses rather than queues: a till that is told to wait can decide, one that hangs cannot.
pub(crate) async fn shed(
    request: Request<Body>,
    next: LocalService,
    service: &'static str,
    slots: &Semaphore,
) -> Response<Body> {
    // A busy service is still a healthy one.
    let is_question_of_health = request.uri().path().starts_with(HEALTH);
    let slot = slots.try_acquire();
    if slot.is_err() && !is_question_of_health {
        metrics::counter!("kugel_requests_shed_total", "service" => service).increment(1);
        let busy = codes::OVERLOADED.error("the service is busy, try again in a moment");
        return Status::from(busy.retry_after(Duration::from_secs(1))).into_http();
    }
    next.answer(request).await
}
