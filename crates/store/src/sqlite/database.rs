//! One open database file: a queue of commits in front of its writer, and a few connections that read.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use rusqlite::{Connection, params_from_iter};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::{Collection, Commit, Document, Found, Query, StoreError};

use super::cache::{Known, Ticket, View};
use super::condition::Condition;
use super::connection::{document, failure, instant, open_reader};
use super::opening::{self, Place};
use super::queue::{Queue, Work};
use super::writer::Writer;
use super::{DataDir, stopping};
use super::{schema, sql};

/// Connections that read at the same time.
const READERS: u32 = 4;
/// Rows of a query up to which they are kept in memory: a page somebody looks at, not a whole table passing by.
const KEPT_ROWS: u32 = 1000;

/// An open database.
///
/// Whoever finds its queue idle is the writer: on the spot while the database is quiet, and otherwise in the runtime's pool
/// for blocking work, until the queue is empty.
pub(super) struct Database {
    path: PathBuf,
    pub(super) condition: Arc<Condition>,
    pub(super) view: View,
    pub(super) queue: Queue,
    /// Collections whose table and indexes are known to be there.
    pub(super) ready: RwLock<HashSet<&'static str>>,
    idle_readers: Mutex<Vec<Connection>>,
    reading: Arc<Semaphore>,
    /// When it was used last, in ticks of its store.
    used: AtomicU64,
    /// True if the last batch was one commit and was brief.
    pub(super) is_quiet: AtomicBool,
    /// Closed after the readers, since the last connection to close tidies the write-ahead log.
    /// None once the database is closed.
    pub(super) writer: Mutex<Option<Writer>>,
    /// Keeps the folder locked, and in being, until the connections above are closed.
    _data_dir: DataDir,
}

impl Database {
    /// Opens the file; `None` if there is none and none is to be made. Blocks.
    pub(super) fn open(place: Place, data_dir: DataDir, create: bool) -> Result<Option<Self>, StoreError> {
        let Some(connection) = opening::open(&place, data_dir.registry(), create)? else {
            return Ok(None);
        };
        let condition = Arc::new(Condition::of(&place.path)?);
        tracing::debug!(database.path = %place.path.display(), "database opened");
        Ok(Some(Self {
            path: place.path.clone(),
            view: View::new(Arc::clone(data_dir.cache())),
            queue: Queue::new(),
            ready: RwLock::default(),
            idle_readers: Mutex::default(),
            reading: Arc::new(Semaphore::new(READERS as usize)),
            used: AtomicU64::new(0),
            is_quiet: AtomicBool::new(false),
            writer: Mutex::new(Some(Writer::new(
                place,
                connection,
                Arc::clone(data_dir.registry()),
                Arc::clone(&condition),
            ))),
            condition,
            _data_dir: data_dir,
        }))
    }

    pub(super) fn touch(&self, tick: u64) {
        self.used.store(tick, Ordering::Relaxed);
    }

    pub(super) fn last_used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Waits for reads and commits under way, then closes the connections, the writer's last.
    pub(super) async fn close(self: Arc<Self>) {
        // An empty commit is answered after all that were queued before it.
        let nothing = Commit {
            writes: Vec::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
            actor: String::new(),
        };
        let _ = self.commit(nothing).await;
        let _all = self.reading.acquire_many(READERS).await;
        self.reading.close();
        let database = Arc::clone(&self);
        let close = move || {
            database.idle_readers.lock().clear();
            drop(database.writer.lock().take());
        };
        let _ = spawn_blocking(close).await;
    }

    /// Queues a commit and waits until it is durable or refused.
    pub(super) async fn commit(self: &Arc<Self>, commit: Commit) -> Result<(), StoreError> {
        self.submit(Work::Commit(commit)).await
    }

    /// Succeeds if the files are in place and, where the last commit found no room, if there is room again.
    pub(super) async fn ping(self: &Arc<Self>) -> Result<(), StoreError> {
        self.condition.check()?;
        self.condition.judge(self.condition.is_in_place())?;
        if self.condition.is_full() {
            self.submit(Work::Trial).await?;
        }
        Ok(())
    }

    pub(super) async fn get(
        self: &Arc<Self>,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Arc<Document>>, StoreError> {
        self.condition.check()?;
        if let Some(known) = self.view.get(collection.name, id) {
            return Ok(known.document());
        }
        let id = id.to_owned();
        let found = self.read(collection, move |database, connection| {
            database.fetch(connection, collection, &id)
        });
        Ok(found.await?.flatten())
    }

    pub(super) async fn get_many(
        self: &Arc<Self>,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Arc<Document>>>, StoreError> {
        self.condition.check()?;
        let known: Vec<_> = ids.iter().map(|id| self.view.get(collection.name, id)).collect();
        if known.iter().all(Option::is_some) {
            return Ok(known
                .into_iter()
                .map(|known| known.and_then(Known::document))
                .collect());
        }
        let (count, ids) = (ids.len(), ids.to_vec());
        let fetch = move |database: &Self, connection: &Connection| {
            let fetch = |(known, id): (Option<Known>, &String)| match known {
                Some(known) => Ok(known.document()),
                None => database.fetch(connection, collection, id),
            };
            known.into_iter().zip(&ids).map(fetch).collect()
        };
        let found = self.read(collection, fetch).await?;
        Ok(found.unwrap_or_else(|| vec![None; count]))
    }

    pub(super) async fn find(
        self: &Arc<Self>,
        collection: &'static Collection,
        query: &Query,
    ) -> Result<Found, StoreError> {
        let rendered = sql::render(collection, query);
        let (page, counted) = (query.page, query.counted);
        let found = self.read(collection, move |database, connection| {
            // One transaction, so that the page and the count see the same documents.
            let transaction = connection.unchecked_transaction()?;
            let keep = (1..=KEPT_ROWS).contains(&page.limit);
            let documents = database.rows(&transaction, collection, &rendered, keep)?;
            let rows = documents.len() as u64;
            let is_last = page.limit == 0 || (rows < u64::from(page.limit) && (rows > 0 || page.skip() == 0));
            let total = if is_last || !counted {
                page.skip() * u64::from(page.limit > 0) + rows
            } else {
                let mut count = transaction.prepare_cached(&rendered.count)?;
                count
                    .query_row(params_from_iter(&rendered.values), |row| row.get::<_, i64>(0))?
                    .unsigned_abs()
            };
            Ok(Found { documents, total })
        });
        Ok(found.await?.unwrap_or(Found {
            documents: Vec::new(),
            total: 0,
        }))
    }

    /// Reads one document and keeps it. Blocks.
    fn fetch(
        &self,
        connection: &Connection,
        collection: &'static Collection,
        id: &str,
    ) -> rusqlite::Result<Option<Arc<Document>>> {
        let ticket = self.view.ticket(collection.name, id);
        let mut select = connection.prepare_cached(&sql::select_one(collection))?;
        let found = select
            .query_map([id], document)?
            .next()
            .transpose()?
            .map(Arc::new);
        self.view.fill(collection.name, id, ticket, found.clone().into());
        Ok(found)
    }

    /// Reads the rows of a query. A document that is in memory at the same revision is taken from there, parsed as it
    /// is, before its body is even read.
    fn rows(
        &self,
        connection: &Connection,
        collection: &'static Collection,
        rendered: &sql::Rendered,
        keep: bool,
    ) -> rusqlite::Result<Vec<Arc<Document>>> {
        let tickets: Vec<Ticket> = if keep { self.view.tickets() } else { Vec::new() };
        let mut select = connection.prepare_cached(&rendered.page)?;
        let mut rows = select.query(params_from_iter(&rendered.values))?;
        let mut documents = Vec::new();
        while let Some(row) = rows.next()? {
            let (revision, created_at) = (row.get::<_, i64>(1)?, instant(row.get(2)?, 2)?);
            let known = self
                .view
                .get(collection.name, row.get_ref(0)?.as_str()?)
                .and_then(Known::document);
            documents.push(match known {
                Some(known) if known.revision.get() == revision && known.created_at == created_at => known,
                _ => {
                    let fresh = Arc::new(document(row)?);
                    if keep {
                        self.view.fill_found(collection.name, &tickets, &fresh);
                    }
                    fresh
                }
            });
        }
        Ok(documents)
    }

    /// Runs `work` on a connection that reads, in the pool for blocking work; `None` if the collection has no table and there
    /// is no room for one.
    async fn read<R: Send + 'static>(
        self: &Arc<Self>,
        collection: &'static Collection,
        work: impl FnOnce(&Self, &Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<Option<R>, StoreError> {
        self.condition.check()?;
        if !self.ready.read().contains(collection.name) {
            match self.submit(Work::Prepare(collection)).await {
                Err(full @ StoreError::Full(_)) => {
                    let has_table =
                        self.on_reader(move |_, connection| schema::is_made(connection, collection));
                    return if has_table.await? { Err(full) } else { Ok(None) };
                }
                prepared => prepared?,
            }
        }
        self.on_reader(work).await.map(Some)
    }

    async fn on_reader<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self, &Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        let turn = Arc::clone(&self.reading)
            .acquire_owned()
            .await
            .map_err(|_| stopping())?;
        let database = Arc::clone(self);
        let read = move || {
            let idle = database.idle_readers.lock().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => {
                    let opened = open_reader(&database.path);
                    let opened = opened.or_else(|error| database.condition.is_in_place().and(Err(error)));
                    database.condition.judge(opened)?
                }
            };
            let result = work(&database, &connection).map_err(|error| failure(&database.path, &error));
            let result = database.condition.judge(result);
            database.idle_readers.lock().push(connection);
            drop(turn);
            result
        };
        spawn_blocking(read).await.unwrap_or_else(|_| Err(stopping()))
    }
}
