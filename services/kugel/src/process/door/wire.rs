//! A connection as hyper reads and writes it, watched.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::traffic::Traffic;
use super::{Cut, Limits, http1, http2};

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The first bytes of a client, which tell its protocol.
#[derive(Debug, Default)]
pub(super) struct Greeting {
    bytes: [u8; PREFACE.len()],
    length: usize,
    /// How much of it was handed on.
    told: usize,
}

impl Greeting {
    /// Reads until it is clear whether the client speaks HTTP/2.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut greeting = Self::default();
        while PREFACE.starts_with(&greeting.bytes[..greeting.length]) && !greeting.is_http2() {
            match stream.read(&mut greeting.bytes[greeting.length..]).await? {
                0 => break,
                length => greeting.length += length,
            }
        }
        Ok(greeting)
    }

    pub(super) fn is_http2(&self) -> bool {
        self.bytes == *PREFACE
    }
}

#[derive(Debug)]
enum Watch {
    Http1(http1::Watch),
    Http2(Box<http2::Watch>),
}

/// Reads and writes, ends what takes too long, and takes one buffer at a time. To a stream that takes several at once,
/// HTTP/2 writes a message of more than 256 bytes first and the trailers after it; to this one, up to 1 KB leaves with its
/// trailers, which saves a system call, and a client from being woken twice.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    greeting: Greeting,
    watch: Watch,
    /// Made when first something is waited for, and then moved only when it rings or is needed earlier.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> Wire<S> {
    /// A connection whose first head is awaited since `begun`.
    pub(super) fn new(
        stream: S,
        greeting: Greeting,
        limits: Limits,
        traffic: Arc<Traffic>,
        begun: Instant,
    ) -> Self {
        let watch = if greeting.is_http2() {
            Watch::Http2(Box::new(http2::Watch::new(limits, traffic)))
        } else {
            Watch::Http1(http1::Watch::new(limits, traffic, begun))
        };
        Self {
            stream,
            greeting,
            watch,
            alarm: None,
        }
    }

    /// Waits for as long as the watch allows.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<Cut> {
        loop {
            let now = Instant::now();
            let due = match &mut self.watch {
                Watch::Http1(watch) => watch.due(now),
                Watch::Http2(watch) => watch.due(now),
            };
            let Some(due) = due else {
                return Poll::Pending;
            };
            if due <= now {
                match &mut self.watch {
                    Watch::Http1(watch) => return Poll::Ready(watch.overdue()),
                    Watch::Http2(watch) => match watch.overdue(now) {
                        Err(cut) => return Poll::Ready(cut),
                        Ok(()) => continue,
                    },
                }
            }
            let alarm = match &mut self.alarm {
                None => self.alarm.insert(Box::pin(tokio::time::sleep_until(due))),
                Some(alarm) => {
                    if alarm.is_elapsed() || alarm.deadline() > due {
                        alarm.as_mut().reset(due);
                    }
                    alarm
                }
            };
            ready!(alarm.as_mut().poll(context));
        }
    }
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// Tells the client, if that can be done at once.
    fn say_goodbye(&mut self, context: &mut Context<'_>) {
        if let Watch::Http2(watch) = &self.watch
            && let Some(frame) = watch.goodbye()
            && let Poll::Ready(Ok(_)) = Pin::new(&mut self.stream).poll_write(context, &frame)
        {
            let _ = Pin::new(&mut self.stream).poll_flush(context);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let greeting = &mut this.greeting;
        if greeting.told < greeting.length {
            let rest = &greeting.bytes[greeting.told..greeting.length];
            let length = rest.len().min(buffer.remaining());
            buffer.put_slice(&rest[..length]);
            greeting.told += length;
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let cut = match Pin::new(&mut this.stream).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => match &mut this.watch {
                Watch::Http1(watch) => {
                    watch.heard();
                    return Poll::Ready(Ok(()));
                }
                Watch::Http2(watch) => match watch.heard(&buffer.filled()[before..]) {
                    Ok(()) => return Poll::Ready(Ok(())),
                    Err(cut) => {
                        this.say_goodbye(context);
                        cut
                    }
                },
            },
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => ready!(this.wait(context)),
        };
        Poll::Ready(Err(cut.happens()))
    }
}

// `is_write_vectored` is left as it is: no.
impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        if let Watch::Http2(watch) = &mut self.watch {
            watch.said(&bytes[..written]);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        // By HTTP/1 an answer ends here, and hyper does not ask again whether there is something to read if there was nothing
        // before: the time of a client that rests begins now.
        if matches!(self.watch, Watch::Http1(_))
            && let Poll::Ready(cut) = self.wait(context)
        {
            return Poll::Ready(Err(cut.happens()));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn a_connection_takes_one_buffer_at_a_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _caller = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        assert!(stream.is_write_vectored(), "then there is nothing to hide");
        let wire = Wire::new(
            stream,
            Greeting::default(),
            Limits::default(),
            Arc::default(),
            Instant::now(),
        );
        assert!(!wire.is_write_vectored());
    }
}
