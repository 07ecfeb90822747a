//! The executable says in one sentence what is wrong with how it was started.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use kugel_testkit::{ServerProcess, Size};
use tokio::process::Command;

use crate::crash::{PROGRAM, away_from_settings};

/// Runs the executable to its end, away from any settings of this machine.
async fn run(arguments: &[&str], environment: &[(&str, &str)], folder: &Path) -> Output {
    let mut command = away_from_settings(Command::new(PROGRAM));
    let child = command
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ended = tokio::time::timeout(Duration::from_secs(30), child).await;
    ended.expect("it should have ended at once").unwrap()
}

/// A failure: a non-zero exit, and one line that names what is wrong.
pub(crate) async fn check(
    arguments: &[&str],
    environment: &[(&str, &str)],
    folder: &Path,
    expected: &[&str],
) {
    let output = run(arguments, environment, folder).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} should fail");
    assert_eq!(said.trim().lines().count(), 1, "one sentence: {said}");
    assert!(said.starts_with("kugel: "), "{said}");
    for part in expected {
        assert!(said.contains(part), "{part:?} is not in {said:?}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

pub(crate) const FREE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

#[tokio::test]
async fn a_data_folder_serves_one_process() {
    if Size::has_no_folder("a_data_folder_serves_one_process") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(PROGRAM, folder.path().join("data")).await;
    let owner = server.id().to_string();
    let second = [&FREE[..], &["--data-dir", "data"]].concat();
    check(
        &second,
        &[],
        folder.path(),
        &["data", "in use by process", &owner],
    )
    .await;
    check(
        &["verify", "--data-dir", "data"],
        &[],
        folder.path(),
        &["in use by process"],
    )
    .await;
    assert_eq!(
        server.root().get("/health").await.status,
        200,
        "the first one serves on"
    );
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    check(
        &["serve", "--listen", &address],
        &[],
        folder.path(),
        &["cannot listen on", &address, "--listen"],
    )
    .await;
}

#[tokio::test]
async fn a_broken_setting_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| fs::write(folder.path().join("kugel.toml"), text).unwrap();
    let with_file = [&["--config", "kugel.toml"][..], &FREE].concat();
    for (text, expected) in [
        ("tokenz = 1", "tokenz"),
        ("token_expire_minutes = \"soon\"", "token_expire_minutes"),
        ("timezone = \"Mars/Olympus\"", "timezone"),
        ("secret_key = \"short\"", "secret_key"),
        ("listen = ", "kugel.toml"),
    ] {
        write(text);
        check(&with_file, &[], folder.path(), &[expected]).await;
    }
    check(
        &FREE,
        &[("TOKEN_EXPIRE_MINUTES", "soon")],
        folder.path(),
        &["token_expire_minutes"],
    )
    .await;
    check(
        &FREE,
        &[("SECRET_KEY", "test-secret-key-for-development-only")],
        folder.path(),
        &["secret_key"],
    )
    .await;
    check(
        &["--config", "none.toml", "serve"],
        &[],
        folder.path(),
        &["none.toml", "does not exist"],
    )
    .await;
    check(
        &["serve", "cashbox"],
        &[],
        folder.path(),
        &["no service `cashbox`", "master-data"],
    )
    .await;
}

/// Which settings end which start is a table in `services/kugel/src/process/port.rs`; here the executable reads it.
#[tokio::test]
async fn a_port_that_promises_what_it_does_not_keep_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let absent = [
        ("HTTPS_CERTIFICATE_FILE", "absent.pem"),
        ("HTTPS_KEY_FILE", "absent.pem"),
    ];
    for (arguments, environment, expected) in [
        (
            &["serve", "--listen", "0.0.0.0:0"][..],
            &[][..],
            "allow_plain_http",
        ),
        (
            &["serve", "gateway", "--listen", "0.0.0.0:0"],
            &[],
            "allow_plain_http",
        ),
        (
            &["serve", "cart", "--listen", "0.0.0.0:0"],
            &[],
            "allow_plain_http",
        ),
        (&FREE, &absent, "`https_certificate_file`: absent.pem"),
        (&FREE, &absent[..1], "`https_key_file` is missing"),
        (&FREE, &[("TLS_KEY_FILE", "absent.pem")], "`tls_key_file`"),
        (
            &["serve", "cart", "--listen", "127.0.0.1:0"],
            &absent[1..],
            "`https_key_file`",
        ),
        (&FREE, &[("PROXY_PROTOCOL", "true")], "`proxy_protocol`"),
        (
            &FREE,
            &[("TRUSTED_PROXIES", "proxy.local")],
            "`trusted_proxies`: `proxy.local`",
        ),
    ] {
        check(arguments, environment, folder.path(), &[expected]).await;
    }
}

#[tokio::test]
async fn a_damaged_data_folder_is_refused() {
    if Size::has_no_folder("a_damaged_data_folder_is_refused") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = ServerProcess::start(PROGRAM, &data).await;
    let tenant = server.tenant().await;
    tenant.item("TEA", "298", "01").await;
    tenant.store("tk01").await.till(1).await.sell(&[("TEA", 1)]).await;
    server.kill().await;
    let start = [&FREE[..], &["--data-dir", "data"]].concat();
    fs::write(data.join("kugel-format"), "99").unwrap();
    check(&start, &[], folder.path(), &["format 99"]).await;
    fs::write(data.join("kugel-format"), "1").unwrap();
    let mut damaged = 0;
    for entry in fs::read_dir(data.join("cart")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "sqlite") {
            continue;
        }
        if !path.to_string_lossy().contains("db_cart_commons") {
            let text = "this is no database, however long one looks at it";
            fs::write(&path, text.repeat(200)).unwrap();
            damaged += 1;
        }
    }
    assert!(damaged > 0, "the tenant has a file");
    for arguments in [&start[..], &["verify", "--data-dir", "data"]] {
        let expected = ["damaged", "db_cart_", "not an SQLite database", "backup"];
        check(arguments, &[], folder.path(), &expected).await;
    }
    fs::write(folder.path().join("file"), "").unwrap();
    let file = [&FREE[..], &["--data-dir", "file"]].concat();
    check(&file, &[], folder.path(), &["file", "not a folder"]).await;
    check(
        &["verify", "--data-dir", "nowhere"],
        &[],
        folder.path(),
        &["no data folder nowhere"],
    )
    .await;
}

#[tokio::test]
async fn help_tells_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["--help"][..], &["serve", "demo", "verify", "--config"][..]),
        (
            &["serve", "--help"],
            &["--listen", "--data-dir", "127.0.0.1:8080"],
        ),
        (&["demo", "--help"], &["--server", "--terminals", "CSV"]),
        (&["verify", "--help"], &["--data-dir", "--tenant"]),
        (&["--version"], &[env!("CARGO_PKG_VERSION")]),
    ] {
        let output = run(arguments, &[], folder.path()).await;
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}");
        for word in words {
            assert!(
                said.contains(word),
                "{arguments:?} does not speak of {word}: {said}"
            );
        }
    }
    assert!(!run(&["sell"], &[], folder.path()).await.status.success());
}

#[tokio::test]
async fn a_stopped_server_says_goodbye_and_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::start(PROGRAM, folder.path()).await;
    let tenant = server.tenant().await;
    server.stop().await;
    server.start_again().await;
    assert_eq!(
        tenant
            .rest()
            .get(&tenant.path("")[..tenant.path("").len() - 1])
            .await
            .ok()["tenantName"],
        "Plum Mart"
    );
}

#[tokio::test]
async fn whoever_has_read_enough_hears_no_complaint() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::start(PROGRAM, folder.path().join("data")).await;
    let tenant = server.tenant().await;
    let id = tenant.id.clone();
    server.stop().await;
    for (arguments, succeeds) in [
        (&["verify"][..], true),
        (&["events", "list"], true),
        (&["events", "list", "--json"], true),
        // A part of a file is no export.
        (&["export", "--tenant", &id, "-"], false),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut tool = server.tool(arguments);
        let child = tool.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(30), child.wait_with_output()).await;
        let output = ended.expect("it should have ended at once").unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said, "", "{arguments:?}");
        assert_eq!(output.status.success(), succeeds, "{arguments:?}");
    }
}

/// Invoices of which one line is worth less than a penny: its sale is refused, and so is what takes it back.
const FINE: &str = "\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,FUEL,Fuel,40.02,2011-01-01 08:26:00,1.749,1,UK
2,TEA,Tea,1,2011-01-01 08:27:00,2.55,1,UK
2,BAG,Bag,1,2011-01-01 08:27:00,0.001,1,UK
C2,TEA,Tea,-1,2011-01-01 08:29:00,2.55,1,UK
C2,BAG,Bag,-1,2011-01-01 08:29:00,0.001,1,UK
3,BAG,Bag,1000,2011-01-01 08:30:00,0.001,1,UK
";

#[tokio::test]
async fn the_demo_lists_what_it_cannot_replay_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("fine.csv"), FINE).unwrap();
    let arguments = [
        "demo",
        "--data-dir",
        "d",
        "--tenant",
        "T1",
        "--skipped",
        "skipped.csv",
        "fine.csv",
    ];
    let output = run(&arguments, &[], folder.path()).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("6 lines read = 2 replayed + 4 skipped"), "{said}");
    let skipped = fs::read_to_string(folder.path().join("skipped.csv")).unwrap();
    let lines: Vec<_> = skipped.lines().skip(1).collect();
    let reasons = [
        "refused: is too little: the line comes to nothing (300001),fine.csv,3,",
        "refused: is too little: the line comes to nothing (300001),fine.csv,4,",
        "cancellation of a sale that was refused,fine.csv,5,",
        "cancellation of a sale that was refused,fine.csv,6,",
    ];
    assert_eq!(lines.len(), reasons.len(), "{skipped}");
    for (line, reason) in lines.iter().zip(reasons) {
        assert!(line.starts_with(reason), "{line}");
    }
    let verified = run(
        &["verify", "--data-dir", "d", "--tenant", "T1"],
        &[],
        folder.path(),
    )
    .await;
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success() && said.contains("clean"), "{said}");
}

#[tokio::test]
async fn what_is_written_is_kept_to_its_owner_and_descriptors_are_plenty() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = ServerProcess::start_single(PROGRAM, &data).await;
    server.tenant().await;
    let mut folders = vec![data];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let mode = fs::metadata(&path).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600, "{}", path.display());
                files += 1;
            }
        }
    }
    assert!(files > 5, "{files} files");
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let open_files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let figures: Vec<_> = open_files.split_whitespace().collect();
    assert_eq!(figures[3], figures[4], "soft and hard: {open_files}");
    server.stop().await;
}

#[tokio::test]
async fn an_invitation_is_sealed_with_the_secret_of_the_installation() {
    let folder = tempfile::tempdir().unwrap();
    check(
        &["invite"],
        &[],
        folder.path(),
        &["kugel-data/secret", "--data-dir", "SECRET_KEY"],
    )
    .await;
    let secret = [("SECRET_KEY", "8e1d70ad4c3b72cb364ef7c50bc7e083")];
    let output = run(&["invite", "--days", "2"], &secret, folder.path()).await;
    assert!(output.status.success(), "{output:?}");
    let code = String::from_utf8(output.stdout).unwrap();
    assert_eq!((code.lines().count(), code.trim().len()), (1, 40), "{code}");
    assert!(
        std::fs::read_dir(folder.path()).unwrap().next().is_none(),
        "nothing is kept"
    );
}
