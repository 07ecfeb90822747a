//! Deadline: the caller's `grpc-timeout` or our limit, whichever is shorter.

use std::time::Duration;

use http::{HeaderMap, Request, Response};
use kugel_error::codes;
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;

use crate::LocalService;
use crate::call::{CALL, Call};

/// Ends a call that takes too long. A stream's deadline covers its beginning only: watching goes on.
pub(crate) async fn deadline(request: Request<Body>, next: LocalService, limit: Duration) -> Response<Body> {
    let headers = request.headers();
    let limit = requested(headers).map_or(limit, |asked| asked.min(limit));
    let deadline = Instant::now() + limit;
    let call = Call {
        deadline,
        traceparent: headers.get("traceparent").cloned(),
    };
    match tokio::time::timeout_at(deadline, CALL.scope(call, next.answer(request))).await {
        Ok(answer) => answer,
        Err(_) => {
            let error = codes::DEADLINE_EXCEEDED.error(format!("the call took longer than {limit:?}"));
            Status::from(error).into_http()
        }
    }
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
