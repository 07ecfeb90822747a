//! The gRPC services that a domain consists of, and which of them a call is for.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use futures::future::BoxFuture;
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Service, service_fn};

use crate::{LocalService, Server};

/// gRPC services by name. A call finds its service by one look-up; the generated code finds the method.
#[derive(Clone, Default)]
pub struct Routes(HashMap<&'static str, LocalService>);

impl Routes {
    /// One service.
    pub fn new<S>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future = Answer>,
        S: NamedService + Server + Clone + Send + Sync + 'static,
    {
        Self::default().and(service)
    }

    /// One more service.
    #[must_use]
    pub fn and<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future = Answer>,
        S: NamedService + Server + Clone + Send + Sync + 'static,
    {
        self.0.insert(S::NAME, LocalService::new(service.without_limit()));
        self
    }

    /// All of them as one.
    pub(crate) fn into_service(self) -> LocalService {
        let unknown = LocalService::new(service_fn(|request: Request<Body>| async move {
            let path = request.uri().path();
            Ok(Status::unimplemented(format!("there is no method `{path}`")).into_http())
        }));
        let services = Arc::new(self.0);
        LocalService::choosing(move |request| {
            let name = request.uri().path().split('/').nth(1).unwrap_or_default();
            services.get(name).unwrap_or(&unknown).clone()
        })
    }
}

/// What generated services answer with.
type Answer = BoxFuture<'static, Result<Response<Body>, Infallible>>;
