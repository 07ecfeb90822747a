//! Somebody closes tills while others sell at them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use kugel_testkit::{Rest, Till};
use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::json;
use tokio::time::{sleep, timeout};

/// Between two closes.
const PAUSE_MS: std::ops::Range<u64> = 100..1_500;
/// One close in so many is not waited for: whoever opens the till finds out how far it came.
const HANG_UP: u32 = 3;
const HANG_UP_US: u64 = 30_000;
/// In the end every till is closed so soon.
const LIMIT: Duration = Duration::from_secs(120);

/// Closes one till after the other, in any order, until it is told to stop.
pub(crate) async fn close_at_random(tills: Vec<Till>, mut dice: StdRng, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        sleep(Duration::from_millis(dice.random_range(PAUSE_MS))).await;
        let till = &tills[dice.random_range(0..tills.len())];
        let patience = match dice.random_ratio(1, HANG_UP) {
            true => Duration::from_micros(dice.random_range(0..HANG_UP_US)),
            false => LIMIT,
        };
        _ = timeout(patience, close(till, &format!("close-{}", dice.random::<u64>()))).await;
    }
}

/// Closes every till. Gives what is wrong with it.
pub(crate) async fn close_all(tills: &[Till]) -> Vec<String> {
    let mut findings = Vec::new();
    for till in tills {
        if let Err(refusal) = close(till, "the-last-close").await {
            findings.push(format!("till {} cannot be closed: {refusal}", till.number));
        }
    }
    findings
}

/// Sends the close under its key until it is answered. A till that somebody else has closed is closed.
async fn close(till: &Till, key: &str) -> Result<(), String> {
    let (rest, path) = (till.rest().header("idempotency-key", key), till.path("close"));
    let begun = Instant::now();
    loop {
        let refusal = match rest.try_send(Method::POST, &path, Some(&json!({}))).await {
            Ok(reply) if reply.status < 300 => return Ok(()),
            // Closed already, or closed and opened again meanwhile.
            Ok(reply) if matches!(reply.body["code"].as_str(), Some("406003" | "406008")) => return Ok(()),
            Ok(reply) => reply.text,
            Err(error) => error.to_string(),
        };
        if begun.elapsed() > LIMIT {
            return Err(refusal);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Opens a till at which something was refused because it is closed. Whatever comes of it, the command is sent again and
/// shows it.
pub(crate) async fn open(till: &Till, rest: &Rest) {
    let path = format!("{}?terminal_id={}", till.path("open"), till.terminal_id);
    _ = rest.try_send(Method::POST, &path, Some(&json!({}))).await;
}
