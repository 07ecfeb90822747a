//! A command that has begun is finished, though its caller hangs up or its deadline passes.
//!
//! Dropped halfway, it might have committed and told nobody: neither the caches that keep what it has changed nor those
//! who wait for its event. Whoever repeats it under its request id is then answered what the first one came to.

use std::time::Duration;

use http::{Request, Response};
use kugel_error::codes;
use kugel_proto::READING_METHODS;
use tonic::Status;
use tonic::body::Body;

use crate::call::CALL;
use crate::{HEALTH, LocalService};

/// The end of a command that never comes to one: far beyond what stores and neighbours may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Gives a command a task of its own. What only reads ends with its caller.
pub(crate) async fn finish(request: Request<Body>, next: LocalService) -> Response<Body> {
    let path = request.uri().path();
    let reads = READING_METHODS.binary_search(&path).is_ok() || path.starts_with(HEALTH);
    let work = next.answer(request);
    if reads {
        return work.await;
    }
    let work = tokio::time::timeout(LIMIT, work);
    let task = match CALL.try_with(Clone::clone) {
        Ok(call) => tokio::spawn(CALL.scope(call, work)),
        Err(_) => tokio::spawn(work),
    };
    match task.await {
        Ok(Ok(answer)) => answer,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // Nobody waits any more after so long, or the process stops.
        Ok(Err(_)) | Err(_) => {
            Status::from(codes::OVERLOADED.error("the call did not come to an end")).into_http()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;
    use tower::service_fn;

    use super::*;

    /// Hangs up on a method as soon as it has begun. True if it came to its end.
    async fn comes_to_its_end(path: &str) -> bool {
        let (begun, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (begins, ends) = (Arc::clone(&begun), Arc::clone(&done));
        let service = LocalService::new(service_fn(move |_: Request<Body>| {
            let (begins, ends) = (Arc::clone(&begins), Arc::clone(&ends));
            async move {
                begins.notify_one();
                tokio::time::sleep(Duration::from_millis(10)).await;
                ends.notify_one();
                Ok(Status::ok("").into_http())
            }
        }));
        let request = Request::post(path).body(Body::empty()).expect("a request");
        tokio::select! {
            _ = finish(request, service) => panic!("it takes longer than to begin"),
            () = begun.notified() => {}
        }
        tokio::time::timeout(Duration::from_millis(200), done.notified())
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn a_command_that_is_hung_up_on_comes_to_its_end() {
        assert!(comes_to_its_end("/kugel.cart.v1.CartService/BillCart").await);
        assert!(!comes_to_its_end("/kugel.cart.v1.CartService/GetCart").await);
    }
}
