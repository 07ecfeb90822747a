//! Servers that are not there, and answers that get lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use kugel_store::conformance::Item;
use kugel_store::{Documents, MongoStore, Query, Revision, Store, StoreError};
use kugel_types::SystemClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::{Namespace, insert, item, tenant};

fn text(error: StoreError) -> String {
    match error {
        StoreError::Unavailable(text) => text,
        other => panic!("{other}"),
    }
}

#[test]
fn a_malformed_setting_is_named_and_not_repeated() {
    for uri in [
        "",
        "mongodb:/host",
        "mongodb://till:s3cret@",
        "mongodb://till:s3/cret@host",
        "http://till:s3cret@host",
    ] {
        let error = MongoStore::connect(uri, "", "cart").map(|_| ()).unwrap_err();
        let text = text(error);
        assert!(text.contains("`mongodb_uri`") && !text.contains("s3"), "{text}");
    }
}

#[tokio::test]
async fn an_absent_server_is_told_soon_and_where() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let uri = format!("mongodb://till:s3cret@{address}/?replicaSet=rs0");
    let store = MongoStore::connect(&uri, "", "cart").unwrap();
    let documents = Documents::new(Arc::new(store.clone()), Arc::new(SystemClock));
    let several = documents
        .changes("tester")
        .insert(item("a", 1))
        .insert(item("b", 1));
    let start = Instant::now();
    let outcomes = tokio::join!(
        store.ping(),
        async { store.scopes().await.map(|_| ()) },
        async { documents.get::<Item>(&tenant(), "a").await.map(|_| ()) },
        async { documents.find::<Item>(&tenant(), Query::all()).await.map(|_| ()) },
        insert(&documents, item("a", 1)),
        async { documents.commit(&tenant(), several).await },
        documents.prepare(&[]),
    );
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    let (ping, scopes, get, find, one, two, prepare) = outcomes;
    for outcome in [ping, scopes, get, find, one, two, prepare] {
        let text = text(outcome.unwrap_err());
        assert!(
            text.contains(&address.to_string()) && text.contains("`mongodb_uri`"),
            "{text}"
        );
        assert!(!text.contains("s3cret"), "{text}");
    }
}

/// A way to the server that loses answers.
pub(super) struct Proxy {
    port: u16,
    /// How many answers to commands with `name` are still to be lost, each with its connection.
    losses: Arc<AtomicU32>,
    name: &'static str,
}

impl Proxy {
    async fn open(server: String, name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let losses = Arc::new(AtomicU32::new(0));
        let left = Arc::clone(&losses);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, left) = (TcpStream::connect(&server).await.unwrap(), Arc::clone(&left));
                tokio::spawn(async move {
                    let ((from, to), (back, home)) = (client.into_split(), server.into_split());
                    // Requests and answers take turns on a connection.
                    let _ = turns(from, home, back, to, name, left).await;
                });
            }
        });
        Self { port, losses, name }
    }

    fn uri(&self) -> String {
        format!(
            "mongodb://127.0.0.1:{}/?replicaSet=rs0&directConnection=true",
            self.port
        )
    }

    pub(super) fn lose(&self, answers: u32) {
        self.losses.store(answers, Ordering::SeqCst);
    }

    pub(super) fn assert_all_lost(&self) {
        assert_eq!(self.losses.load(Ordering::SeqCst), 0, "answers to {}", self.name);
    }
}

/// Passes whole messages to the server and answers back, until one is to be lost.
async fn turns(
    mut from: OwnedReadHalf,
    mut home: OwnedWriteHalf,
    mut back: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    name: &'static str,
    losses: Arc<AtomicU32>,
) -> std::io::Result<()> {
    loop {
        let request = message(&mut from).await?;
        home.write_all(&request).await?;
        let answer = message(&mut back).await?;
        let is_meant = request
            .windows(name.len())
            .any(|window| window == name.as_bytes());
        let lose = |left: u32| left.checked_sub(1);
        if is_meant
            && losses
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, lose)
                .is_ok()
        {
            return Ok(());
        }
        to.write_all(&answer).await?;
    }
}

async fn message(stream: &mut OwnedReadHalf) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    stream.read_exact(&mut bytes).await?;
    let length = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    bytes.resize(usize::try_from(length).unwrap(), 0);
    stream.read_exact(&mut bytes[4..]).await?;
    Ok(bytes)
}

fn host(uri: &str) -> String {
    let rest = uri.split_once("://").unwrap().1;
    let hosts = rest.rsplit_once('@').map_or(rest, |(_, hosts)| hosts);
    hosts.split(['/', '?', ',']).next().unwrap().to_owned()
}

pub(super) async fn through(namespace: &Namespace, name: &'static str) -> (Proxy, Documents) {
    let proxy = Proxy::open(host(&namespace.uri), name).await;
    let store = MongoStore::connect(&proxy.uri(), &namespace.name, "cart").unwrap();
    let documents = Documents::new(Arc::new(store), Arc::new(SystemClock));
    insert(&documents, item("first", 0)).await.unwrap();
    (proxy, documents)
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_not_its_own_duplicate() {
    let Some(namespace) = Namespace::new() else { return };
    let (proxy, documents) = through(&namespace, "lost answer").await;
    // The name stands in the documents, so that it is their writes that are meant.
    let lost = |number| item("lost answer", number);
    proxy.lose(1);
    insert(&documents, lost(1)).await.unwrap();
    proxy.assert_all_lost();
    proxy.lose(1);
    let replace = documents.changes("tester").replace(lost(2), Revision::FIRST);
    documents.commit(&tenant(), replace).await.unwrap();
    proxy.assert_all_lost();
    proxy.lose(1);
    let upsert = documents.changes("tester").upsert(lost(3));
    documents.commit(&tenant(), upsert).await.unwrap();
    proxy.assert_all_lost();
    let stored = documents
        .get::<Item>(&tenant(), "lost answer")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((stored.number, stored.revision.get()), (Some(3), 3));
    proxy.lose(1);
    let delete = documents
        .changes("tester")
        .delete::<Item>("lost answer", Some(stored.revision));
    documents.commit(&tenant(), delete).await.unwrap();
    proxy.assert_all_lost();
}

async fn two(documents: &Documents, number: i64) -> Result<(), StoreError> {
    let code = |name: &str| format!("{name} of two {number}");
    let changes = documents
        .changes("tester")
        .insert(item(&code("one"), number))
        .upsert(item("counter", number))
        .insert(item(&code("other"), number));
    documents.commit(&tenant(), changes).await
}

#[tokio::test]
async fn a_transaction_survives_lost_answers_and_happens_once() {
    let Some(namespace) = Namespace::new() else { return };
    // Of a statement: the transaction begins again. Of the commit: it is asked for again.
    for (number, name) in (1..).zip(["of two", "commitTransaction"]) {
        let (proxy, documents) = through(&namespace, name).await;
        for losses in [1, 2] {
            proxy.lose(losses);
            two(&documents, number * 10 + i64::from(losses)).await.unwrap();
            proxy.assert_all_lost();
        }
        namespace_is_counted(&documents, number * 2).await;
        let clean = documents.changes("tester").delete::<Item>("first", None);
        documents.commit(&tenant(), clean).await.unwrap();
    }
}

async fn namespace_is_counted(documents: &Documents, commits: i64) {
    let stored = documents
        .get::<Item>(&tenant(), "counter")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.revision.get(), commits);
    let listed = documents.find::<Item>(&tenant(), Query::all()).await.unwrap();
    assert_eq!(listed.total, 2 + 2 * commits.unsigned_abs());
}

#[tokio::test]
async fn a_read_is_repeated() {
    let Some(namespace) = Namespace::new() else { return };
    let (proxy, documents) = through(&namespace, "find").await;
    proxy.lose(1);
    assert!(documents.get::<Item>(&tenant(), "first").await.unwrap().is_some());
    proxy.assert_all_lost();
}
