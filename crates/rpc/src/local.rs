//! A service of this process: what a call goes through without a socket.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Map};
use http::{Request, Response};
use tonic::body::Body;
use tower::{Service, ServiceExt as _};

/// A service that can be called without a socket. Clones share it: a clone, made for every call at every layer, costs a count
/// and no copy.
#[derive(Clone)]
pub struct LocalService(Arc<Call>);

type Call = dyn Fn(Request<Body>) -> Answer + Send + Sync;

/// The answer to a call. Boxed once for each layer and moved no further: a request is some hundred bytes.
pub(crate) type Answer = BoxFuture<'static, Response<Body>>;

impl LocalService {
    /// Makes any service callable so.
    pub fn new<S>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
    {
        Self(Arc::new(move |request| {
            let answer = service.clone().oneshot(request);
            Box::pin(answer.map(|answer| answer.unwrap_or_else(|never| match never {})))
        }))
    }

    /// Passes each request on to the service that is chosen for it.
    pub fn choosing(choose: impl Fn(&Request<Body>) -> Self + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |request| choose(&request).answer(request)))
    }

    /// Puts a layer around it, an async function that is given the request and this service.
    pub(crate) fn within<F, Answered>(self, layer: F) -> Self
    where
        F: Fn(Request<Body>, Self) -> Answered + Send + Sync + 'static,
        Answered: Future<Output = Response<Body>> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(layer(request, self.clone()))))
    }

    /// Calls it.
    pub(crate) fn answer(&self, request: Request<Body>) -> Answer {
        (self.0)(request)
    }
}

impl Service<Request<Body>> for LocalService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Map<Answer, fn(Response<Body>) -> Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.answer(request).map(Ok)
    }
}
