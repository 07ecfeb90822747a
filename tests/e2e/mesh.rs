//! What only the mesh has: servers that are away, and replicas.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use kugel_config::Secret;
use kugel_testkit::{Relay, Size, World, eventually};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::crash::PROGRAM;
use crate::shop::Shop;

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_service_waits_for_its_servers_and_names_them() {
    let Some(servers) = Size::of_the_mesh("a service waiting for its servers") else {
        return;
    };
    let mut mongodb = Relay::to(&servers.mongodb);
    let port = Relay::to(&servers.mongodb).address().port();
    let kugel = |arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .envs(servers.environment())
            .env("MONGODB_URI", mongodb.url())
            .env("SECRET_KEY", "7421ed2cbdd1baad6ad20aace0d019f1")
            .env("NAMESPACE", "waiting_")
            .env("OPERATIONS_LISTEN", "127.0.0.1:0")
            .env("JOURNAL_URL", format!("http://127.0.0.1:{port}"))
            .env("LOG", "warn")
            .kill_on_drop(true);
        command
    };
    let listen = format!("127.0.0.1:{port}");
    let mut serve = kugel(&["serve", "journal", "--listen", &listen]);
    let mut server = serve
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(server.stderr.take().unwrap()).lines();
    let place = mongodb.address().to_string();
    let warning = tokio::time::timeout(SOON, async {
        while let Some(line) = said.next_line().await.unwrap() {
            if line.contains("waiting for a server") {
                return line;
            }
        }
        panic!("the process ended");
    });
    let warning = warning.await.expect("it says what it waits for");
    for part in ["MongoDB", &place, "journal", "mongodb_uri"] {
        assert!(warning.contains(part), "{part} is not in {warning}");
    }
    let mut ready = kugel(&["ready", "journal"]);
    let answer = ready.output().await.unwrap();
    assert!(!answer.status.success());
    assert!(String::from_utf8_lossy(&answer.stderr).contains("journal is not ready"));
    mongodb.open().await;
    eventually(SOON, async || {
        ready.output().await.unwrap().status.success().then_some(())
    })
    .await;
}

#[tokio::test]
async fn sales_go_on_without_broker_and_redis() {
    let Some(servers) = Size::of_the_mesh("an outage of broker and Redis") else {
        return;
    };
    let (mut amqp, mut redis) = (Relay::to(&servers.amqp), Relay::to(&servers.redis));
    amqp.open().await;
    redis.open().await;
    let world = World::start_with(|settings| {
        settings.amqp_url = Some(Secret::new(amqp.url()));
        settings.redis_url = Some(Secret::new(redis.url()));
    })
    .await;
    let shop = Shop::build(&world).await;
    shop.till.sell(&[("TEA", 1)]).await;
    amqp.close().await;
    redis.close().await;
    for _ in 0..3 {
        shop.till.sell(&[("TEA", 2)]).await;
    }
    let health = world.root().get("/health").await;
    assert_eq!(
        health.status, 200,
        "nobody is to take the services out of use: {}",
        health.text
    );
    let cart = &health.body["checks"]["cart"];
    assert_eq!(cart["status"], "healthy", "{}", health.text);
    let expected = json!({"bus": "unhealthy", "state": "unhealthy", "store": "healthy"});
    assert_eq!(cart["details"], expected, "{}", health.text);
    let own = world
        .root()
        .header("x-kugel-service", "cart")
        .get("/health")
        .await;
    assert_eq!((own.status, &own.body["status"]), (200, &json!("unhealthy")));
    amqp.open().await;
    redis.open().await;
    world.settled().await;
    let stock = shop.tenant.path("stores/tk01/stock/TEA");
    let stock = shop.tenant.rest().get(&stock).await.ok();
    assert_eq!(stock["currentQuantity"], -7, "every sale has arrived, once");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_the_work_and_count_once() {
    if Size::of_the_mesh("replicas").is_none() {
        return;
    }
    let mut world = World::start_replicated(2).await;
    let shop = Shop::build(&world).await;
    let (sold, closing) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut tills = JoinSet::new();
    for number in 2..=4 {
        let till = shop.store.till(number).await;
        let (sold, closing) = (sold.clone(), closing.clone());
        tills.spawn(async move {
            while !closing.load(Ordering::SeqCst) {
                // A call that fails fails the test: a replica that stops loses nothing that it has accepted.
                till.sell(&[("TEA", 1)]).await;
                sold.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    let wait_for = async |sales: usize| {
        eventually(SOON, async || {
            (sold.load(Ordering::SeqCst) >= sales).then_some(())
        })
        .await;
    };
    wait_for(6).await;
    world.stop_replicas().await;
    let before = sold.load(Ordering::SeqCst);
    wait_for(before + 6).await;
    closing.store(true, Ordering::SeqCst);
    while let Some(till) = tills.join_next().await {
        till.unwrap();
    }
    world.settled().await;
    let stock = shop.tenant.path("stores/tk01/stock/TEA");
    let stock = shop.tenant.rest().get(&stock).await.ok();
    let sold = i64::try_from(sold.load(Ordering::SeqCst)).unwrap();
    assert_eq!(stock["currentQuantity"], -sold);
    world.finish().await;
}

#[tokio::test]
async fn a_service_by_itself_needs_a_secret_and_a_broker() {
    let folder = tempfile::tempdir().unwrap();
    let run = async |settings: &[(&str, &str)]| {
        let mut command = Command::new(PROGRAM);
        for name in ["MONGODB_URI", "REDIS_URL", "AMQP_URL", "SECRET_KEY"] {
            command.env_remove(name);
        }
        let command = command.args(["serve", "cart", "--listen", "127.0.0.1:0"]);
        let command = command.env("DATA_DIR", folder.path());
        let output = command.envs(settings.iter().copied()).output().await.unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let secret = ("SECRET_KEY", "7421ed2cbdd1baad6ad20aace0d019f1");
    let said = run(&[("AMQP_URL", "amqp://127.0.0.1:1")]).await;
    assert!(said.contains("SECRET_KEY") && said.lines().count() == 1, "{said}");
    let said = run(&[secret]).await;
    assert!(said.contains("AMQP_URL") && said.lines().count() == 1, "{said}");
    let said = run(&[secret, ("AMQP_URL", "http://127.0.0.1")]).await;
    assert!(said.contains("amqp") && said.lines().count() == 1, "{said}");
    let broken = ("MONGODB_URI", "mongodb//127.0.0.1");
    let said = run(&[secret, ("AMQP_URL", "amqp://127.0.0.1:1"), broken]).await;
    assert!(
        said.contains("mongodb_uri") && said.lines().count() == 1,
        "{said}"
    );
}
