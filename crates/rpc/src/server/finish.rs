//! A command that has begun is finished, though its caller hangs up or its deadline passes.
//!
//! Dropped halfway, it might have committed and told nobody: neither the caches that keep what it has changed nor those
//! who wait for its event. Whoever repeats it under its request id is then answered what the first one came to. Only one
//! that has done nothing yet ends with its caller (see [`crate::ending_with_caller`]).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use kugel_proto::READING_METHODS;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tonic::body::Body;

use crate::call::{CALL, Call};
use crate::local::Answer;
use crate::{HEALTH, LocalService};

/// The end of a command that goes on by itself and never comes to one: far beyond what stores and neighbours may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Sees to it that a command goes on. What only reads ends with its caller.
pub(crate) async fn finish(request: Request<Body>, next: LocalService) -> Response<Body> {
    let path = request.uri().path();
    let reads = READING_METHODS.binary_search(&path).is_ok() || path.starts_with(HEALTH);
    let work = next.answer(request);
    if reads {
        return work.await;
    }
    let call = CALL.try_with(Clone::clone).ok();
    let work = Some(work);
    Command { work, call }.await
}

/// A command under way. Dropped before its end, it goes on in a task of its own. Not before: a task for every command would
/// wake another thread for each.
struct Command {
    work: Option<Answer>,
    call: Option<Call>,
}

impl Future for Command {
    type Output = Response<Body>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response<Body>> {
        // Held here while it is polled: one that panics is not to go on.
        let Some(mut work) = self.work.take() else {
            return Poll::Pending;
        };
        let answer = work.as_mut().poll(context);
        if answer.is_pending() {
            self.work = Some(work);
        }
        answer
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        let (Some(work), Ok(runtime)) = (self.work.take(), Handle::try_current()) else {
            return;
        };
        if self.call.as_ref().is_some_and(Call::may_end) {
            return;
        }
        let work = timeout(LIMIT, work);
        match self.call.take() {
            Some(call) => drop(runtime.spawn(CALL.scope(call, work))),
            None => drop(runtime.spawn(work)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;
    use tonic::Status;
    use tower::service_fn;

    use super::*;
    use crate::ending_with_caller;

    /// Hangs up on a method as soon as it has begun. True if it came to its end, and still knew whose call it is.
    async fn comes_to_its_end(path: &str, is_waiting: bool) -> bool {
        let (begun, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (begins, ends) = (Arc::clone(&begun), Arc::clone(&done));
        let service = LocalService::new(service_fn(move |_: Request<Body>| {
            let (begins, ends) = (Arc::clone(&begins), Arc::clone(&ends));
            async move {
                begins.notify_one();
                let pause = tokio::time::sleep(Duration::from_millis(10));
                match is_waiting {
                    true => ending_with_caller(pause).await,
                    false => pause.await,
                }
                CALL.with(|_| ends.notify_one());
                Ok(Status::ok("").into_http())
            }
        }));
        let request = Request::post(path).body(Body::empty()).expect("a request");
        let call = Call {
            deadline: tokio::time::Instant::now(),
            traceparent: None,
            client_address: None,
            may_end: Arc::default(),
        };
        tokio::select! {
            _ = CALL.scope(call, finish(request, service)) => panic!("it takes longer than to begin"),
            () = begun.notified() => {}
        }
        tokio::time::timeout(Duration::from_millis(200), done.notified())
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn a_command_that_is_hung_up_on_comes_to_its_end() {
        let command = "/kugel.cart.v1.CartService/BillCart";
        assert!(comes_to_its_end(command, false).await);
        assert!(!comes_to_its_end(command, true).await, "it had not begun");
        assert!(!comes_to_its_end("/kugel.cart.v1.CartService/GetCart", false).await);
    }
}
