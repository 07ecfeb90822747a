//! A port: connections in, within bounds, and their end when the process stops.
//!
//! Whoever connects costs a descriptor and memory before anybody knows who it is. So connections are counted
//! (`places.rs`), and each has a limit for whatever it may leave the process waiting for: the head of a request and the
//! next request (`http1.rs`, `http2.rs`, kept by `wire.rs`), a request's body (`bodies.rs`), and an answer that nobody
//! takes (`socket.rs` where the client's system takes nothing more, `http2.rs` where the client itself says so).
//! `proxies.rs` finds out where a client is. Start reading at [`Door::serve`].

mod bodies;
mod http1;
mod http2;
mod places;
mod proxies;
mod socket;
#[cfg(test)]
mod tests;
mod traffic;
mod wire;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::{http1 as hyper1, http2 as hyper2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use kugel_rpc::{ClientAddress, Tls};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt as _};

use self::bodies::{Answer, Timely};
use self::places::Place;
pub(super) use self::places::Places;
pub(super) use self::proxies::Proxies;
use self::socket::Socket;
use self::traffic::{Call, Traffic};
use self::wire::{Greeting, Wire};

/// Calls at a time on a connection of HTTP/2.
const STREAMS: u32 = 256;
/// Bytes of a request's head.
const HEAD_BYTES: u16 = 16 * 1024;
/// Bytes of requests and answers that a connection of HTTP/1 keeps: the rest of a long answer is not copied yet.
const BUFFER_BYTES: usize = 64 * 1024;
/// Headers of a request.
const HEADERS: usize = 100;
/// Pause after the system had no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);
/// The one service whose method takes a stream of requests, which may be silent for as long as its client likes. No
/// method of the contract does.
const STREAMED: &str = "/grpc.reflection.";

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

/// What a client may leave a process waiting for, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For the head of a request, and before it for the header of the PROXY protocol.
    pub(super) head: Duration,
    /// For the handshake of TLS.
    pub(super) handshake: Duration,
    /// Between two requests by HTTP/1.
    pub(super) idle: Duration,
    /// For the body of a request, and a second more for so many bytes that have come.
    pub(super) body: Duration,
    /// The slowest that a body may come, and an answer be taken, in the long run.
    pub(super) bytes_per_second: u32,
    /// For the client's system to take anything of what is written.
    pub(super) stalled: Duration,
    /// For the client itself to take a piece of an answer, by HTTP/2.
    pub(super) unread: Duration,
    /// Silence after which a client of HTTP/2 is asked whether it is there.
    pub(super) ping_after: Duration,
    /// For its answer.
    pub(super) ping_answer: Duration,
    /// Frames of HTTP/2 that ask for nothing; none where callers are known.
    pub(super) budget: Option<Budget>,
}

/// So many frames at once, and so many a second in the long run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub(super) frames: u32,
    pub(super) per_second: u32,
}

impl Default for Limits {
    /// Those of a port that anybody may reach.
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            handshake: Duration::from_secs(5),
            idle: Duration::from_secs(75),
            body: Duration::from_secs(20),
            bytes_per_second: 500,
            stalled: Duration::from_secs(30),
            unread: Duration::from_secs(60),
            ping_after: Duration::from_secs(30),
            ping_answer: Duration::from_secs(20),
            budget: Some(Budget {
                frames: 1000,
                per_second: 100,
            }),
        }
    }
}

impl Limits {
    /// How long so many bytes may take.
    fn time_for(&self, bytes: u64) -> Duration {
        Duration::from_millis(bytes.saturating_mul(1000) / u64::from(self.bytes_per_second))
    }
}

/// Why a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The handshake of TLS took too long.
    Handshake,
    /// The head of a request took too long.
    Head,
    /// No request came.
    Idle,
    /// An answer was not taken.
    Unread,
    /// Too many frames asked for nothing.
    Flood,
}

impl Cut {
    /// Counts it, and makes the error that ends the connection.
    fn happens(self) -> io::Error {
        let reason = match self {
            Self::Handshake => "handshake",
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Unread => "unread",
            Self::Flood => "flood",
        };
        metrics::counter!("kugel_connections_cut_total", "reason" => reason).increment(1);
        io::Error::new(io::ErrorKind::TimedOut, reason)
    }
}

/// How a port is served.
#[derive(Clone)]
pub(super) struct Door {
    /// The certificate that is shown; plain text without one.
    pub(super) tls: Option<Tls>,
    pub(super) proxies: Proxies,
    pub(super) places: Places,
    pub(super) limits: Limits,
}

impl Door {
    /// How a port at `address` is called with it.
    pub(super) fn url(&self, address: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    /// Serves until `stop`; then nothing new is accepted, calls under way are finished, and the task ends.
    pub(super) fn serve(
        self,
        listener: TcpListener,
        service: impl Served,
        stop: CancellationToken,
    ) -> JoinHandle<()> {
        tokio::spawn(Arc::new(self).listen(listener, service, stop))
    }

    async fn listen(self: Arc<Self>, listener: TcpListener, service: impl Served, stop: CancellationToken) {
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    if let Some(place) = self.admit(peer) {
                        let (door, service, stop) = (Arc::clone(&self), service.clone(), stop.clone());
                        connections.spawn(door.attend(stream, peer.ip(), place, service, stop));
                    }
                }
                // The client is gone already.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        drop(listener);
        connections.close();
        connections.wait().await;
    }

    /// A proxy speaks for many, so its own address has no limit.
    fn admit(&self, peer: SocketAddr) -> Option<Place> {
        let place = self.places.take()?;
        if self.proxies.contain(peer.ip()) {
            return Some(place);
        }
        place.of(peer.ip())
    }

    /// A connection from its first byte on.
    async fn attend(
        self: Arc<Self>,
        stream: TcpStream,
        peer: IpAddr,
        place: Place,
        service: impl Served,
        stop: CancellationToken,
    ) {
        // Answers are small: waiting to fill a packet would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY cannot be set");
        }
        let served = async {
            let (socket, peer) = self.identify(stream, peer, place, &stop).await?;
            let Some(tls) = &self.tls else {
                return self.converse(socket, peer, service, &stop).await;
            };
            let limit = Instant::now() + self.limits.handshake;
            let stream = before(limit, Cut::Handshake, &stop, tls.accept(socket)).await?;
            self.converse(stream, peer, service, &stop).await
        };
        if let Err(error) = served.await {
            tracing::debug!(%peer, %error, "a connection ended");
        }
    }

    /// Finds out where the client is.
    async fn identify(
        &self,
        mut stream: TcpStream,
        mut peer: IpAddr,
        mut place: Place,
        stop: &CancellationToken,
    ) -> io::Result<(Socket, IpAddr)> {
        if self.proxies.speaks_first(peer) {
            let limit = Instant::now() + self.limits.head;
            if let Some(client) = before(limit, Cut::Head, stop, proxies::read_header(&mut stream)).await? {
                peer = client;
                if !self.proxies.contain(client) {
                    peer = proxies::claimed(client);
                    place = place.of(peer).ok_or_else(|| io::Error::other("no place"))?;
                }
            }
        }
        Ok((Socket::new(stream, self.limits.stalled, place), peer))
    }

    /// A connection whose requests are served.
    async fn converse<S>(
        &self,
        mut stream: S,
        peer: IpAddr,
        service: impl Served,
        stop: &CancellationToken,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (begun, limits, traffic) = (Instant::now(), self.limits, Arc::<Traffic>::default());
        let greeting = before(begun + limits.head, Cut::Head, stop, Greeting::read(&mut stream)).await?;
        let is_http2 = greeting.is_http2();
        let wire = Wire::new(stream, greeting, limits, Arc::clone(&traffic), begun);
        let proxies = self.proxies.contain(peer).then(|| self.proxies.clone());
        let service = hyper::service::service_fn(move |request: http::Request<Incoming>| {
            let call = Call::begin(&traffic);
            let client = proxies
                .as_ref()
                .map_or(peer, |proxies| proxies.client(peer, request.headers()));
            answer(service.clone(), request, client.into(), call, limits)
        });
        if is_http2 {
            let connection = hyper2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(STREAMS)
                .max_header_list_size(HEAD_BYTES.into())
                .keep_alive_interval(limits.ping_after)
                .keep_alive_timeout(limits.ping_answer)
                .serve_connection(TokioIo::new(wire), service);
            drive(connection, stop, |connection| connection.graceful_shutdown()).await
        } else {
            let connection = hyper1::Builder::new()
                // The wire keeps the time, and tells a head that has begun from a client that rests.
                .header_read_timeout(None)
                .max_header_size(HEAD_BYTES.into())
                .max_buf_size(BUFFER_BYTES)
                .serve_connection(TokioIo::new(wire), service)
                .with_upgrades();
            drive(connection, stop, |connection| connection.graceful_shutdown()).await
        }
        .map_err(io::Error::other)
    }
}

/// Waits for `done` until `limit` or `stop`.
async fn before<T>(
    limit: Instant,
    cut: Cut,
    stop: &CancellationToken,
    done: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    tokio::select! {
        done = timeout_at(limit, done) => done.unwrap_or_else(|_| Err(cut.happens())),
        () = stop.cancelled() => Err(io::Error::other("the process stops")),
    }
}

/// Serves a connection to its end, which comes after the calls under way once the process stops: `finish` tells it.
async fn drive<C: Future>(connection: C, stop: &CancellationToken, finish: fn(Pin<&mut C>)) -> C::Output {
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stop.cancelled() => finish(connection.as_mut()),
    }
    connection.await
}

async fn answer(
    service: impl Served,
    mut request: http::Request<Incoming>,
    client: ClientAddress,
    call: Call,
    limits: Limits,
) -> Result<http::Response<Answer>, Infallible> {
    let is_http2 = request.version() == http::Version::HTTP_2;
    if request.headers().len() > HEADERS {
        let mut refusal = http::Response::new(Answer::new(Body::empty(), call, is_http2));
        *refusal.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Ok(refusal);
    }
    request.extensions_mut().insert(client);
    let is_streamed = request.uri().path().starts_with(STREAMED);
    let request = request.map(|body| {
        if body.is_end_stream() {
            Body::empty()
        } else if is_streamed {
            Body::new(body)
        } else {
            Body::new(Timely::new(body, limits))
        }
    });
    let response = service.oneshot(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        call.traffic().upgrade();
    }
    Ok(response.map(|body| Answer::new(body, call, is_http2)))
}
