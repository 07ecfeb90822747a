//! What both ends know of a call: how long and how large it may be, and what it hands on to the calls that it makes itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use kugel_config::Settings;
use tokio::time::Instant;

use crate::CLIENT_ADDRESS;

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
    /// Where the client is that began it all.
    pub(crate) client_address: Option<HeaderValue>,
    /// True while the call waits for something before it does anything.
    pub(crate) may_end: Arc<AtomicBool>,
}

impl Call {
    /// True while nothing is done yet that would have to be finished.
    pub(crate) fn may_end(&self) -> bool {
        self.may_end.load(Ordering::Relaxed)
    }
}

/// Waits for something costly before anything is done, such as the check of a password: whoever hangs up meanwhile ends the
/// call, though commands are otherwise finished without their callers.
pub async fn ending_with_caller<T>(work: impl Future<Output = T>) -> T {
    let may_end = CALL
        .try_with(|call| Arc::clone(&call.may_end))
        .unwrap_or_default();
    may_end.store(true, Ordering::Relaxed);
    let done = work.await;
    may_end.store(false, Ordering::Relaxed);
    done
}

/// Writes the present call's trace and its client's address into a request that has none. Answers when the new call must be over: by its own
/// deadline, that of the present call and `limit`, whichever is first.
pub(crate) fn hand_on(headers: &mut HeaderMap, limit: Duration) -> Instant {
    let limit = requested(headers).map_or(limit, |asked| asked.min(limit));
    let deadline = Instant::now() + limit;
    hand_on_origin(headers);
    let own = CALL.try_with(|call| call.deadline.min(deadline));
    own.unwrap_or(deadline)
}

/// Writes the present call's trace and its client's address into a request that has none. Outside a call, in background work,
/// there is nothing to hand on.
pub(crate) fn hand_on_origin(headers: &mut HeaderMap) {
    let _ = CALL.try_with(|call| {
        for (name, value) in [
            ("traceparent", &call.traceparent),
            (CLIENT_ADDRESS, &call.client_address),
        ] {
            if let Some(value) = value {
                headers.entry(name).or_insert_with(|| value.clone());
            }
        }
    });
}

/// `grpc-timeout` of the gRPC protocol: at most eight digits and a unit.
pub(crate) fn requested(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: u64 = if digits.len() <= 8 {
        digits.parse().ok()?
    } else {
        return None;
    };
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// The bytes that a call may send: what comes in by JSON is no longer as protobuf.
pub(crate) fn message_limit(settings: &Settings) -> u64 {
    /// Compression flag and length before each message.
    const FRAME_HEAD: u64 = 5;
    u64::try_from(settings.body_limit_bytes)
        .unwrap_or(u64::MAX)
        .saturating_add(FRAME_HEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_read_as_the_protocol_writes_them() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", text.parse().unwrap());
            requested(&headers)
        };
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        assert_eq!(read("3S"), Some(Duration::from_secs(3)));
        for text in ["", "S", "3", "-3S", "123456789S", "3s"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
