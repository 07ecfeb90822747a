//! What a call hands on to the calls that it makes itself: its deadline and its trace.

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

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

/// Writes the present call's deadline and trace into a request, unless it has its own.
pub(crate) fn hand_on(headers: &mut HeaderMap) {
    // Outside a call, in background work, there is nothing to hand on.
    let _ = CALL.try_with(|call| {
        let left = call
            .deadline
            .saturating_duration_since(Instant::now())
            .as_millis()
            .min(99_999_999);
        if !headers.contains_key("grpc-timeout")
            && let Ok(value) = HeaderValue::try_from(format!("{left}m"))
        {
            headers.insert("grpc-timeout", value);
        }
        if let Some(traceparent) = &call.traceparent {
            headers
                .entry("traceparent")
                .or_insert_with(|| traceparent.clone());
        }
    });
}
