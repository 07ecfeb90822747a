//! The client stack of a neighbour across the network: deadline and trace handed on, circuit breaker, retries.

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use kugel_error::codes;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::retry::budget::{Budget as _, TpsBudget};
use tower::{Service, ServiceExt as _};

use crate::REQUEST_ID;
use crate::breaker::Breaker;
use crate::call::hand_on;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Tries of one call, the first included.
const ATTEMPT_LIMIT: u32 = 3;
/// Pause before the second try; it doubles.
const PAUSE: Duration = Duration::from_millis(50);

/// A neighbour at the other end of a connection.
pub(crate) struct Remote<S> {
    transport: S,
    breaker: Breaker,
    /// Retries may make up a fifth of all calls: a neighbour in trouble must not be buried under them.
    budget: TpsBudget,
}

impl<S> Remote<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone,
    S::Error: Into<BoxError>,
{
    pub(crate) fn new(neighbour: &'static str, transport: S) -> Self {
        let budget = TpsBudget::new(Duration::from_secs(10), 10, 0.2);
        Self {
            transport,
            breaker: Breaker::new(neighbour),
            budget,
        }
    }

    /// Sends a request. A call is repeated only if a second effect cannot come of it: its method is declared
    /// idempotent, or it carries a request id.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, BoxError> {
        hand_on(request.headers_mut());
        let path = request.uri().path();
        let repeatable = kugel_proto::IDEMPOTENT_METHODS.binary_search(&path).is_ok();
        if !repeatable && !request.headers().contains_key(REQUEST_ID) {
            return self.attempt(request).await;
        }
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        self.budget.deposit();
        let mut pause = PAUSE;
        for _ in 1..ATTEMPT_LIMIT {
            let answer = self.attempt(rebuilt(&parts, &body)).await;
            if !is_outage(&answer) || !self.budget.withdraw() {
                return answer;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.attempt(rebuilt(&parts, &body)).await
    }

    async fn attempt(&self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        if !self.breaker.admits() {
            let error =
                codes::NEIGHBOUR_FAILED.error("the neighbour did not answer lately and is left alone");
            return Ok(Status::from(error).into_http());
        }
        let answer = self.transport.clone().oneshot(request).await.map_err(Into::into);
        self.breaker.note(is_outage(&answer));
        answer
    }
}

fn rebuilt(parts: &Parts, body: &Bytes) -> Request<Body> {
    Request::from_parts(parts.clone(), Body::new(Full::new(body.clone())))
}

/// No answer, or an answer that there will be none. Everything else is the neighbour's considered opinion.
fn is_outage(answer: &Result<Response<Body>, BoxError>) -> bool {
    let Ok(answer) = answer else { return true };
    let code = answer
        .headers()
        .get("grpc-status")
        .map(|status| Code::from_bytes(status.as_bytes()));
    matches!(code, Some(Code::Unavailable | Code::DeadlineExceeded))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Calls `path` on a neighbour that answers with `code` each time, and counts what reaches it.
    async fn calls(path: &str, request_id: bool, code: Code) -> usize {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = count.clone();
        let transport = tower::service_fn(move |_: Request<Body>| {
            counter.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok::<_, BoxError>(Status::new(code, "as told").into_http()))
        });
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = path.parse().unwrap();
        if request_id {
            request.headers_mut().insert(REQUEST_ID, "r-1".parse().unwrap());
        }
        Remote::new("cart", transport).send(request).await.unwrap();
        count.load(Ordering::SeqCst)
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_can_be_repeated_is_repeated() {
        let (read, bill) = (
            "/kugel.cart.v1.CartService/GetCart",
            "/kugel.cart.v1.CartService/BillCart",
        );
        assert_eq!(calls(read, false, Code::Unavailable).await, 3);
        assert_eq!(calls(bill, false, Code::Unavailable).await, 1);
        assert_eq!(calls(bill, true, Code::Unavailable).await, 3);
        assert_eq!(
            calls(read, false, Code::NotFound).await,
            1,
            "an answer is an answer"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_circuit_spares_the_neighbour() {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = count.clone();
        let transport = tower::service_fn(move |_: Request<Body>| {
            counter.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Err::<Response<Body>, BoxError>("connection refused".into()))
        });
        let remote = Remote::new("cart", transport);
        for _ in 0..10 {
            let _ = remote.send(Request::new(Body::empty())).await;
        }
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }
}
