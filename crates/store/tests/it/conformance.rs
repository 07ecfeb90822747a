//! The promises of the port, kept by SQLite.

use std::sync::Arc;

use kugel_store::{DataDir, SqliteStore, Store};

async fn open() -> Option<Arc<dyn Store>> {
    let store = SqliteStore::open(&DataDir::for_test().unwrap(), "conformance").unwrap();
    Some(Arc::new(store))
}

kugel_store::conformance_tests!(open);
