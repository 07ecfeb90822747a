//! A power cut in the middle of trading: whatever was acknowledged is there afterwards, once.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use kugel_testkit::{Rest, ServerProcess, Till};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_kugel-under-test");
const ROUNDS: usize = 3;
const TILLS: i32 = 4;
/// Bills that must be acknowledged before the power is cut.
const BILLS: usize = 40;

/// What the tills were told: till and transaction number of every acknowledged bill.
type Ledger = Arc<Mutex<Vec<(i32, i64)>>>;

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_sale_is_lost_or_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::start(PROGRAM, folder.path()).await;
    let tenant = server.tenant().await;
    tenant.item("TEA", "298", "01").await;
    let store = tenant.store("tk01").await;
    let mut tills = Vec::new();
    for number in 1..=TILLS {
        tills.push(store.till(number).await);
    }
    let ledger = Ledger::default();
    for round in 1..=ROUNDS {
        let mut selling = JoinSet::new();
        for till in &tills {
            selling.spawn(sell_until_the_lights_go_out(till.clone(), ledger.clone()));
        }
        kugel_testkit::eventually(Duration::from_secs(60), async || {
            (ledger.lock().await.len() >= round * BILLS).then_some(())
        })
        .await;
        server.kill().await;
        selling.join_all().await;
        server.start_again().await;
        for till in &tills {
            check(till, &ledger.lock().await).await;
        }
    }
    server.stop().await;
    verify(folder.path()).await;
}

/// Sells until the server does not answer any more. A repeated bill of an unanswered one is not tried: the next round
/// begins with new carts, as a till does whose operator saw no receipt.
async fn sell_until_the_lights_go_out(till: Till, ledger: Ledger) {
    let rest = till.rest();
    while let Some(number) = sell(&rest).await {
        ledger.lock().await.push((till.number, number));
    }
}

/// A sale; nothing if the server went away in the middle of it.
async fn sell(rest: &Rest) -> Option<i64> {
    let cart = post(rest, "/carts", json!({})).await?["cartId"]
        .as_str()?
        .to_owned();
    let path = |command: &str| format!("/carts/{cart}/{command}");
    post(
        rest,
        &path("lineItems"),
        json!([{"itemCode": "TEA", "quantity": 1}]),
    )
    .await?;
    post(rest, &path("subtotal"), json!({})).await?;
    post(
        rest,
        &path("payments"),
        json!([{"paymentCode": "01", "amount": 327}]),
    )
    .await?;
    post(rest, &path("bill"), json!({})).await?["transactionNo"].as_i64()
}

async fn post(rest: &Rest, path: &str, body: Value) -> Option<Value> {
    let reply = rest.try_send(Method::POST, path, Some(&body)).await.ok()?;
    assert!(reply.status < 300, "{path}: {}", reply.text);
    Some(reply.body["data"].clone())
}

/// Every acknowledged number is in the till's log, the log has no number twice, and its numbers have no hole.
async fn check(till: &Till, ledger: &[(i32, i64)]) {
    let path = till.transactions("?limit=0&sort=transaction_no:1");
    let log = till.rest().get(&path).await.ok();
    let stored: Vec<_> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|transaction| transaction["transactionNo"].as_i64().unwrap())
        .collect();
    let told: BTreeSet<_> = ledger
        .iter()
        .filter(|(number, _)| *number == till.number)
        .map(|told| told.1)
        .collect();
    let expected: Vec<_> = (1..).take(stored.len()).collect();
    assert_eq!(
        stored, expected,
        "till {}: numbers without hole or repeat",
        till.number
    );
    assert!(
        told.last().is_none_or(|last| stored.contains(last))
            && told.iter().all(|number| stored.contains(number)),
        "till {}: {told:?} were acknowledged, {stored:?} are stored",
        till.number
    );
}

/// `kugel verify` by the executable itself.
async fn verify(folder: &Path) {
    let output = Command::new(PROGRAM)
        .args(["verify", "--data-dir"])
        .arg(folder)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("1 tenant(s): clean"), "{said}");
}
