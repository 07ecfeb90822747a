//! What a call hands on to the calls that it makes itself: its deadline and its trace.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use crate::deadline::requested;

tokio::task_local! {
    /// The call that this task is working on.
    pub(crate) static CALL: Call;
}

/// The part of a call that travels on.
#[derive(Clone)]
pub(crate) struct Call {
    /// When nobody waits for the answer any more.
    pub(crate) deadline: Instant,
    /// W3C trace context.
    pub(crate) traceparent: Option<HeaderValue>,
}

/// Writes the present call's trace into a request that has none. Answers when the new call must be over: by its own
/// deadline, that of the present call and `limit`, whichever is first.
pub(crate) fn hand_on(headers: &mut HeaderMap, limit: Duration) -> Instant {
    let limit = requested(headers).map_or(limit, |asked| asked.min(limit));
    let deadline = Instant::now() + limit;
    // Outside a call, in background work, there is nothing to hand on.
    let handed_on = CALL.try_with(|call| {
        if let Some(traceparent) = &call.traceparent {
            headers
                .entry("traceparent")
                .or_insert_with(|| traceparent.clone());
        }
        call.deadline.min(deadline)
    });
    handed_on.unwrap_or(deadline)
}
