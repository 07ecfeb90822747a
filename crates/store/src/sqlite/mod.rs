//! The adapter for one process: SQLite files, one for each scope, under `<data folder>/<service>/`.

mod cache;
mod condition;
mod connection;
mod data_dir;
mod database;
mod decimal;
mod fields;
mod inspect;
mod log;
mod opening;
mod queue;
mod registry;
mod rights;
mod rows;
mod schema;
mod shift;
mod sql;
mod store;
mod wal;
mod wal_index;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Collection, Commit, Document, Found, Query, Scope, Store, StoreError};
use store::StoreInner;

pub use data_dir::{DataDir, DataDirError};

/// The documents of one service in SQLite files. Cheap to clone.
#[derive(Clone)]
pub struct SqliteStore(Arc<StoreInner>);

impl SqliteStore {
    /// Opens the store of a service. Its databases open when they are first used, but one that is lost, or cannot be what
    /// it should be, is found here, where an operator is looking. A store that is open already is shared.
    pub fn open(data_dir: &DataDir, service: &str) -> Result<Self, StoreError> {
        let open = || StoreInner::open(data_dir, service);
        data_dir.store(service, open).map(Self)
    }

    /// Waits for commits under way, then closes the files. Later calls fail with `Unavailable`.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

/// The answer to callers whose work the runtime has dropped.
fn stopping() -> StoreError {
    StoreError::Unavailable("the process is stopping".to_owned())
}

#[async_trait]
impl Store for SqliteStore {
    async fn get(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Arc<Document>>, StoreError> {
        match self.0.database(scope, false).await? {
            Some(database) => database.get(collection, id).await,
            None => Ok(None),
        }
    }

    async fn get_many(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Arc<Document>>>, StoreError> {
        match self.0.database(scope, false).await? {
            Some(database) => database.get_many(collection, ids).await,
            None => Ok(vec![None; ids.len()]),
        }
    }

    async fn find(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        query: &Query,
    ) -> Result<Found, StoreError> {
        query.check(collection)?;
        match self.0.database(scope, false).await? {
            Some(database) => database.find(collection, query).await,
            None => Ok(Found {
                documents: Vec::new(),
                total: 0,
            }),
        }
    }

    async fn commit(&self, scope: &Scope, commit: Commit) -> Result<(), StoreError> {
        match self.0.database(scope, true).await? {
            Some(database) => database.commit(commit).await,
            None => Err(StoreError::Unavailable(format!(
                "the database of {scope} was not made"
            ))),
        }
    }

    async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        Ok(self.0.scopes())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.0.ping().await
    }
}
