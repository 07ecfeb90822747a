//! One instance of a neighbour: its connections, and the rest that it is given while it cannot be reached.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use kugel_error::codes;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;

use super::origin::Origin;
use crate::tls::Tls;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long a new connection may take, the handshake of TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// How often a connection is asked for a sign of life, and how long it may take to give one.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(5));
/// Calls on one connection. Servers refuse more than they have agreed to, usually between 100 and 200.
const CALLS_MAX: usize = 100;
/// Connections to one instance, for watchers that stay for hours.
const LINES_MAX: usize = 32;
/// After a failed connection.
const RESTS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_secs(1))
    .without_max_times();
/// Details of an error travel as a header.
const HEADERS_MAX: u32 = 64 << 10;

/// A call that has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was not sent, or was refused unread: another try cannot have a second effect.
    Unsent(BoxError),
    /// The connection broke: what became of the call is not known.
    Broken {
        cause: BoxError,
        /// False if another call has reported the same connection.
        is_news: bool,
    },
}

/// One address that a neighbour's name stands for.
pub(crate) struct Instance {
    pub(crate) origin: Arc<Origin>,
    pub(crate) socket: SocketAddr,
    tls: Option<Tls>,
    lines: Mutex<Vec<Arc<Line>>>,
    dialling: tokio::sync::Mutex<()>,
    rest: Mutex<Option<Rest>>,
}

/// A pause between connections, and how long the next ones are.
struct Rest {
    until: Instant,
    pauses: ExponentialBackoff,
}

/// A connection. Whoever holds it has a call on it.
pub(crate) struct Line {
    origin: Arc<Origin>,
    sender: SendRequest<Full<Bytes>>,
    is_dead: AtomicBool,
}

impl Instance {
    pub(crate) fn new(origin: Arc<Origin>, socket: SocketAddr, tls: Option<Tls>) -> Self {
        Self {
            origin,
            socket,
            tls,
            lines: Mutex::default(),
            dialling: tokio::sync::Mutex::default(),
            rest: Mutex::default(),
        }
    }

    /// Calls under way.
    pub(crate) fn load(&self) -> usize {
        self.lines.lock().iter().map(Line::load).sum()
    }

    /// When it may be tried again, if it is given a rest.
    pub(crate) fn rests_until(&self) -> Option<Instant> {
        let until = self.rest.lock().as_ref()?.until;
        (until > Instant::now()).then_some(until)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.lines.lock().iter().any(|line| line.is_alive())
    }

    /// Connects without anybody waiting for it.
    pub(crate) fn connect_meanwhile(self: &Arc<Self>) {
        if self.dialling.try_lock().is_ok() {
            let this = Arc::clone(self);
            // If it fails, the call that needs it says why.
            tokio::spawn(async move { drop(this.line().await) });
        }
    }

    /// A connection with room for a call. Those who need a new one wait for the same.
    pub(crate) async fn line(&self) -> Result<Arc<Line>, BoxError> {
        if let Some(line) = self.at_hand(CALLS_MAX) {
            return Ok(line);
        }
        let _one_at_a_time = self.dialling.lock().await;
        if let Some(line) = self.at_hand(CALLS_MAX) {
            return Ok(line);
        }
        if self.rests_until().is_some() {
            return Err(format!("{} cannot be reached", self.socket).into());
        }
        let dialled = tokio::time::timeout(CONNECT_LIMIT, self.dial()).await;
        let cause: BoxError = match dialled {
            Ok(Ok(sender)) => {
                *self.rest.lock() = None;
                let line = Arc::new(Line {
                    origin: Arc::clone(&self.origin),
                    sender,
                    is_dead: AtomicBool::new(false),
                });
                self.lines.lock().push(Arc::clone(&line));
                return Ok(line);
            }
            Ok(Err(cause)) => cause,
            Err(_) => format!("no connection within {CONNECT_LIMIT:?}").into(),
        };
        if let Some(line) = self.at_hand(usize::MAX) {
            return Ok(line);
        }
        let mut rest = self.rest.lock();
        let mut pauses = rest.take().map_or_else(|| RESTS.build(), |rest| rest.pauses);
        let until = Instant::now() + pauses.next().expect("the pauses have no end");
        *rest = Some(Rest { until, pauses });
        Err(format!("{} cannot be reached: {cause}", self.socket).into())
    }

    /// The connection with the fewest calls, if it has fewer than `limit`.
    fn at_hand(&self, limit: usize) -> Option<Arc<Line>> {
        let mut lines = self.lines.lock();
        lines.retain(|line| line.is_alive());
        let limit = if lines.len() < LINES_MAX {
            limit
        } else {
            usize::MAX
        };
        let line = lines.iter().min_by_key(|line| Line::load(line))?;
        (Line::load(line) < limit).then(|| Arc::clone(line))
    }

    async fn dial(&self) -> Result<SendRequest<Full<Bytes>>, BoxError> {
        let stream = TcpStream::connect(self.socket).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            Some(tls) => greet(tls.connect(&self.origin.host, stream).await?).await,
            None => greet(stream).await,
        }
    }
}

/// Begins HTTP/2 and leaves the connection to a task of its own.
async fn greet(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>, BoxError> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1)
        .keep_alive_while_idle(true)
        .max_header_list_size(HEADERS_MAX);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a neighbour ended");
        }
    });
    Ok(sender)
}

impl Line {
    /// Calls under way: everybody who holds the line, but the instance itself.
    fn load(line: &Arc<Self>) -> usize {
        Arc::strong_count(line) - 1
    }

    fn is_alive(&self) -> bool {
        !self.sender.is_closed() && !self.is_dead.load(Ordering::Relaxed)
    }

    /// Sends a call. The line stays taken until the answer is read.
    pub(crate) async fn send(
        self: Arc<Self>,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Body>, Failure> {
        *request.uri_mut() = self.origin.target(request.uri().path_and_query());
        match self.sender.clone().try_send_request(request).await {
            Ok(answer) => Ok(answer.map(|body| Body::new(Answer { body, _line: self }))),
            Err(mut failed) => {
                let is_news = !self.is_dead.swap(true, Ordering::Relaxed);
                let is_unsent = failed.take_message().is_some();
                let cause = failed.into_error();
                let is_unread = is_unread(&cause);
                let cause = BoxError::from(cause);
                Err(if is_unsent || is_unread {
                    Failure::Unsent(cause)
                } else {
                    Failure::Broken { cause, is_news }
                })
            }
        }
    }
}

/// True if the server says that it has not looked at the request: it is stopping, or has too many.
fn is_unread(error: &hyper::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<h2::Error>() {
            let is_refused = cause.is_reset() && cause.reason() == Some(h2::Reason::REFUSED_STREAM);
            let is_stopping =
                cause.is_go_away() && cause.is_remote() && cause.reason() == Some(h2::Reason::NO_ERROR);
            return is_refused || is_stopping;
        }
        source = cause.source();
    }
    false
}

/// An answer that keeps its line taken.
struct Answer {
    body: Incoming,
    _line: Arc<Line>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(context).map_err(|cause| {
            let error = codes::NEIGHBOUR_FAILED.error("the connection to another service broke");
            Status::from(error.caused_by(cause))
        })
    }
    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
