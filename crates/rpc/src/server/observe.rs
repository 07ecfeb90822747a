//! Metrics and log: every call is counted and timed; a failure is logged once, here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use kugel_proto::METHODS;
use metrics::Histogram;
use parking_lot::{Mutex, RwLock};
use tonic::body::Body;
use tonic::{Code, Status};

use crate::{CLIENT_ADDRESS, HEALTH, LocalService};

/// The histograms of calls by method and code: looking one up costs less than naming it each time.
#[derive(Default)]
pub(crate) struct Timers {
    known: RwLock<HashMap<(&'static str, &'static str), Histogram>>,
    /// When a line was last written of a call that was not served.
    said: Mutex<Option<Instant>>,
}

impl Timers {
    fn of(&self, service: &'static str, method: &'static str, code: &'static str) -> Histogram {
        if let Some(known) = self.known.read().get(&(method, code)) {
            return known.clone();
        }
        let timer = metrics::histogram!("kugel_request_seconds", "service" => service, "method" => method, "code" => code);
        self.known.write().insert((method, code), timer.clone());
        timer
    }

    /// True once a second: whoever overloads a service is not to fill its log as well. The histograms count all.
    fn may_speak(&self) -> bool {
        let (mut said, now) = (self.said.lock(), Instant::now());
        let is_due = said.is_none_or(|said| now - said >= Duration::from_secs(1));
        if is_due {
            *said = Some(now);
        }
        is_due
    }
}

/// The method of a path as metrics name it: one of the contract, or `other`. Whoever invents names adds no label.
fn method_of(path: &str) -> &'static str {
    let known = METHODS.binary_search(&path).map(|place| METHODS[place]);
    known.unwrap_or(if path.starts_with(HEALTH) { HEALTH } else { "other" })
}

/// Above shedding, so that refused calls are counted.
pub(crate) async fn observe(
    request: Request<Body>,
    next: LocalService,
    service: &'static str,
    timers: Arc<Timers>,
) -> Response<Body> {
    let method = method_of(request.uri().path());
    let client = request.headers().get(CLIENT_ADDRESS).cloned();
    let begun = Instant::now();
    let answer = next.answer(request).await;
    let elapsed = begun.elapsed();
    // A status in the headers means that the call failed before its first message.
    let status = answer
        .headers()
        .contains_key("grpc-status")
        .then(|| Status::from_header_map(answer.headers()))
        .flatten();
    let code = status.as_ref().map_or(Code::Ok, Status::code);
    timers.of(service, method, name(code)).record(elapsed);
    if let Some(status) = status {
        let (elapsed_us, message) = (elapsed.as_micros(), status.message());
        let client = client.as_ref().and_then(|client| client.to_str().ok());
        match code {
            Code::Ok => {}
            Code::Internal | Code::Unknown | Code::DataLoss => {
                let cause = cause(&answer);
                tracing::error!(
                    rpc.service = service,
                    rpc.method = method,
                    client.address = client,
                    elapsed_us,
                    rpc.message = message,
                    cause,
                    "call failed"
                );
            }
            Code::Unavailable | Code::DeadlineExceeded if timers.may_speak() => {
                let cause = cause(&answer);
                tracing::warn!(
                    rpc.service = service,
                    rpc.method = method,
                    client.address = client,
                    elapsed_us,
                    rpc.message = message,
                    cause,
                    "call not served"
                );
            }
            _ => tracing::debug!(
                rpc.service = service,
                rpc.method = method,
                client.address = client,
                elapsed_us,
                rpc.message = message,
                "call refused"
            ),
        }
    }
    answer
}

/// What lies behind a failure. Statuses keep it beside the answer; it is never sent.
fn cause(answer: &Response<Body>) -> String {
    let mut source = answer
        .extensions()
        .get::<Status>()
        .and_then(std::error::Error::source);
    let mut text = String::new();
    while let Some(error) = source {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "ok",
        Code::InvalidArgument => "invalid_argument",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::PermissionDenied => "permission_denied",
        Code::FailedPrecondition => "failed_precondition",
        Code::Aborted => "aborted",
        Code::Unauthenticated => "unauthenticated",
        Code::ResourceExhausted => "resource_exhausted",
        Code::Unavailable => "unavailable",
        Code::DeadlineExceeded => "deadline_exceeded",
        Code::Unimplemented => "unimplemented",
        _ => "internal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_methods_share_a_label() {
        let known = "/kugel.cart.v1.CartService/BillCart";
        for (path, label) in [
            (known, known),
            ("/grpc.health.v1.Health/Check", HEALTH),
            ("/kugel.cart.v1.CartService/Bill", "other"),
            ("/kugel.cart.v1.CartService/BillCart/", "other"),
            ("/any.Service/Any", "other"),
            ("", "other"),
        ] {
            assert_eq!(method_of(path), label, "{path}");
        }
        assert!(METHODS.is_sorted() && METHODS.len() > 100);
    }
}
