//! Ends streams when the process stops.
//!
//! A watch of stock alerts or of health ends only when its client goes away, so a stop that waits for calls under way
//! would wait for it. A stream that has begun and has nothing to say is told that the server is going; its client connects
//! again, elsewhere or later. Calls that have not answered yet are no streams and are waited for.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// `UNAVAILABLE`, as gRPC numbers it.
const STATUS: HeaderValue = HeaderValue::from_static("14");
/// The same as gRPC-Web puts it into the body: a frame of trailers.
const WEB_TRAILERS: &[u8] = b"\x80\0\0\0\x10grpc-status:14\r\n";

/// Lets the stream in a gRPC answer end with `stop`.
pub(super) fn end_with(stop: CancellationToken, response: Response) -> Response {
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let Some(kind) = kind.filter(|kind| kind.starts_with(b"application/grpc")) else {
        return response;
    };
    let is_web = kind.starts_with(b"application/grpc-web");
    response.map(|body| {
        Body::new(Ending {
            body,
            stop,
            stopped: None,
            is_web,
            is_ended: false,
        })
    })
}

struct Ending {
    body: Body,
    stop: CancellationToken,
    /// Made when the stream first falls silent: short answers never do.
    stopped: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    is_web: bool,
    is_ended: bool,
}

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.is_ended {
            return Poll::Ready(None);
        }
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_ready() {
            return frame;
        }
        let this = &mut *self;
        let stopped = this
            .stopped
            .get_or_insert_with(|| Box::pin(this.stop.clone().cancelled_owned()));
        if stopped.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        this.is_ended = true;
        let last = if this.is_web {
            Frame::data(Bytes::from_static(WEB_TRAILERS))
        } else {
            Frame::trailers(HeaderMap::from_iter([(
                HeaderName::from_static("grpc-status"),
                STATUS,
            )]))
        };
        Poll::Ready(Some(Ok(last)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
