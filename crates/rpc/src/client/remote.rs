//! The client stack of a neighbour across the network: concurrency limit, deadline and trace handed on, circuit breaker,
//! retries.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kugel_breaker::CircuitBreaker;
use kugel_error::{Error, codes};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::retry::budget::{Budget as _, TpsBudget};

use super::balance::Balance;
use super::instance::Failure;
use crate::call::hand_on;
use crate::{HEALTH, REQUEST_ID};

/// Between the tries of one call.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_times(4);
/// How long a call waits for a neighbour that cannot be reached: about as long as a restart takes.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same for a question about health, which is about the present.
const HEALTH_PATIENCE: Duration = Duration::from_millis(500);
/// Who had less time than this does not say that the neighbour is out. Callers choose their deadlines, and a few
/// impatient ones must not close the way for the others.
const FAIR_TIME: Duration = Duration::from_secs(1);

/// What a call may take.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Time, if the caller sets no deadline.
    pub(crate) time: Duration,
    /// Bytes of a request.
    pub(crate) bytes: usize,
    /// Calls at the same time.
    pub(crate) calls: usize,
}

/// Carries a call to some instance of the neighbour.
pub(crate) trait Transport: Send + Sync + 'static {
    /// Tries for as long as `patience` to reach one.
    fn call(
        &self,
        parts: &Parts,
        body: &Bytes,
        patience: Duration,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send;
}

impl Transport for Arc<Balance> {
    fn call(
        &self,
        parts: &Parts,
        body: &Bytes,
        patience: Duration,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send {
        Balance::call(self, parts, body, patience)
    }
}

/// A neighbour at the other end of a connection.
pub(crate) struct Remote<T> {
    neighbour: &'static str,
    transport: T,
    breaker: CircuitBreaker,
    /// Retries may make up a fifth of all calls: a neighbour in trouble must not be buried under them.
    budget: TpsBudget,
    slots: Semaphore,
    limits: Limits,
}

/// How a try ended.
struct Tried {
    answer: Response<Body>,
    /// True if another try may end better.
    may_pass: bool,
}

impl<T: Transport> Remote<T> {
    pub(crate) fn new(neighbour: &'static str, transport: T, limits: Limits) -> Self {
        let budget = TpsBudget::new(Duration::from_secs(10), 10, 0.2);
        Self {
            neighbour,
            transport,
            breaker: CircuitBreaker::new(neighbour),
            budget,
            slots: Semaphore::new(limits.calls.min(Semaphore::MAX_PERMITS)),
            limits,
        }
    }

    /// Sends a request. A call that may have been carried out is repeated only if a second effect cannot come of it: its
    /// method is declared idempotent, or it carries a request id.
    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        let Ok(_slot) = self.slots.try_acquire() else {
            let error = format!("too many calls of the {} service are under way", self.neighbour);
            return refuse(codes::OVERLOADED.error(error));
        };
        let (mut parts, body) = request.into_parts();
        let deadline = hand_on(&mut parts.headers, self.limits.time);
        // The length is that of the body as it came in; the connection writes its own.
        parts.headers.remove(http::header::CONTENT_LENGTH);
        let body = match tokio::time::timeout_at(deadline, self.read(body)).await {
            Ok(Ok(body)) => body,
            Ok(Err(error)) => return refuse(error),
            Err(_) => return refuse(codes::DEADLINE_EXCEEDED.error("the request did not arrive in time")),
        };
        let is_repeatable = kugel_proto::IDEMPOTENT_METHODS
            .binary_search(&parts.uri.path())
            .is_ok()
            || parts.headers.contains_key(REQUEST_ID);
        if is_repeatable {
            self.budget.deposit();
        }
        let mut pauses = PAUSES.build();
        loop {
            let tried = self.attempt(&mut parts, &body, deadline).await;
            let may_repeat = is_repeatable && tried.may_pass;
            let pause = pauses.next().filter(|pause| Instant::now() + *pause < deadline);
            let Some(pause) = pause.filter(|_| may_repeat && self.budget.withdraw()) else {
                return tried.answer;
            };
            metrics::counter!("kugel_rpc_retries_total", "neighbour" => self.neighbour).increment(1);
            tokio::time::sleep(pause).await;
        }
    }

    /// Calls are short and may have to be sent again; no method of the contract takes a stream of requests.
    async fn read(&self, body: Body) -> Result<Bytes, Error> {
        let limit = self.limits.bytes;
        match Limited::new(body, limit).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(codes::BODY_TOO_LARGE.error(format!("the message is larger than {limit} bytes")))
            }
            // The port may have said why.
            Err(error) => match error.downcast_ref::<Status>().and_then(kugel_error::reason_of) {
                Some(spec) => Err(spec.error("the request was given up")),
                None => Err(codes::INVALID_INPUT.error("the request was cut off")),
            },
        }
    }

    async fn attempt(&self, parts: &mut Parts, body: &Bytes, deadline: Instant) -> Tried {
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(trial) = self.breaker.admit() else {
            let message = format!(
                "the {} service did not answer lately and is left alone",
                self.neighbour
            );
            return Tried::finally(codes::NEIGHBOUR_FAILED.error(message));
        };
        let timeout = format!("{}m", left.as_millis().min(99_999_999));
        let timeout = HeaderValue::try_from(timeout).expect("digits and a letter");
        parts.headers.insert("grpc-timeout", timeout);
        let is_health = parts.uri.path().starts_with(HEALTH);
        let patience = if is_health { HEALTH_PATIENCE } else { PATIENCE };
        // Who has little time is told why nobody answers before it is over.
        let patience = patience.min(left * 3 / 4);
        let call = self.transport.call(parts, body, patience);
        let begun = Instant::now();
        let answer = tokio::time::timeout_at(deadline, call).await;
        match answer {
            Ok(Ok(answer)) => {
                trial.ended(is_outage(&answer));
                Tried {
                    // Who took long to say no has waited for something itself, and will again.
                    may_pass: code(&answer) == Some(Code::Unavailable) && begun.elapsed() < FAIR_TIME,
                    answer,
                }
            }
            Ok(Err(Failure::Unsent(cause))) => {
                if patience >= FAIR_TIME {
                    trial.ended(true);
                }
                tracing::warn!(neighbour = self.neighbour, %cause, "a neighbour cannot be reached");
                let message = format!("the {} service cannot be reached", self.neighbour);
                Tried::finally(codes::NEIGHBOUR_FAILED.error(message).caused_by(cause))
            }
            Ok(Err(Failure::Broken { cause, is_news })) => {
                // One outage, however many calls the connection took with it.
                if is_news {
                    tracing::warn!(neighbour = self.neighbour, %cause, "the connection to a neighbour broke");
                    trial.ended(true);
                }
                let message = format!("the connection to the {} service broke", self.neighbour);
                Tried {
                    answer: refuse(codes::NEIGHBOUR_FAILED.error(message).caused_by(cause)),
                    may_pass: true,
                }
            }
            Err(_) => {
                if left >= FAIR_TIME {
                    trial.ended(true);
                }
                let message = format!("the {} service did not answer within {left:?}", self.neighbour);
                Tried::finally(codes::DEADLINE_EXCEEDED.error(message))
            }
        }
    }
}

impl Tried {
    fn finally(error: Error) -> Self {
        Self {
            answer: refuse(error),
            may_pass: false,
        }
    }
}

fn refuse(error: Error) -> Response<Body> {
    Status::from(error).into_http()
}

/// The status of a call that failed before its first message.
fn code(answer: &Response<Body>) -> Option<Code> {
    let status = answer.headers().get("grpc-status")?;
    Some(Code::from_bytes(status.as_bytes()))
}

/// An answer that somebody on the way gave instead of the neighbour. Its own carry details, and are its considered opinion
/// even if they say that it cannot serve now.
fn is_outage(answer: &Response<Body>) -> bool {
    match code(answer) {
        Some(Code::Unavailable) => !answer.headers().contains_key("grpc-status-details-bin"),
        Some(_) => false,
        None => answer.status().is_server_error(),
    }
}

#[cfg(test)]
mod tests;
