//! A disk without room: commits are refused with the reason, reads go on, and all is well when there is room again. A disk
//! that fails: nobody is served.
//!
//! A limit on the length of files stands for the full disk, a filter of system calls for the failing one. A child process
//! has them.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use kugel_store::conformance::Item;
use kugel_store::{Collection, DataDir, Documents, Query, Record, Scope, SqliteStore, StoreError};
use kugel_types::SystemClock;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use serde::{Deserialize, Serialize};

use crate::damage::{insert, item, numbers};

/// What no database holds yet.
static OTHERS: Collection = Collection {
    name: "others",
    fields: &[],
    indexes: &[],
};

#[derive(Serialize, Deserialize)]
struct Other {
    name: String,
}

impl Record for Other {
    const COLLECTION: &'static Collection = &OTHERS;
    fn id(&self) -> String {
        self.name.clone()
    }
}

/// Names the data folder to a child process; a test run does not set it.
const FOLDER: &str = "KUGEL_STORE_DISK_TEST_FOLDER";

/// From here on every flush of this process fails, as that of a broken disk does.
fn fail_flushes() {
    let flushes = [libc::SYS_fsync, libc::SYS_fdatasync].map(|call| (call, Vec::new()));
    let filter = SeccompFilter::new(
        flushes.into_iter().collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EIO.cast_unsigned()),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter_all_threads(&program).unwrap();
}

fn told(outcome: Result<String, StoreError>) -> String {
    match outcome {
        Ok(text) => text,
        Err(StoreError::Full(_)) => "full".to_owned(),
        Err(StoreError::Unflushed(_)) => "not flushed".to_owned(),
        Err(error) => format!("{error}").replace('\n', " "),
    }
}

/// Not a test by itself: does what its input says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::disallowed_methods,
    reason = "the only way to speak to a child that is a test binary"
)]
async fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let opened = DataDir::open(&folder).map_err(anyhow::Error::from);
    let opened = opened.and_then(|folder| Ok(SqliteStore::open(&folder, "cart")?));
    let store = match opened {
        Ok(store) => store,
        Err(error) => return println!("told no start: {error:#}"),
    };
    println!("told started");
    let documents = Documents::new(Arc::new(store.clone()), Arc::new(SystemClock));
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let words: Vec<_> = line.split(' ').collect();
        let scope = |tenant: &str| Scope::Tenant(tenant.parse().unwrap());
        let outcome = match words[..] {
            ["insert", tenant, number] => {
                let number: i64 = number.parse().unwrap();
                insert(&documents, &scope(tenant), number)
                    .await
                    .map(|()| "done".to_owned())
            }
            ["get", tenant, number] => {
                let found = documents
                    .get::<Item>(&scope(tenant), &format!("{number:0>3}"))
                    .await;
                found.map(|found| found.map_or("none", |_| "there").to_owned())
            }
            ["numbers", tenant] => numbers(&documents, &scope(tenant))
                .await
                .map(|it| format!("{it:?}")),
            ["others", tenant] => {
                let scope = scope(tenant);
                let (one, none) = (documents.get::<Other>(&scope, "a").await, ["a".to_owned()]);
                let many = documents.get_many::<Other>(&scope, &none).await;
                let all = documents.find::<Other>(&scope, Query::all()).await;
                let count = |one: bool, many: usize, all: usize| usize::from(one) + many + all;
                let outcome = one.and_then(|one| Ok((one.is_some(), many?, all?)));
                outcome.map(|(one, many, all)| {
                    count(one, many.iter().flatten().count(), all.rows.len()).to_string()
                })
            }
            ["pair", tenant, number] => {
                let number: i64 = number.parse().unwrap();
                let pair = documents
                    .changes("tester")
                    .insert(item(number))
                    .insert(item(number + 500));
                documents
                    .commit(&scope(tenant), pair)
                    .await
                    .map(|()| "done".to_owned())
            }
            ["ping"] => documents.ping().await.map(|()| "well".to_owned()),
            ["fail"] => {
                fail_flushes();
                Ok("done".to_owned())
            }
            ["close"] => {
                store.close().await;
                Ok("closed".to_owned())
            }
            _ => panic!("{line}"),
        };
        println!("told {}", told(outcome));
    }
}

struct Running {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Running {
    /// A child that is told of a file's limit by an error and not by a signal.
    fn start(folder: &Path, limit: &str) -> Self {
        // Root is bound by permissions as everybody is once it has given its capabilities away.
        let script = format!(
            "trap '' XFSZ; ulimit -S -f {limit}; \
             [ $(id -u) = 0 ] && exec setpriv --bounding-set=-all \"$0\" \"$@\"; exec \"$0\" \"$@\""
        );
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .arg(std::env::current_exe().unwrap())
            .args(["disk::child", "--exact", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self {
            child,
            input,
            output: BufReader::new(output),
        }
    }

    fn hears(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.output.read_line(&mut line).unwrap(),
                0,
                "the child has ended"
            );
            if let Some((_, told)) = line.trim_end().split_once("told ") {
                return told.to_owned();
            }
        }
    }

    fn asks(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").unwrap();
        self.hears()
    }

    /// No file may become longer than that.
    fn limit(&self, bytes: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("prlimit")
            .args(["--pid", &id, &format!("--fsize={bytes}:")])
            .status();
        assert!(status.unwrap().success());
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_full_disk_is_said_refuses_commits_and_heals_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::start(folder.path(), "unlimited");
    assert_eq!(running.hears(), "started");
    for number in 0..3 {
        assert_eq!(running.asks(&format!("pair t1 {number}")), "done");
    }
    assert_eq!(running.asks("insert t2 0"), "done");
    let stored = "[0, 1, 2, 500, 501, 502]";
    let log = folder.path().join("cart/db_cart_t1.sqlite-wal");
    for bytes in [fs::metadata(&log).unwrap().len() + 100, 100] {
        running.limit(&bytes.to_string());
        for round in 0..3 {
            assert_eq!(running.asks("pair t1 3"), "full", "{round}");
            assert_eq!(running.asks("ping"), "full", "{round}");
            assert_eq!(running.asks("numbers t1"), stored, "reads go on");
            assert_eq!(running.asks("others t1"), "0", "also of what has no table");
        }
        // Whoever asks how the store is finds that it is well again.
        running.limit("unlimited");
        assert_eq!(running.asks("ping"), "well");
        assert_eq!(running.asks("numbers t1"), stored, "nothing half");
    }
    // So does whoever commits.
    running.limit("100");
    assert_eq!(running.asks("pair t1 3"), "full");
    running.limit("unlimited");
    assert_eq!(running.asks("pair t1 3"), "done");
    assert_eq!(running.asks("ping"), "well");

    // A database that is made.
    running.limit("100");
    assert_eq!(running.asks("insert t3 0"), "full");
    assert_eq!(running.asks("ping"), "full");
    assert_eq!(running.asks("numbers t3"), "[]");
    running.limit("unlimited");
    assert_eq!(running.asks("ping"), "well");
    assert_eq!(running.asks("insert t3 0"), "done");

    running.limit("100");
    assert_eq!(running.asks("pair t1 4"), "full");
    running.kill();

    // A start says it and is tried again; what was acknowledged is there, and nothing else.
    let mut starting = Running::start(folder.path(), "0");
    let said = starting.hears();
    assert!(
        said.starts_with("no start: ") && said.contains("File too large"),
        "{said}"
    );
    starting.child.wait().unwrap();
    let mut again = Running::start(folder.path(), "unlimited");
    assert_eq!(again.hears(), "started");
    assert_eq!(again.asks("numbers t1"), "[0, 1, 2, 3, 500, 501, 502, 503]");
    assert_eq!(again.asks("numbers t3"), "[0]");

    // A disk that is full when Kugel stops costs nothing.
    assert_eq!(again.asks("pair t1 4"), "done");
    again.limit("0");
    assert_eq!(again.asks("close"), "closed");
    again.kill();
    let mut last = Running::start(folder.path(), "unlimited");
    assert_eq!(last.hears(), "started");
    assert_eq!(
        last.asks("numbers t1"),
        "[0, 1, 2, 3, 4, 500, 501, 502, 503, 504]"
    );
    assert_eq!(last.asks("ping"), "well");
    last.kill();
}

#[test]
fn a_failed_flush_is_final() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::start(folder.path(), "unlimited");
    assert_eq!(running.hears(), "started");
    for tenant in ["t1", "t2"] {
        assert_eq!(running.asks(&format!("pair {tenant} 1")), "done");
    }
    assert_eq!(running.asks("fail"), "done");
    assert_eq!(running.asks("get t1 1"), "there");
    // After the first failure the system takes what it could not write for written: no second try is worth anything, nor
    // is what memory says.
    for question in [
        "pair t1 2",
        "pair t1 2",
        "insert t1 1",
        "get t1 1",
        "numbers t1",
        "ping",
    ] {
        assert_eq!(running.asks(question), "not flushed", "{question}");
    }
    assert_eq!(running.asks("numbers t2"), "[1, 501]", "others are read");
    assert_eq!(running.asks("insert t3 1"), "not flushed", "no database is made");
    running.kill();
    let mut again = Running::start(folder.path(), "unlimited");
    assert_eq!(again.hears(), "started");
    for tenant in ["t1", "t2"] {
        let numbers = again.asks(&format!("numbers {tenant}"));
        assert!(["[1, 501]", "[1, 2, 501, 502]"].contains(&&*numbers), "{numbers}");
        assert_eq!(again.asks(&format!("pair {tenant} 3")), "done");
    }
    assert_eq!(again.asks("ping"), "well");
    again.kill();
}

#[test]
fn what_may_not_be_written_ends_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::start(folder.path(), "unlimited");
    assert_eq!(running.hears(), "started");
    assert_eq!(running.asks("pair t1 1"), "done");
    running.kill();
    let (service, file) = (
        folder.path().join("cart"),
        folder.path().join("cart/db_cart_t1.sqlite"),
    );
    for (path, forbidden, usual) in [(&file, 0o400, 0o600), (&service, 0o500, 0o700)] {
        let permit = |mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        permit(forbidden);
        let mut starting = Running::start(folder.path(), "unlimited");
        let said = starting.hears();
        starting.child.wait().unwrap();
        permit(usual);
        let named = said.contains(path.to_str().unwrap());
        assert!(
            said.starts_with("no start: ") && named && said.contains("Permission denied"),
            "{said}"
        );
    }
    // Others can read it, and it is another user's. Only root gives files away.
    if std::os::unix::fs::chown(&file, Some(10_002), None).is_ok() {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        let mut starting = Running::start(folder.path(), "unlimited");
        let said = starting.hears();
        starting.child.wait().unwrap();
        std::os::unix::fs::chown(&file, Some(0), None).unwrap();
        assert!(
            said.starts_with("no start: others can read") && said.contains(file.to_str().unwrap()),
            "{said}"
        );
    }
    let mut again = Running::start(folder.path(), "unlimited");
    assert_eq!(again.hears(), "started");
    assert_eq!(again.asks("numbers t1"), "[1, 501]");
    again.kill();
}
