//! What the ports answer with.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use kugel_rpc::LocalService;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::door::Served;
use super::streams;

/// Renders all metrics of the process.
pub(super) type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// A service by itself: native gRPC.
pub(super) fn service(service: LocalService) -> Router {
    Router::new().fallback_service(service.map_request(native))
}

/// What a service tells who looks after it: its health and its metrics, and nothing that needs a credential.
pub(super) fn operations(service: LocalService, metrics: Option<Render>) -> Router {
    let health = service.map_request(native);
    let router = Router::new().route_service("/grpc.health.v1.Health/{method}", health);
    match metrics {
        Some(render) => router.route("/metrics", get(move || async move { render() })),
        None => router,
    }
}

fn native(request: Request) -> http::Request<tonic::body::Body> {
    request.map(tonic::body::Body::new)
}

/// Lets streams end when the process stops.
pub(super) fn ending_streams(service: impl Served, stop: &CancellationToken) -> impl Served {
    let stop = stop.clone();
    service.map_response(move |response| streams::end_with(stop.clone(), response))
}
