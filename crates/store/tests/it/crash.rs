//! A process that is killed loses nothing it has answered for, and leaves nothing half done.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use kugel_store::conformance::Item;
use kugel_store::{DataDir, Documents, Query, Revision, Scope, SqliteStore, Stored};
use kugel_types::SystemClock;

/// Names the data folder to a child process; a test run does not set it.
const FOLDER: &str = "KUGEL_STORE_CRASH_TEST_FOLDER";
const WRITERS: usize = 8;

fn documents(folder: &std::path::Path) -> Documents {
    let store = SqliteStore::open(&DataDir::open(folder).unwrap(), "crash").unwrap();
    Documents::new(Arc::new(store), Arc::new(SystemClock))
}

fn item(code: String, number: i64) -> Item {
    Item {
        code,
        number: Some(number),
        ..Item::default()
    }
}

/// Writes one more pair and raises the writer's counter, all in one commit; says so once it is answered.
async fn write_forever(documents: Documents, writer: usize) {
    let scope = Scope::Commons;
    let counter = format!("counter {writer}");
    let stored: Option<Stored<Item>> = documents.get(&scope, &counter).await.unwrap();
    let (mut number, mut revision) = stored.map_or((0, None), |it| (it.number.unwrap(), Some(it.revision)));
    loop {
        number += 1;
        let changes = documents.changes("child");
        let next = item(counter.clone(), number);
        let changes = match revision {
            Some(revision) => changes.replace(next, revision),
            None => changes.insert(next),
        };
        let changes = changes
            .insert(item(format!("left {writer} {number:06}"), number))
            .insert(item(format!("right {writer} {number:06}"), number));
        documents.commit(&scope, changes).await.unwrap();
        revision = Some(revision.map_or(Revision::FIRST, Revision::next));
        println!("done {writer} {number}");
    }
}

/// Not a test by itself: what the child process of the test below runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::disallowed_methods,
    reason = "the only way to speak to a child that is a test binary"
)]
async fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let documents = documents(std::path::Path::new(&folder));
    let writers = (0..WRITERS).map(|writer| tokio::spawn(write_forever(documents.clone(), writer)));
    futures::future::join_all(writers).await;
}

/// Runs a child until it has answered `answers` commits and kills it; returns the last number of each writer that it
/// answered for.
fn run_and_kill(folder: &std::path::Path, answers: usize, acknowledged: &mut [i64]) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut note = |line: String| {
        let mut words = line.split_whitespace().skip_while(|word| *word != "done").skip(1);
        let (Some(writer), Some(number)) = (words.next(), words.next()) else {
            return false;
        };
        acknowledged[writer.parse::<usize>().unwrap()] = number.parse().unwrap();
        true
    };
    let mut seen = 0;
    while seen < answers {
        seen += usize::from(note(
            lines.next().expect("the child has ended by itself").unwrap(),
        ));
    }
    child.kill().unwrap();
    // What it said between our last look and its end counts as well. The last line may be cut short.
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    for line in rest.split_last().map_or(&[][..], |(_, whole)| whole) {
        note(line.clone());
    }
    child.wait().unwrap();
}

#[tokio::test]
async fn a_killed_process_loses_nothing_it_answered_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = [0; WRITERS];
    for round in 0..6 {
        run_and_kill(folder.path(), 40 + round * 90, &mut acknowledged);
        let documents = documents(folder.path());
        let items = documents
            .find::<Item>(&Scope::Commons, Query::all())
            .await
            .unwrap()
            .rows;
        for (writer, answered) in acknowledged.iter().enumerate() {
            let counter = items.iter().find(|item| item.code == format!("counter {writer}"));
            let last = counter.map_or(0, |counter| counter.number.unwrap());
            assert!(
                last >= *answered,
                "writer {writer}: {answered} answered, {last} stored"
            );
            for side in ["left", "right"] {
                let prefix = format!("{side} {writer} ");
                let numbers: Vec<i64> = items
                    .iter()
                    .filter(|it| it.code.starts_with(&prefix))
                    .map(|it| it.number.unwrap())
                    .collect();
                assert_eq!(
                    numbers,
                    (1..=last).collect::<Vec<_>>(),
                    "{side} of writer {writer}"
                );
            }
        }
        drop(documents);
        // A read may still be on its way out and hold the lock, which the next child needs.
        while DataDir::open(folder.path()).is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}
