//! Bodies that move: requests arrive in time, and answers are handed over in pieces that show whether they are taken.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use kugel_error::codes;
use tokio::time::{Instant, Sleep};
use tonic::Status;

use super::Limits;
use super::traffic::Call;

/// The largest piece of an answer. HTTP/2 asks for the next one only when there is room for it, and keeps the last one
/// until there is: this many bytes a stream. HTTP/1 asks while its buffer has room.
const PIECE: usize = 16 * 1024;

/// A request's body, which ends in an error if it comes too slowly.
pub(super) struct Timely {
    body: Incoming,
    limits: Limits,
    received: u64,
    /// Since when it was first waited for. Most bodies are there at once.
    begun: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Timely {
    pub(super) fn new(body: Incoming, limits: Limits) -> Self {
        Self {
            body,
            limits,
            received: 0,
            begun: None,
            alarm: None,
        }
    }

    fn wait(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let begun = *self.begun.get_or_insert_with(Instant::now);
        let due = begun + self.limits.body + self.limits.time_for(self.received);
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        ready!(alarm.as_mut().poll(context));
        // What has come meanwhile has moved the end.
        if alarm.deadline() < due {
            alarm.as_mut().reset(due);
            ready!(alarm.as_mut().poll(context));
        }
        Poll::Ready(())
    }
}

impl HttpBody for Timely {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(frame) => {
                if let Some(Ok(frame)) = &frame {
                    this.received += frame.data_ref().map_or(0, Bytes::len) as u64;
                }
                Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)))
            }
            Poll::Pending => {
                ready!(this.wait(context));
                let status = Status::from(codes::REQUEST_TOO_SLOW.error("the body did not arrive in time"));
                Poll::Ready(Some(Err(axum::Error::new(status))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body, which keeps its call open until it is handed over.
pub(super) struct Answer {
    body: Body,
    call: Call,
    /// What was not handed over of the last frame.
    rest: Bytes,
    /// True where a client says how much it takes: HTTP/2.
    is_rationed: bool,
    /// The tick of the piece that is not on its way yet.
    handed: Option<usize>,
}

impl Answer {
    pub(super) fn new(body: Body, call: Call, is_rationed: bool) -> Self {
        Self {
            body,
            call,
            rest: Bytes::new(),
            is_rationed,
            handed: None,
        }
    }

    /// Whoever asks for the next piece has sent the last one.
    fn taken(&mut self) {
        if let Some(tick) = self.handed.take() {
            self.call.traffic().taken(tick);
        }
    }

    fn hand_over(&mut self, data: Bytes) -> Bytes {
        self.rest = data;
        if self.is_rationed {
            self.handed = Some(self.call.traffic().handed());
        }
        self.rest.split_to(PIECE.min(self.rest.len()))
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        this.taken();
        let frame = if this.rest.is_empty() {
            ready!(Pin::new(&mut this.body).poll_frame(context))
        } else {
            Some(Ok(Frame::data(std::mem::take(&mut this.rest))))
        };
        let frame = frame.map(|frame| frame.map(|frame| frame.map_data(|data| this.hand_over(data))));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        let rest = self.rest.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.taken();
    }
}
