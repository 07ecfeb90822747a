//! The adapter for one process: SQLite files, one for each scope, under `<data folder>/<service>/`.

mod cache;
mod connection;
mod data_dir;
mod database;
mod fields;
mod log;
mod queue;
mod schema;
mod sql;
mod writer;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::RwLock;
use tokio::task::spawn_blocking;

use crate::{Collection, Commit, Document, Found, Query, Scope, Store, StoreError, names};
use database::Database;

pub use data_dir::{DataDir, DataDirError};

/// Databases that a service keeps open; the one used longest ago is closed for the next. Each holds two to ten file
/// handles, and seven services must stay below the usual limit of 1024.
const OPEN_DATABASES: usize = 24;

/// The documents of one service in SQLite files. Cheap to clone.
#[derive(Clone)]
pub struct SqliteStore(Arc<StoreInner>);

/// What the clones of a store share.
pub(crate) struct StoreInner {
    service: String,
    folder: PathBuf,
    databases: RwLock<HashMap<Scope, Arc<Database>>>,
    /// Held while a database is opened or closed, so that no file is opened twice.
    opening: tokio::sync::Mutex<()>,
    ticks: AtomicU64,
    closed: AtomicBool,
    /// Keeps the folder locked.
    data_dir: DataDir,
}

impl SqliteStore {
    /// Opens the store of a service. Its databases open when they are first used, but a file that cannot be one is found
    /// here, where an operator is looking. A store that is open already is shared.
    pub fn open(data_dir: &DataDir, service: &str) -> Result<Self, StoreError> {
        let open = || {
            let folder = data_dir.path().join(service);
            fs::create_dir_all(&folder).map_err(|error| {
                StoreError::Unavailable(format!("{} cannot be made: {error}", folder.display()))
            })?;
            let store = Arc::new(StoreInner {
                service: service.to_owned(),
                folder,
                databases: RwLock::default(),
                opening: tokio::sync::Mutex::default(),
                ticks: AtomicU64::new(0),
                closed: AtomicBool::new(false),
                data_dir: data_dir.clone(),
            });
            for (_, file) in store.files()? {
                connection::check_header(&file)?;
            }
            Ok(store)
        };
        data_dir.store(service, open).map(Self)
    }

    /// Waits for commits under way, then closes the files. Later calls fail with `Unavailable`.
    pub async fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
        let _opening = self.0.opening.lock().await;
        let databases: Vec<_> = self
            .0
            .databases
            .write()
            .drain()
            .map(|(_, database)| database)
            .collect();
        for database in databases {
            database.close().await;
        }
    }
}

impl StoreInner {
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// The scope's database; `None` if there is none and none is to be made.
    async fn database(
        self: &Arc<Self>,
        scope: &Scope,
        create: bool,
    ) -> Result<Option<Arc<Database>>, StoreError> {
        if let Some(database) = self.opened(scope)? {
            return Ok(Some(database));
        }
        // A task of its own, because a caller may go away in the middle: opening goes on behind its lock all the same.
        let (store, scope) = (Arc::clone(self), scope.clone());
        let opening = tokio::spawn(async move { store.open_database(scope, create).await });
        opening.await.unwrap_or_else(|_| Err(stopping()))
    }

    async fn open_database(&self, scope: Scope, create: bool) -> Result<Option<Arc<Database>>, StoreError> {
        let _opening = self.opening.lock().await;
        if let Some(database) = self.opened(&scope)? {
            return Ok(Some(database));
        }
        let (path, data_dir, surplus) = (self.path(&scope), self.data_dir.clone(), self.surplus());
        let open = move || {
            drop(surplus);
            if !create && !path.exists() {
                return Ok(None);
            }
            Database::open(path, data_dir).map(|database| Some(Arc::new(database)))
        };
        let opened = spawn_blocking(open).await.unwrap_or_else(|_| Err(stopping()))?;
        if let Some(database) = &opened {
            tracing::debug!(database.path = %database.path().display(), "database opened");
            database.touch(self.ticks.fetch_add(1, Ordering::Relaxed));
            self.databases.write().insert(scope, Arc::clone(database));
        }
        Ok(opened)
    }

    fn opened(&self, scope: &Scope) -> Result<Option<Arc<Database>>, StoreError> {
        let databases = self.databases.read();
        if self.is_closed() {
            return Err(StoreError::Unavailable(format!(
                "the store of {} is closed",
                self.service
            )));
        }
        let database = databases.get(scope);
        if let Some(database) = database {
            database.touch(self.ticks.fetch_add(1, Ordering::Relaxed));
        }
        Ok(database.cloned())
    }

    /// Takes out databases that nobody uses until there is room for one more.
    fn surplus(&self) -> Vec<Arc<Database>> {
        let mut databases = self.databases.write();
        let mut surplus = Vec::new();
        while databases.len() >= OPEN_DATABASES {
            // With the map locked, one reference means that nobody has it and nobody can get it.
            let idle = databases
                .iter()
                .filter(|(_, database)| Arc::strong_count(database) == 1);
            let oldest = idle
                .min_by_key(|(_, database)| database.last_used())
                .map(|(scope, _)| scope.clone());
            match oldest.and_then(|scope| databases.remove(&scope)) {
                Some(database) => surplus.push(database),
                None => break,
            }
        }
        surplus
    }

    fn path(&self, scope: &Scope) -> PathBuf {
        self.folder.join(format!(
            "{}{}.sqlite",
            names::prefix(&self.service),
            names::encode(scope)
        ))
    }

    /// The databases that there are.
    fn files(&self) -> Result<Vec<(Scope, PathBuf)>, StoreError> {
        let list = || -> std::io::Result<Vec<_>> {
            let mut files = Vec::new();
            for entry in fs::read_dir(&self.folder)? {
                let path = entry?.path();
                files.extend(self.scope_of(&path).map(|scope| (scope, path)));
            }
            Ok(files)
        };
        let folder = self.folder.display();
        list().map_err(|error| StoreError::Unavailable(format!("{folder} cannot be listed: {error}")))
    }

    fn scope_of(&self, file: &Path) -> Option<Scope> {
        let name = file.file_name()?.to_str()?;
        let scope = name.strip_prefix(names::prefix(&self.service).as_str())?;
        names::decode(scope.strip_suffix(".sqlite")?)
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
        let store = Arc::clone(&self.0);
        let list = move || -> Result<Vec<Scope>, StoreError> {
            let files = store.files()?;
            let mut scopes: Vec<Scope> = files.into_iter().map(|(scope, _)| scope).collect();
            scopes.sort();
            Ok(scopes)
        };
        spawn_blocking(list).await.unwrap_or_else(|_| Err(stopping()))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        if self.0.is_closed() || !self.0.folder.is_dir() {
            return Err(StoreError::Unavailable(format!(
                "{} is closed or gone",
                self.0.folder.display()
            )));
        }
        Ok(())
    }
}
