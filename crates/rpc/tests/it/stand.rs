//! A server of a neighbour that can be stopped, killed and started again where it was.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kugel_config::Settings;
use kugel_rpc::{Channel, LocalService, Neighbours};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{ServiceExt as _, service_fn as tower_fn};

/// A method that may be repeated.
pub(crate) const READ: &str = "/kugel.cart.v1.CartService/GetCart";
/// One that may not.
pub(crate) const BILL: &str = "/kugel.cart.v1.CartService/BillCart";
/// One that a stand answers by a stream without end.
pub(crate) const WATCH: &str = "/kugel.stock.v1.StockService/WatchStockAlerts";
/// One that makes a stand drop the connection.
pub(crate) const CRASH: &str = "/kugel.test.v1.TestService/Crash";

/// The calls that reached a stand: their paths and headers.
pub(crate) type Seen = Arc<Mutex<Vec<(String, HeaderMap)>>>;

/// A server on a port of its own.
pub(crate) struct Stand {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Seen,
    stop: CancellationToken,
    served: JoinHandle<()>,
}

impl Stand {
    /// Answers every call with success, after `pause`.
    pub(crate) async fn open(pause: Duration) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), pause, Seen::default()).await
    }

    /// The same on a given port.
    pub(crate) async fn at(address: SocketAddr, pause: Duration, seen: Seen) -> Self {
        let calls = seen.clone();
        let service = tower_fn(move |request: Request<Body>| {
            let path = request.uri().path().to_owned();
            calls.lock().push((path.clone(), request.headers().clone()));
            async move {
                request.into_body().collect().await.unwrap();
                assert!(path != CRASH, "as it was asked to");
                tokio::time::sleep(pause).await;
                Ok(if path == WATCH {
                    let silence =
                        futures::stream::pending::<Result<http_body::Frame<bytes::Bytes>, Status>>();
                    Response::new(Body::new(http_body_util::StreamBody::new(silence)))
                } else {
                    Status::ok("").into_http()
                })
            }
        });
        Self::of(address, LocalService::new(service), seen).await
    }

    /// Serves a service.
    pub(crate) async fn of(address: SocketAddr, service: LocalService, seen: Seen) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let served = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    () = stopped.cancelled() => break,
                    accepted = listener.accept() => {
                        let (stream, _) = accepted.unwrap();
                        stream.set_nodelay(true).unwrap();
                        connections.spawn(serve(stream, service.clone(), stopped.clone()));
                    }
                }
            }
            drop(listener);
            while connections.join_next().await.is_some() {}
        });
        Self {
            address,
            seen,
            stop,
            served,
        }
    }

    /// Every connection breaks, as after `kill -9`.
    pub(crate) async fn kill(self) -> (SocketAddr, Seen) {
        self.served.abort();
        let _ = self.served.await;
        (self.address, self.seen)
    }

    /// Takes nothing new, and ends when the calls under way are done.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.served.await.unwrap();
    }

    /// How many calls have reached it.
    pub(crate) fn count(&self) -> usize {
        self.seen.lock().len()
    }
}

/// Serves one connection until its end, or gracefully ends it.
pub(crate) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    service: LocalService,
    stopped: CancellationToken,
) {
    let service =
        service_fn(move |request: Request<Incoming>| service.clone().oneshot(request.map(Body::new)));
    let connection = Builder::new(TokioExecutor::new())
        .max_concurrent_streams(100)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stopped.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// The cart service at `addresses`.
pub(crate) fn cart(addresses: &str) -> Channel {
    let mut settings = Settings::for_test();
    settings.cart_url = addresses.to_owned();
    Neighbours::network(&settings, None).unwrap().channel("cart")
}

/// Calls `path` without a message; an answer of success is `Ok`.
pub(crate) async fn call(
    channel: &Channel,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<(), Status> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().unwrap();
    *request.method_mut() = http::Method::POST;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let answer = channel.clone().oneshot(request).await.unwrap();
    match Status::from_header_map(answer.headers()) {
        Some(status) if status.code() != Code::Ok => Err(status),
        _ => Ok(()),
    }
}
