//! The port: connections in, and their end when the process stops.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use axum::serve::{Listener, ListenerExt as _};
use axum::{Router, ServiceExt as _};
use kugel_rpc::{LocalService, TlsListener, TlsStream};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt as _};

use super::streams;
use super::whole::Whole;

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

/// What can be served: it answers every request.
pub(super) trait Served:
    Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Served for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Serves until `stop`; then nothing new is accepted, calls under way are finished, and the task ends.
pub(super) fn serve(
    listener: TcpListener,
    service: impl Served,
    stop: CancellationToken,
) -> JoinHandle<std::io::Result<()>> {
    // Answers are small: waiting to fill a packet would only delay them.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY cannot be set");
        }
    });
    let service = ending_streams(service, &stop).into_make_service();
    let server = axum::serve(Whole(listener), service).with_graceful_shutdown(stop.cancelled_owned());
    tokio::spawn(async move { server.await })
}

/// The same for callers who show a certificate.
pub(super) fn serve_tls(
    listener: TlsListener,
    router: Router,
    stop: CancellationToken,
) -> JoinHandle<std::io::Result<()>> {
    let service = ending_streams(router, &stop).into_make_service();
    let server =
        axum::serve(Whole(Guarded(listener)), service).with_graceful_shutdown(stop.cancelled_owned());
    tokio::spawn(async move { server.await })
}

fn ending_streams(service: impl Served, stop: &CancellationToken) -> impl Served {
    let stop = stop.clone();
    service.map_response(move |response| streams::end_with(stop.clone(), response))
}

/// A listener as axum wants it.
struct Guarded(TlsListener);

impl Listener for Guarded {
    type Io = TlsStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TlsStream, SocketAddr) {
        self.0.accept().await
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.0.local_addr())
    }
}
