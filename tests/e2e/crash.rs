//! A power cut in the middle of trading: whatever was acknowledged is there afterwards, once. And the end of a process that
//! has hardly begun.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use kugel_testkit::{Rest, ServerProcess, Size, Till, eventually};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_kugel-under-test");
const ROUNDS: usize = 3;
const TILLS: i32 = 4;
/// Bills that must be acknowledged before the power is cut.
const BILLS: usize = 40;

/// What the tills were told: till and transaction number of every acknowledged bill. A bill that was not answered is sent
/// again after the restart, under the same key, and acknowledged then.
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
        eventually(Duration::from_secs(60), async || {
            (ledger.lock().await.len() >= round * BILLS).then_some(())
        })
        .await;
        server.kill().await;
        let unanswered = selling.join_all().await;
        server.start_again().await;
        for (till, cart) in tills_in_order(&tills, unanswered) {
            if let Some(cart) = cart {
                let number = bill(&till.rest(), &cart).await;
                let number = number.expect("the server is there again");
                ledger.lock().await.push((till.number, number));
            }
            check(till, &ledger.lock().await).await;
        }
    }
    server.stop().await;
    verify(&server).await;
}

/// Each till with the cart whose bill it heard nothing of.
fn tills_in_order(tills: &[Till], unanswered: Vec<(i32, Option<String>)>) -> Vec<(&Till, Option<String>)> {
    let mut unanswered: BTreeMap<_, _> = unanswered.into_iter().collect();
    let carts = tills
        .iter()
        .map(|till| (till, unanswered.remove(&till.number).flatten()));
    carts.collect()
}

/// Sells until the server does not answer any more. Gives the till's number and the cart whose bill was not answered.
async fn sell_until_the_lights_go_out(till: Till, ledger: Ledger) -> (i32, Option<String>) {
    let rest = till.rest();
    while let Some(cart) = fill(&rest).await {
        match bill(&rest, &cart).await {
            Some(number) => ledger.lock().await.push((till.number, number)),
            None => return (till.number, Some(cart)),
        }
    }
    (till.number, None)
}

/// A cart that is paid; nothing if the server went away in the middle of it.
async fn fill(rest: &Rest) -> Option<String> {
    let cart = post(rest, "/carts", json!({})).await?["cartId"]
        .as_str()?
        .to_owned();
    for (command, body) in [
        ("lineItems", json!([{"itemCode": "TEA", "quantity": 1}])),
        ("subtotal", json!({})),
        ("payments", json!([{"paymentCode": "01", "amount": 327}])),
    ] {
        post(rest, &format!("/carts/{cart}/{command}"), body).await?;
    }
    Some(cart)
}

/// Bills a cart under a key that makes it repeatable; gives the transaction number.
async fn bill(rest: &Rest, cart: &str) -> Option<i64> {
    let rest = rest.header("idempotency-key", cart);
    post(&rest, &format!("/carts/{cart}/bill"), json!({})).await?["transactionNo"].as_i64()
}

async fn post(rest: &Rest, path: &str, body: Value) -> Option<Value> {
    let reply = rest.try_send(Method::POST, path, Some(&body)).await.ok()?;
    assert!(reply.status < 300, "{path}: {}", reply.text);
    Some(reply.body["data"].clone())
}

/// The till's log holds exactly what the till was told, without hole or repeat.
async fn check(till: &Till, ledger: &[(i32, i64)]) {
    let path = till.transactions("?limit=0&sort=transaction_no:1");
    let log = till.rest().get(&path).await.ok();
    let number = |transaction: &Value| transaction["transactionNo"].as_i64().unwrap();
    let stored: Vec<_> = log.as_array().unwrap().iter().map(number).collect();
    let mut told: Vec<_> = ledger
        .iter()
        .filter(|(till_no, _)| *till_no == till.number)
        .map(|told| told.1)
        .collect();
    told.sort_unstable();
    assert_eq!(stored, told, "till {}: stored and acknowledged", till.number);
    let expected: Vec<_> = (1..).take(stored.len()).collect();
    assert_eq!(
        stored, expected,
        "till {}: numbers without hole or repeat",
        till.number
    );
}

/// `kugel verify` by the executable itself.
pub(crate) async fn verify(server: &ServerProcess) {
    let output = server.tool(&["verify"]).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("1 tenant(s): clean"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_to_stop_in_the_first_moments_stops_and_leaves_the_folder() {
    if Size::has_no_folder("who_is_asked_to_stop_in_the_first_moments_stops_and_leaves_the_folder") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::start(PROGRAM, folder.path()).await;
    let tenant = server.tenant().await;
    tenant.store("tk01").await.till(1).await;
    server.stop().await;
    for _ in 0..5 {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let start = [
            "serve",
            "--listen",
            &address,
            "--operations-listen",
            "127.0.0.1:0",
        ];
        let mut child = server.tool(&start).stdout(Stdio::null()).spawn().unwrap();
        // The port is there long before the databases are open.
        let limit = Duration::from_secs(30);
        eventually(limit, async || TcpStream::connect(&address).ok()).await;
        let id = child.id().expect("the process runs").to_string();
        let asked = tokio::process::Command::new("kill")
            .arg(id)
            .status()
            .await
            .unwrap();
        assert!(asked.success());
        let ended = tokio::time::timeout(limit, child.wait()).await;
        let status = ended.expect("it stops").unwrap();
        assert!(status.success(), "the server stopped with {status}");
    }
    verify(&server).await;
    server.start_again().await;
    assert_eq!(server.root().get("/health").await.status, 200);
}

/// The command without any settings of this machine.
pub(crate) fn away_from_settings(mut command: tokio::process::Command) -> tokio::process::Command {
    for name in ["MONGODB_URI", "REDIS_URL", "AMQP_URL", "NAMESPACE", "SECRET_KEY"] {
        command.env_remove(name);
    }
    command
}
