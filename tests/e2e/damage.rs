//! Lost files and full disks, as an operator and a till see them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kugel_testkit::{ServerProcess, Size, Till, eventually};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::command_line::{FREE, check};
use crate::crash::{PROGRAM, away_from_settings, verify};

/// Every database below a folder.
fn databases(data: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    let files = folders
        .filter(|path| path.is_dir())
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "sqlite"))
        .collect()
}

/// Counts what the till's log holds, which has no hole.
async fn sales(till: &Till) -> usize {
    let path = till.transactions("?limit=0&sort=transaction_no:1");
    let log = till.rest().get(&path).await.ok();
    let numbers: Vec<_> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|sale| sale["transactionNo"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..).take(numbers.len()).collect::<Vec<_>>());
    numbers.len()
}

#[tokio::test]
async fn no_service_starts_without_a_file_that_it_had() {
    if Size::has_no_folder("no_service_starts_without_a_file_that_it_had") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = ServerProcess::start(PROGRAM, &data).await;
    let tenant = server.tenant().await;
    tenant.item("TEA", "298", "01").await;
    let till = tenant.store("tk01").await.till(1).await;
    till.sell(&[("TEA", 1)]).await;
    // Stopped: every service has its files by then. Killed: logs lie beside them.
    server.stop().await;
    server.start_again().await;
    till.sell(&[("TEA", 1)]).await;
    server.kill().await;
    let files = databases(&data);
    assert!(files.len() >= 8, "{files:?}");
    let start = [&FREE[..], &["--data-dir", "data"]].concat();
    let aside = folder.path().join("aside");
    for file in &files {
        let name = file.file_name().unwrap().to_str().unwrap();
        fs::rename(file, &aside).unwrap();
        check(&start, &[], folder.path(), &[name, "it is gone", "backup"]).await;
        fs::write(file, "").unwrap();
        // What others could read is spoken of by itself.
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
        check(&start, &[], folder.path(), &[name, "it is empty", "backup"]).await;
        fs::rename(&aside, file).unwrap();
    }
    for tool in ["verify", "export", "rebuild"] {
        let own: &[&str] = match tool {
            "rebuild" => &["journal", "--tenant", &tenant.id],
            "export" => &["--tenant", &tenant.id, "-"],
            _ => &[],
        };
        let arguments = [&[tool][..], own, &["--data-dir", "data"]].concat();
        fs::rename(&files[0], &aside).unwrap();
        check(&arguments, &[], folder.path(), &["it is gone", "backup"]).await;
        fs::rename(&aside, &files[0]).unwrap();
    }
    server.start_again().await;
    assert_eq!(till.sell(&[("TEA", 1)]).await["transactionNo"], 3);
    server.stop().await;
    verify(&server).await;
}

#[tokio::test]
async fn a_file_lost_while_kugel_runs_serves_nobody_and_health_says_so() {
    if Size::has_no_folder("a_file_lost_while_kugel_runs_serves_nobody_and_health_says_so") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::start(PROGRAM, folder.path()).await;
    let mut tills = Vec::new();
    for _ in 0..2 {
        let tenant = server.tenant().await;
        tenant.item("TEA", "298", "01").await;
        let till = tenant.store("tk01").await.till(1).await;
        till.sell(&[("TEA", 1)]).await;
        tills.push((tenant, till));
    }
    let (mine, other) = (&tills[0], &tills[1]);
    let files = databases(folder.path());
    let id = mine.0.id.to_lowercase();
    let file = files.iter().find(|file| {
        let name = file.file_name().unwrap().to_str().unwrap().replace('-', "");
        name == format!("db_cart_{id}.sqlite")
    });
    let (file, aside) = (file.expect("the tenant's carts"), folder.path().join("aside"));
    fs::rename(file, &aside).unwrap();
    let reply = mine
        .1
        .rest()
        .post("/carts", json!({}))
        .await
        .refused(500, "500010");
    assert!(
        reply.text.contains("lost or damaged") && !reply.text.contains("sqlite"),
        "{}",
        reply.text
    );
    mine.1
        .rest()
        .get(&mine.1.transactions(""))
        .await
        .refused(500, "500010");
    other.1.sell(&[("TEA", 1)]).await;
    let health = server.root().get("/health").await;
    assert_eq!(health.status, 503, "{}", health.text);
    assert_unwell(&health.body, "cart", "lost or damaged");
    assert!(!health.text.contains("sqlite"), "{}", health.text);
    server.kill().await;
    fs::rename(&aside, file).unwrap();
    server.start_again().await;
    assert_eq!(sales(&mine.1).await, 1);
    mine.1.sell(&[("TEA", 1)]).await;
    server.stop().await;
}

fn assert_unwell(health: &Value, service: &str, reason: &str) {
    let check = &health["checks"][service];
    assert_eq!(check["status"], "unhealthy", "{health}");
    assert_eq!(check["details"]["store"], "unhealthy", "{health}");
    assert!(check["error"].as_str().unwrap().contains(reason), "{health}");
}

/// No file of the process may become longer than that.
async fn limit(server: &ServerProcess, bytes: &str) {
    let id = server.id().to_string();
    let status = Command::new("prlimit")
        .args(["--pid", &id, &format!("--fsize={bytes}:")])
        .status();
    assert!(status.await.unwrap().success());
}

#[tokio::test]
async fn a_full_disk_refuses_sales_with_the_reason_and_heals_by_itself() {
    if Size::has_no_folder("a_full_disk_refuses_sales_with_the_reason_and_heals_by_itself") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::start(PROGRAM, folder.path().join("data")).await;
    let tenant = server.tenant().await;
    tenant.item("TEA", "298", "01").await;
    let till = tenant.store("tk01").await.till(1).await;
    till.sell(&[("TEA", 1)]).await;
    let half = till.basket(&[("TEA", 2)]).await;
    for round in 1..=2 {
        limit(&server, "100").await;
        let command = format!("/carts/{half}/lineItems");
        let line = json!([{"itemCode": "TEA", "quantity": 1}]);
        for refused in [
            till.rest().post("/carts", json!({})).await,
            till.rest().post(&command, line.clone()).await,
            till.rest()
                .post(&format!("/carts/{half}/cancel"), json!({}))
                .await,
        ] {
            let refused = refused.refused(503, "500009");
            assert!(refused.text.contains("the disk is full"), "{}", refused.text);
            assert_eq!(refused.header("retry-after"), Some("10"), "{:?}", refused.headers);
        }
        let health = server.root().get("/health").await;
        assert_eq!(health.status, 503, "{}", health.text);
        assert_unwell(&health.body, "cart", "the disk is full");
        assert_eq!(sales(&till).await, round, "reads go on");
        limit(&server, "unlimited").await;
        eventually(Duration::from_secs(20), async || {
            (server.root().get("/health").await.status == 200).then_some(())
        })
        .await;
        assert_eq!(till.sell(&[("TEA", 1)]).await["transactionNo"], round + 1);
    }
    // Killed in the middle of it: what was acknowledged is there.
    limit(&server, "100").await;
    till.rest().post("/carts", json!({})).await.refused(503, "500009");
    server.kill().await;
    let start = away_from_settings(Command::new("prlimit"))
        .args(["--fsize=0", PROGRAM])
        .args(FREE)
        .args(["--data-dir", "data"])
        .current_dir(folder.path())
        .output();
    let start = start.await.unwrap();
    let said = String::from_utf8_lossy(&start.stderr);
    assert_eq!(start.status.code(), Some(1), "{said}");
    assert!(
        said.starts_with("kugel: ") && said.trim().lines().count() == 1 && said.contains("File too large"),
        "{said}"
    );
    server.start_again().await;
    assert_eq!(sales(&till).await, 3);
    assert_eq!(till.sell(&[("TEA", 1)]).await["transactionNo"], 4);
    server.stop().await;
    verify(&server).await;
}
