//! The folder that holds a process's databases, and the lock that makes it the only one to use them.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::StoreInner;
use super::cache::Cache;
use super::registry::{LIST_FILE, Registry, Unlisted, flush_folder};
use super::rights::keep_to_owner;

/// The layout of the folder that this program writes. A program refuses folders of a later one.
const FORMAT: u32 = 2;
const FORMAT_FILE: &str = "kugel-format";
const LOCK_FILE: &str = "kugel.lock";

/// Memory for documents that are kept parsed, for all services of the process together.
const CACHE_BYTES: u64 = 64 << 20;

/// A data folder that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// The path leads to something else.
    #[error("{} is not a folder: choose another data folder", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The operating system forbids writing.
    #[error("the data folder {} cannot be written: check its owner and permissions", path.display())]
    NotWritable {
        /// The path.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// Another process has it open.
    #[error(
        "the data folder {} is in use by process {owner}: stop that process or choose another folder",
        path.display()
    )]
    Locked {
        /// The path.
        path: PathBuf,
        /// The process id as the other process noted it.
        owner: String,
    },
    /// A later version of the program has written it.
    #[error(
        "the data folder {} has format {found}, this program knows formats up to {FORMAT}: use the newer program",
        path.display()
    )]
    NewerFormat {
        /// The path.
        path: PathBuf,
        /// The format found.
        found: u32,
    },
    /// The note on the format is not one.
    #[error("{} does not name a format: restore it from a backup, or write `1` into it", path.display())]
    UnreadableFormat {
        /// The path of the note.
        path: PathBuf,
    },
    /// The list of its databases is not there.
    #[error(
        "{} is gone, which lists the databases of the folder: put the last backup of the whole data folder in place, or, if \
         every other file is there, write `1` into {FORMAT_FILE}",
        path.display()
    )]
    ListGone {
        /// The path of the list.
        path: PathBuf,
    },
    /// The list of its databases is not one.
    #[error(
        "line {line} of {} does not name a database: put the last backup of the whole data folder in place, or mend the line",
        path.display()
    )]
    UnreadableList {
        /// The path of the list.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// Others can read a file, and that cannot be changed.
    #[error(
        "others can read {}, which belongs to another user: give it to the user that runs Kugel (chown), or take it from the \
         others (chmod o-rwx)",
        path.display()
    )]
    Exposed {
        /// The path.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// Something else went wrong.
    #[error("the data folder {} cannot be used", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
}

/// The folder of the databases, locked for this process until it is released or its last user is dropped. Cheap to
/// clone.
#[derive(Debug, Clone)]
pub struct DataDir(Arc<Inner>);

struct Inner {
    path: PathBuf,
    cache: Arc<Cache>,
    registry: Arc<Registry>,
    /// The stores open in it. Two of one service would keep two caches and serve stale documents.
    stores: Mutex<HashMap<String, Weak<StoreInner>>>,
    /// True if the folder goes with the last user of it.
    temporary: bool,
    /// The lock lasts as long as this handle. It is the last field, so that everything else is closed before.
    lock: File,
}

impl DataDir {
    /// Opens the folder, creating it if need be, and locks it. An interrupted process leaves no lock behind.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataDirError> {
        Self::lock(path.as_ref(), false)
    }

    /// Makes a folder of its own under the system's temporary folder and removes it with the last user of it.
    pub fn for_test() -> Result<Self, DataDirError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("kugel-test-{}-{number}", std::process::id()));
        // A killed process of the same id may have left its folder behind.
        let _ = fs::remove_dir_all(&path);
        Self::lock(&path, true)
    }

    /// Gives the folder up, so that it can be opened again. Every store in it must be closed before.
    pub fn release(&self) -> io::Result<()> {
        self.0.lock.unlock()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    fn lock(path: &Path, temporary: bool) -> Result<Self, DataDirError> {
        if path.exists() && !path.is_dir() {
            return Err(DataDirError::NotADirectory {
                path: path.to_owned(),
            });
        }
        let failed = |source: io::Error| failed(path, source);
        fs::create_dir_all(path).map_err(failed)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK_FILE))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                let _ = lock.read_to_string(&mut owner);
                let owner = if owner.trim().is_empty() {
                    "(unknown)"
                } else {
                    owner.trim()
                }
                .to_owned();
                return Err(DataDirError::Locked {
                    path: path.to_owned(),
                    owner,
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        lock.set_len(0)
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(failed)?;
        keep_to_owner(path)?;
        let registry = open_registry(path)?;
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            registry: Arc::new(registry),
            cache: Arc::new(Cache::new(CACHE_BYTES)),
            stores: Mutex::default(),
            temporary,
            lock,
        })))
    }

    pub(super) fn cache(&self) -> &Arc<Cache> {
        &self.0.cache
    }

    pub(super) fn registry(&self) -> &Arc<Registry> {
        &self.0.registry
    }

    /// The service's store if it is open, or the one that `open` makes.
    pub(super) fn store<E>(
        &self,
        service: &str,
        open: impl FnOnce() -> Result<Arc<StoreInner>, E>,
    ) -> Result<Arc<StoreInner>, E> {
        let mut stores = self.0.stores.lock();
        if let Some(store) = stores.get(service).and_then(Weak::upgrade)
            && !store.is_closed()
        {
            return Ok(store);
        }
        let store = open()?;
        stores.insert(service.to_owned(), Arc::downgrade(&store));
        Ok(store)
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.path.display())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.temporary {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn failed(path: &Path, source: io::Error) -> DataDirError {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => DataDirError::NotADirectory { path },
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            DataDirError::NotWritable { path, source }
        }
        _ => DataDirError::Io { path, source },
    }
}

/// Opens the list of the folder's databases, and notes the format in a folder that is new or of an earlier one: there is
/// no list yet, and every service adds what it finds.
fn open_registry(path: &Path) -> Result<Registry, DataDirError> {
    let format = format_of(path)?;
    let list = || path.join(LIST_FILE);
    let registry = Registry::open(path, format == Some(FORMAT)).map_err(|error| match error {
        Unlisted::Gone => DataDirError::ListGone { path: list() },
        Unlisted::Unreadable(line) => DataDirError::UnreadableList { path: list(), line },
        Unlisted::Io(source) => failed(path, source),
    })?;
    if format != Some(FORMAT) {
        note_format(path).map_err(|source| failed(path, source))?;
    }
    Ok(registry)
}

/// The format of a folder; `None` for a new one. Refuses a later one.
fn format_of(path: &Path) -> Result<Option<u32>, DataDirError> {
    let note = path.join(FORMAT_FILE);
    match fs::read_to_string(&note) {
        Ok(text) => match text.trim().parse::<u32>() {
            Ok(found) if found > FORMAT => Err(DataDirError::NewerFormat {
                path: path.to_owned(),
                found,
            }),
            Ok(found) => Ok(Some(found)),
            Err(_) => Err(DataDirError::UnreadableFormat { path: note }),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(DataDirError::UnreadableFormat { path: note })
        }
        Err(source) => Err(failed(path, source)),
    }
}

fn note_format(path: &Path) -> io::Result<()> {
    // Written aside and renamed: a crash in between must not leave an empty note.
    let draft = path.join("kugel-format.new");
    let mut file = File::create(&draft)?;
    writeln!(file, "{FORMAT}")?;
    file.sync_all()?;
    fs::rename(&draft, path.join(FORMAT_FILE))?;
    flush_folder(path)
}
