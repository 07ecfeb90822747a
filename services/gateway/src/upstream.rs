//! One unary gRPC call with bytes in and bytes out.
//!
//! The frame is put together by hand: a codec would only hand the bytes through.

use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, TE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use kugel_rpc::Channel;
use tonic::Status;
use tower::ServiceExt;

/// Compression flag and length before each message.
pub(crate) const FRAME_HEAD: usize = 5;

/// What a service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub message: Bytes,
    pub headers: HeaderMap,
}

/// Calls a method. The request begins with [`FRAME_HEAD`] free bytes.
pub(crate) async fn unary(
    channel: &Channel,
    method: &PathAndQuery,
    metadata: HeaderMap,
    request: Vec<u8>,
) -> Result<Answer, Status> {
    let request = frame(method, metadata, request)?;
    let response = channel.clone().oneshot(request).await;
    let response = response.map_err(|error| Status::unavailable(error.to_string()))?;
    let (parts, body) = response.into_parts();
    if let Some(status) = Status::from_header_map(&parts.headers) {
        check(status)?;
    } else if parts.status != StatusCode::OK {
        return Err(Status::unavailable(format!(
            "the service answered with HTTP status {}",
            parts.status
        )));
    }
    let collected = body.collect().await?;
    let trailers = collected.trailers().and_then(Status::from_header_map);
    check(trailers.unwrap_or_else(|| Status::internal("the service's answer was cut off")))?;
    Ok(Answer {
        message: unframe(collected.to_bytes())?,
        headers: parts.headers,
    })
}

fn check(status: Status) -> Result<(), Status> {
    if status.code() == tonic::Code::Ok {
        Ok(())
    } else {
        Err(status)
    }
}

fn frame(
    method: &PathAndQuery,
    metadata: HeaderMap,
    mut body: Vec<u8>,
) -> Result<Request<tonic::body::Body>, Status> {
    let length = body
        .len()
        .checked_sub(FRAME_HEAD)
        .and_then(|length| u32::try_from(length).ok());
    let length = length.ok_or_else(|| Status::out_of_range("the request is too large"))?;
    body[1..FRAME_HEAD].copy_from_slice(&length.to_be_bytes());
    let mut request = Request::new(tonic::body::Body::new(
        Full::new(Bytes::from(body)).map_err(|never| match never {}),
    ));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from(method.clone());
    *request.version_mut() = http::Version::HTTP_2;
    *request.headers_mut() = metadata;
    request
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    request
        .headers_mut()
        .insert(TE, HeaderValue::from_static("trailers"));
    Ok(request)
}

/// Takes the one message out of its frame.
fn unframe(mut body: Bytes) -> Result<Bytes, Status> {
    let broken = || Status::internal("the service's answer is not one message");
    if body.len() < FRAME_HEAD || body[0] != 0 {
        return Err(broken());
    }
    body.advance(1);
    let length = body.get_u32() as usize;
    if body.len() == length {
        Ok(body)
    } else {
        Err(broken())
    }
}

/// An empty request frame to append to.
pub(crate) fn frame_of(message: &impl prost::Message) -> Vec<u8> {
    let mut body = BytesMut::zeroed(FRAME_HEAD);
    message.encode(&mut body).expect("memory grows as needed");
    body.to_vec()
}
