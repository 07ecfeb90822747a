//! The MongoDB adapter on a real replica set. `MONGODB_URI` says where.

mod conformance;
mod documents;
mod groups;
mod orphans;
mod outages;
mod schema;

use std::sync::Arc;

use kugel_store::conformance::Item;
use kugel_store::{Documents, MongoStore, Scope, StoreError};
use kugel_types::SystemClock;

/// The server to test on. Without one, tests say so and do nothing; on CI, where there always is one, they fail.
#[allow(
    clippy::disallowed_methods,
    reason = "where the servers of a test are is no setting of Kugel"
)]
fn uri() -> Option<String> {
    let uri = std::env::var("MONGODB_URI").ok().filter(|uri| !uri.is_empty());
    if uri.is_none() {
        assert!(
            std::env::var("CI").is_err(),
            "CI must run these tests: set MONGODB_URI"
        );
        eprintln!("SKIPPED: no MongoDB to test on, set MONGODB_URI to a replica set");
    }
    uri
}

/// Databases of one test's own, which go with it.
struct Namespace {
    uri: String,
    name: String,
}

impl Namespace {
    fn new() -> Option<Self> {
        let name = format!("t{:08x}_", rand::random::<u32>());
        uri().map(|uri| Self { uri, name })
    }

    fn store(&self, service: &str) -> MongoStore {
        MongoStore::connect(&self.uri, &self.name, service).unwrap()
    }

    fn documents(&self, service: &str) -> Documents {
        Documents::new(Arc::new(self.store(service)), Arc::new(SystemClock))
    }

    /// The server's own view of a database, for what the port does not show.
    async fn database(&self, rest: &str) -> ::mongodb::Database {
        let client = ::mongodb::Client::with_uri_str(&self.uri).await.unwrap();
        client.database(&format!("{}{rest}", self.name))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let (uri, name) = (self.uri.clone(), self.name.clone());
        // A runtime of its own, since the test's may be busy with this very drop.
        let tidy = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(MongoStore::drop_namespace(&uri, &name))
        });
        if let Ok(Err(error)) = tidy.join() {
            eprintln!("the databases of {} stay: {error}", self.name);
        }
    }
}

fn tenant() -> Scope {
    Scope::Tenant("t1".parse().unwrap())
}

fn item(code: &str, number: i64) -> Item {
    Item {
        code: code.to_owned(),
        number: Some(number),
        ..Item::default()
    }
}

async fn insert(documents: &Documents, item: Item) -> Result<(), StoreError> {
    documents
        .commit(&tenant(), documents.changes("tester").insert(item))
        .await
}
