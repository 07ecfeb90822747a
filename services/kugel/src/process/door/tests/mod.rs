//! The port behind real sockets, with limits that tests can wait for.

mod addresses;
mod calm;
mod slow;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tonic::Status;

use super::*;

/// What must not happen within a test.
const NEVER: Duration = Duration::from_secs(3600);
/// What a test waits for.
const SOON: Duration = Duration::from_millis(250);
/// How long a test waits before it fails.
const PATIENCE: Duration = Duration::from_secs(30);
const HERE: &str = "127.0.0.1";
/// Another client on the same machine.
const THERE: &str = "127.0.0.2";

/// A door that waits for everything, with as many places as anybody may want.
fn patient() -> Door {
    Door {
        tls: None,
        proxies: Proxies::default(),
        places: Places::new(100, 100),
        limits: Limits {
            head: NEVER,
            handshake: NEVER,
            idle: NEVER,
            body: NEVER,
            stalled: NEVER,
            unread: NEVER,
            ..Limits::default()
        },
    }
}

/// Opens a door before a service for tests.
async fn open(door: Door) -> SocketAddr {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // The test's runtime ends it.
    door.serve(listener, tower::service_fn(respond), CancellationToken::new());
    ([127, 0, 0, 1], port).into()
}

async fn respond(request: Request) -> Result<Response, Infallible> {
    let client: Option<ClientAddress> = request.extensions().get().copied();
    let body = match request.uri().path() {
        "/address" => Body::from(client.map(|client| client.get().to_string()).unwrap_or_default()),
        "/piece" => Body::from(vec![b'x'; 100]),
        "/large" => Body::from(vec![b'x'; 32 << 20]),
        "/silent" => Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>()),
        _ => match request.into_body().collect().await {
            Ok(body) => Body::from(body.to_bytes()),
            // As the gateway does.
            Err(error) => {
                let status = Status::from_error(error.into());
                let refusal = Response::builder()
                    .status(408)
                    .body(Body::from(status.message().to_owned()));
                return Ok(refusal.unwrap());
            }
        },
    };
    Ok(Response::new(body))
}

/// A connection from an address of this machine.
async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from: IpAddr = from.parse().unwrap();
    socket.bind((from, 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}

/// What a client hears that says `text`, until the connection ends.
async fn say(stream: &mut TcpStream, text: &[u8]) -> String {
    // Who is refused may hear it before it has said everything.
    let _ = stream.write_all(text).await;
    heard(stream).await
}

/// What is said until the connection ends.
async fn heard(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said)).await;
    let _ = ended.expect("the connection should have ended");
    String::from_utf8_lossy(&said).into_owned()
}

/// A request of which the answer ends the connection.
fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: kugel\r\nconnection: close\r\n\r\n").into_bytes()
}

/// What is answered to a client at `from`; empty if nothing.
async fn asked(from: &str, to: SocketAddr, path: &str) -> String {
    let said = say(&mut connect(from, to).await, &get(path)).await;
    said.split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned())
        .unwrap_or_default()
}

/// The connection goes on: it answers another request.
async fn goes_on(stream: &mut TcpStream) {
    stream
        .write_all(b"GET /piece HTTP/1.1\r\nhost: kugel\r\n\r\n")
        .await
        .unwrap();
    let mut said = Vec::new();
    while !said.ends_with(&[b'x'; 100]) {
        let length = tokio::time::timeout(PATIENCE, stream.read_buf(&mut said))
            .await
            .unwrap();
        assert_ne!(
            length.unwrap(),
            0,
            "it has ended: {}",
            String::from_utf8_lossy(&said)
        );
    }
}
