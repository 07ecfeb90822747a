//! One HTTP/2 connection of the load generator.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::future::BoxFuture;
use h2::RecvStream;
use h2::client::SendRequest;
use http::uri::{Authority, Scheme};
use http_body::Frame;
use http_body_util::BodyExt as _;
use tonic::body::Body;

/// Sends a call at once and in one piece, as the gRPC libraries in C++ and Java do. A tonic channel does more for clients
/// that live longer (a queue before the connection, another connection after a failure) and sends headers and message
/// one by one: on two cores a quarter of the catalogue reads would be lost to that.
#[derive(Clone)]
pub(crate) struct Connection {
    sender: SendRequest<Bytes>,
    authority: Authority,
}

impl Connection {
    /// To `http://` and an address.
    pub(crate) async fn open(url: &str) -> Self {
        let authority: Authority = url.trim_start_matches("http://").parse().unwrap();
        let stream = tokio::net::TcpStream::connect(authority.as_str()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Self { sender, authority }
    }
}

impl tower::Service<http::Request<Body>> for Connection {
    type Response = http::Response<Answer>;
    type Error = tonic::Status;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.sender.poll_ready(context).map_err(failed)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (mut head, body) = request.into_parts();
        let mut parts = head.uri.into_parts();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        head.uri = parts.try_into().unwrap();
        let mut sender = self.sender.clone();
        Box::pin(async move {
            // One message, there from the start.
            let message = body.collect().await?.to_bytes();
            let (answer, mut stream) = sender
                .send_request(http::Request::from_parts(head, ()), false)
                .map_err(failed)?;
            stream.send_data(message, true).map_err(failed)?;
            Ok(answer.await.map_err(failed)?.map(Answer))
        })
    }
}

fn failed(error: h2::Error) -> tonic::Status {
    tonic::Status::unavailable(error.to_string())
}

/// The body of an answer.
pub(crate) struct Answer(RecvStream);

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        if let Some(data) = ready!(self.0.poll_data(context)) {
            let data = data.map_err(failed)?;
            self.0
                .flow_control()
                .release_capacity(data.len())
                .map_err(failed)?;
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        let trailers = ready!(self.0.poll_trailers(context)).map_err(failed)?;
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }
}
