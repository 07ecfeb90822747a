//! What the wire may bring: every mistake has a status of its own, and nobody else notices.

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use kugel_config::Settings;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use crate::layers::stack;
use crate::stand::{Seen, Stand, cart};

const CHECK: &str = "/grpc.health.v1.Health/Check";

/// A frame of the gRPC protocol.
fn frame(flag: u8, length: usize, message: &[u8]) -> Vec<u8> {
    let mut frame = vec![flag];
    frame.extend(u32::try_from(length).unwrap().to_be_bytes());
    frame.extend(message);
    frame
}

/// Sends bytes, and reads the status from headers or trailers.
async fn status(
    service: impl AsyncFn(Request<Body>) -> http::Response<Body>,
    path: &str,
    body: Vec<u8>,
) -> Status {
    let mut request = Request::new(Body::new(Full::new(Bytes::from(body))));
    *request.uri_mut() = path.parse().unwrap();
    *request.method_mut() = http::Method::POST;
    request
        .headers_mut()
        .insert("content-type", "application/grpc".parse().unwrap());
    let (parts, body) = service(request).await.into_parts();
    if let Some(status) = Status::from_header_map(&parts.headers) {
        return status;
    }
    let trailers = body
        .collect()
        .await
        .unwrap()
        .trailers()
        .cloned()
        .unwrap_or_else(HeaderMap::new);
    Status::from_header_map(&trailers).expect("a status")
}
