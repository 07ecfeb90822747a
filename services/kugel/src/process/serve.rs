//! What the ports answer with.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use kugel_rpc::LocalService;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::door::Served;
use super::streams;

/// Renders all metrics of the process.
pub(super) type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// A service by itself: native gRPC, and its metrics for whoever collects them.
pub(super) fn service_router(service: LocalService, metrics: Option<Render>) -> Router {
    let routes =
        service.map_request(|request: http::Request<axum::body::Body>| request.map(tonic::body::Body::new));
    let router = Router::new().fallback_service(routes);
    match metrics {
        Some(render) => router.route("/metrics", get(move || async move { render() })),
        None => router,
    }
}

/// Lets streams end when the process stops.
pub(super) fn ending_streams(service: impl Served, stop: &CancellationToken) -> impl Served {
    let stop = stop.clone();
    service.map_response(move |response| streams::end_with(stop.clone(), response))
}
