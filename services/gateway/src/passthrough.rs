//! Native gRPC and gRPC-Web: calls go to their service unread.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use kugel_error::short;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tower::{Service, ServiceExt};

use crate::edge::Operations;
use crate::{Gateway, headers};

/// How the names of the reflection services begin.
const REFLECTION: &str = "grpc.reflection.";

/// [`forward`] as the service that gRPC-Web is translated for.
#[derive(Clone)]
pub(crate) struct Passthrough(pub Arc<Gateway>);

impl Service<Request<Body>> for Passthrough {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let gateway = self.0.clone();
        Box::pin(async move { Ok(forward(&gateway, request).await) })
    }
}

/// Sends a call to the service that its path names.
pub(crate) async fn forward(gateway: &Gateway, request: Request<Body>) -> Response<Body> {
    try_forward(gateway, request)
        .await
        .unwrap_or_else(Status::into_http)
}

async fn try_forward(gateway: &Gateway, mut request: Request<Body>) -> Result<Response<Body>, Status> {
    headers::check_encoding(request.headers())?;
    let service = request.uri().path().split('/').nth(1).unwrap_or_default();
    let own = match service {
        "grpc.health.v1.Health" => Some(&gateway.health_service),
        _ if service.starts_with(REFLECTION) && shows_itself(gateway, &request) => {
            Some(gateway.reflection.get_or_init(|| reflection(gateway)))
        }
        _ => None,
    };
    if let Some(own) = own {
        return own.clone().oneshot(request).await.map_err(|never| match never {});
    }
    let Some(name) = gateway.packages.get(service) else {
        let unknown = short(format!("there is no service `{service}`"));
        return Err(Status::unimplemented(unknown));
    };
    headers::name_as_metadata(request.headers_mut());
    let channel = gateway.channels.get(name);
    let channel =
        channel.ok_or_else(|| Status::unavailable(format!("the service `{name}` is not running")))?;
    channel
        .clone()
        .oneshot(request)
        .await
        .map_err(|error| Status::unavailable(error.to_string()))
}

/// Who looks after Kugel may ask what there is; whether others may, the settings say.
fn shows_itself(gateway: &Gateway, request: &Request<Body>) -> bool {
    gateway.settings.reflection || request.extensions().get::<Operations>().is_some()
}

/// Reflection over the whole contract, in both versions.
fn reflection(gateway: &Gateway) -> Routes {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(gateway.descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    match (builder().build_v1(), builder().build_v1alpha()) {
        (Ok(v1), Ok(v1alpha)) => Routes::new(v1).add_service(v1alpha).prepare(),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "no reflection: the contract's descriptors cannot be read");
            Routes::default()
        }
    }
}
