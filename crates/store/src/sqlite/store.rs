//! The databases of one service: which there are, which are open, and which cannot be used.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use tokio::task::spawn_blocking;

use crate::{Scope, StoreError, names};

use super::condition::{report, unwritten};
use super::database::Database;
use super::opening::Place;
use super::registry::{Entry, flush_folder};
use super::{DataDir, inspect, stopping};

/// Databases that a service keeps open; the one used longest ago is closed for the next. Each holds two to ten file
/// handles, and seven services must stay below the usual limit of 1024.
const OPEN_DATABASES: usize = 24;

/// What the clones of a store share.
pub(crate) struct StoreInner {
    service: String,
    folder: PathBuf,
    databases: RwLock<HashMap<Scope, Arc<Database>>>,
    /// Why databases that should be there could not be opened.
    unopened: Mutex<BTreeMap<Scope, StoreError>>,
    /// Held while a database is opened or closed, so that no file is opened twice.
    opening: tokio::sync::Mutex<()>,
    ticks: AtomicU64,
    closed: AtomicBool,
    /// Keeps the folder locked.
    data_dir: DataDir,
}

impl StoreInner {
    pub(super) fn open(data_dir: &DataDir, service: &str) -> Result<Arc<Self>, StoreError> {
        let store = Self {
            service: service.to_owned(),
            folder: data_dir.path().join(service),
            databases: RwLock::default(),
            unopened: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            ticks: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            data_dir: data_dir.clone(),
        };
        let registry = data_dir.registry();
        for (name, entry) in registry.of_service(service) {
            inspect::check_listed(&data_dir.path().join(&name), &name, entry, registry)?;
        }
        if !store.folder.is_dir() {
            let made = fs::create_dir(&store.folder).and_then(|()| flush_folder(data_dir.path()));
            made.map_err(|error| unwritten(&store.folder, &error))?;
        }
        inspect::try_writing(&store.folder)?;
        store.list_strays()?;
        Ok(Arc::new(store))
    }

    /// Lists what is not: a folder of an earlier version, and databases whose making was cut off.
    fn list_strays(&self) -> Result<(), StoreError> {
        let registry = self.data_dir.registry();
        let cannot =
            |error| StoreError::Unavailable(format!("{} cannot be listed: {error}", self.folder.display()));
        let mut strays: Vec<(String, Entry)> = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            let Some(scope) = self.scope_of(&path) else {
                continue;
            };
            let name = self.place(&scope).name;
            if registry.get(&name).is_some() {
                continue;
            }
            let Some(identity) = inspect::unlisted(&path, registry)? else {
                continue;
            };
            strays.push((
                name,
                Entry {
                    identity,
                    is_open: false,
                },
            ));
        }
        match strays.is_empty() {
            true => Ok(()),
            false => registry.put(&strays),
        }
    }

    /// Waits for commits under way, then closes the files.
    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let _opening = self.opening.lock().await;
        let databases: Vec<_> = self
            .databases
            .write()
            .drain()
            .map(|(_, database)| database)
            .collect();
        for database in databases {
            database.close().await;
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// The scope's database; `None` if there is none and none is to be made.
    pub(super) async fn database(
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
        let lost = self
            .unopened
            .lock()
            .get(&scope)
            .filter(|error| error.is_final())
            .cloned();
        if let Some(error) = lost {
            return Err(error);
        }
        let (place, data_dir, surplus) = (self.place(&scope), self.data_dir.clone(), self.surplus());
        let open = move || {
            drop(surplus);
            Database::open(place, data_dir, create).map(|opened| opened.map(Arc::new))
        };
        let opened = spawn_blocking(open).await.unwrap_or_else(|_| Err(stopping()));
        self.judge(&scope, &opened);
        if let Ok(Some(database)) = &opened {
            database.touch(self.ticks.fetch_add(1, Ordering::Relaxed));
            self.databases.write().insert(scope, Arc::clone(database));
        }
        opened
    }

    /// Keeps in mind why a database cannot be opened, and says so once.
    fn judge<T>(&self, scope: &Scope, outcome: &Result<T, StoreError>) {
        let mut unopened = self.unopened.lock();
        match outcome {
            Ok(_) => _ = unopened.remove(scope),
            Err(error) => {
                let path = self.place(scope).path;
                let before = unopened.insert(scope.clone(), error.clone());
                if before.as_ref() == Some(error) {
                    return;
                }
                if error.is_final() {
                    report(&path, error);
                } else {
                    tracing::warn!(database.path = %path.display(), %error, "a database cannot be opened");
                }
            }
        }
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

    /// Takes out databases that nobody uses until there is room for one more. What is broken stays: opened again, it would
    /// seem to be well.
    fn surplus(&self) -> Vec<Arc<Database>> {
        let mut databases = self.databases.write();
        let mut surplus = Vec::new();
        while databases.len() >= OPEN_DATABASES {
            // With the map locked, one reference means that nobody has it and nobody can get it.
            let idle = databases
                .iter()
                .filter(|(_, database)| Arc::strong_count(database) == 1 && !database.condition.is_broken());
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

    /// The scopes that have a database.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        let listed = self.data_dir.registry().of_service(&self.service);
        let mut scopes: Vec<_> = listed
            .iter()
            .filter_map(|(name, _)| self.scope_of(Path::new(name)))
            .collect();
        scopes.sort();
        scopes
    }

    /// Succeeds if every database of the service can be used, as far as can be told at little cost. What has found no room
    /// is tried again.
    pub(super) async fn ping(self: &Arc<Self>) -> Result<(), StoreError> {
        if self.is_closed() {
            return Err(StoreError::Unavailable(format!(
                "the store of {} is closed",
                self.service
            )));
        }
        let store = Arc::clone(self);
        let looked = spawn_blocking(move || store.look_for_closed()).await;
        let looked = looked.unwrap_or_else(|_| Err(stopping()));
        let open: Vec<_> = self.databases.read().values().cloned().collect();
        let mut unwell = looked.err();
        for database in open {
            unwell = database.ping().await.err().or(unwell);
        }
        if let Some(error) = unwell {
            return Err(error);
        }
        let unopened = self.unopened.lock().clone();
        for (scope, error) in unopened {
            if error.is_final() {
                return Err(error);
            }
            if self.database(&scope, false).await?.is_none() {
                // Its making had failed: nobody makes it for a question.
                inspect::try_writing(&self.folder)?;
            }
        }
        Ok(())
    }

    /// Misses databases that are not open.
    fn look_for_closed(&self) -> Result<(), StoreError> {
        let mut lost = Ok(());
        for (name, _) in self.data_dir.registry().of_service(&self.service) {
            let path = self.data_dir.path().join(&name);
            let Some(scope) = self.scope_of(&path) else {
                continue;
            };
            if self.databases.read().contains_key(&scope) {
                continue;
            }
            if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > 0) {
                continue;
            }
            lost = Err(inspect::corrupt(&path, "it is gone"));
            self.judge(&scope, &lost);
        }
        lost
    }

    fn place(&self, scope: &Scope) -> Place {
        let file = format!("{}{}.sqlite", names::prefix(&self.service), names::encode(scope));
        Place {
            path: self.folder.join(&file),
            name: format!("{}/{file}", self.service),
        }
    }

    fn scope_of(&self, file: &Path) -> Option<Scope> {
        let name = file.file_name()?.to_str()?;
        let scope = name.strip_prefix(names::prefix(&self.service).as_str())?;
        names::decode(scope.strip_suffix(".sqlite")?)
    }
}
