//! What the wire may bring: every mistake has a status of its own, and nobody else notices.

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use kugel_config::Settings;
use kugel_error::codes;
use kugel_rpc::{Channel, LocalService};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use crate::layers::stack;
use crate::stand::{BILL, Stand, call, cart};

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

async fn at(service: LocalService, path: &str, body: Vec<u8>) -> Status {
    let direct = async |request: Request<Body>| service.clone().oneshot(request).await.unwrap();
    status(direct, path, body).await
}

#[tokio::test]
async fn what_cannot_be_read_is_the_callers_mistake() {
    let service = stack(Channel::local(), &Settings::for_test());
    for (what, body) in [
        ("nothing", Vec::new()),
        ("half a head", vec![0, 0]),
        ("a cut message", frame(0, 100, b"\x0a\x02")),
        ("garbage", frame(0, 4, b"\xff\xff\xff\xff")),
        ("a field longer than its message", frame(0, 3, b"\x0a\x7fx")),
        ("text that is no UTF-8", frame(0, 4, b"\x0a\x02\xc3\x28")),
        ("an unknown compression", frame(1, 2, b"\x0a\x00")),
        ("an unknown flag", frame(9, 2, b"\x0a\x00")),
        ("plain text", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
    ] {
        let status = at(service.clone(), CHECK, body).await;
        let spec = kugel_error::reason_of(&status);
        assert_eq!(status.code(), Code::InvalidArgument, "{what}: {status:?}");
        assert_eq!(spec, Some(&codes::INVALID_INPUT), "{what}");
    }
    for path in [
        "/grpc.health.v1.Health/Heal",
        "/kugel.cart.v1.Unknown/Get",
        "/",
        "/x",
    ] {
        let status = at(service.clone(), path, frame(0, 0, b"")).await;
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
    }
}

#[tokio::test]
async fn the_largest_message_is_as_large_as_the_setting_says() {
    let limit = 6 << 20;
    let mut settings = Settings::for_test();
    settings.body_limit_bytes = limit;
    let next = Stand::open(std::time::Duration::ZERO).await;
    let service = stack(cart(&format!("http://{}", next.address)), &settings);
    // A field of text with its tag and a length of four bytes, which make up the message.
    let message = |length: usize| {
        let text = length - 5;
        let mut message = vec![0x0a];
        message.extend([0, 7, 14].map(|shift| u8::try_from(text >> shift & 0x7f | 0x80).unwrap()));
        message.push(u8::try_from(text >> 21).unwrap());
        message.resize(length, b'x');
        frame(0, length, &message)
    };
    let status = at(service.clone(), CHECK, message(limit)).await;
    assert_eq!(status.code(), Code::Ok, "{status:?}");
    let status = at(service.clone(), CHECK, message(limit + 1)).await;
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert_eq!(kugel_error::reason_of(&status), Some(&codes::BODY_TOO_LARGE));
    assert_eq!(next.count(), 1, "what was refused did nothing");
}

/// Bytes that are no HTTP/2, and connections that end in the middle.
#[tokio::test]
async fn a_broken_connection_disturbs_nobody_else() {
    let stand = Stand::open(std::time::Duration::ZERO).await;
    let channel = cart(&format!("http://{}", stand.address));
    for bytes in [
        &b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0",
    ] {
        let mut stream = TcpStream::connect(stand.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        drop(stream);
        call(&channel, BILL, &[]).await.unwrap();
    }
    assert_eq!(stand.count(), 4);
}
