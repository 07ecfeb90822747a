//! One open database file: a queue of commits in front of its writer, and a few connections that read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use rusqlite::{Connection, params_from_iter};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::{Collection, Commit, Document, Found, Query, StoreError};

use super::cache::{Known, Ticket, View};
use super::connection::{document, failure, instant, open_reader, open_writer};
use super::queue::{Job, Queue, Role, Work};
use super::sql;
use super::writer::Writer;
use super::{DataDir, stopping};

/// Connections that read at the same time.
const READERS: u32 = 4;
/// A commit that takes no longer may hold up what else its thread has to do.
const BRIEF: Duration = Duration::from_millis(1);
/// Rows of a query up to which they are kept in memory: a page somebody looks at, not a whole table passing by.
const KEPT_ROWS: u32 = 1000;

/// An open database.
///
/// Whoever finds its queue idle is the writer: on the spot while the database is quiet, and otherwise in the runtime's pool
/// for blocking work, until the queue is empty.
pub(super) struct Database {
    path: PathBuf,
    view: View,
    queue: Queue,
    /// Collections whose table and indexes are known to be there.
    ready: RwLock<HashSet<&'static str>>,
    idle_readers: Mutex<Vec<Connection>>,
    reading: Arc<Semaphore>,
    /// When it was used last, in ticks of its store.
    used: AtomicU64,
    /// True if the last batch was one commit and took no longer than [`BRIEF`].
    is_quiet: AtomicBool,
    /// Closed after the readers, since the last connection to close tidies the write-ahead log.
    /// None once the database is closed.
    writer: Mutex<Option<Writer>>,
    /// Keeps the folder locked, and in being, until the connections above are closed.
    _data_dir: DataDir,
}

impl Database {
    /// Opens the file, creating it if need be. Blocks.
    pub(super) fn open(path: PathBuf, data_dir: DataDir) -> Result<Self, StoreError> {
        let connection = open_writer(&path)?;
        Ok(Self {
            view: View::new(Arc::clone(data_dir.cache())),
            queue: Queue::new(),
            ready: RwLock::default(),
            idle_readers: Mutex::default(),
            reading: Arc::new(Semaphore::new(READERS as usize)),
            used: AtomicU64::new(0),
            is_quiet: AtomicBool::new(false),
            writer: Mutex::new(Some(Writer::new(path.clone(), connection))),
            path,
            _data_dir: data_dir,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
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

    pub(super) async fn get(
        self: &Arc<Self>,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Arc<Document>>, StoreError> {
        if let Some(known) = self.view.get(collection.name, id) {
            return Ok(known.document());
        }
        let id = id.to_owned();
        self.read(collection, move |database, connection| {
            database.fetch(connection, collection, &id)
        })
        .await
    }

    pub(super) async fn get_many(
        self: &Arc<Self>,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Arc<Document>>>, StoreError> {
        let known: Vec<_> = ids.iter().map(|id| self.view.get(collection.name, id)).collect();
        if known.iter().all(Option::is_some) {
            return Ok(known
                .into_iter()
                .map(|known| known.and_then(Known::document))
                .collect());
        }
        let ids = ids.to_vec();
        let fetch = move |database: &Self, connection: &Connection| {
            let fetch = |(known, id): (Option<Known>, &String)| match known {
                Some(known) => Ok(known.document()),
                None => database.fetch(connection, collection, id),
            };
            known.into_iter().zip(&ids).map(fetch).collect()
        };
        self.read(collection, fetch).await
    }

    pub(super) async fn find(
        self: &Arc<Self>,
        collection: &'static Collection,
        query: &Query,
    ) -> Result<Found, StoreError> {
        let rendered = sql::render(collection, query);
        let (page, counted) = (query.page, query.counted);
        self.read(collection, move |database, connection| {
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
        })
        .await
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

    /// Runs `work` on a connection that reads, in the pool for blocking work.
    async fn read<R: Send + 'static>(
        self: &Arc<Self>,
        collection: &'static Collection,
        work: impl FnOnce(&Self, &Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        if !self.ready.read().contains(collection.name) {
            self.submit(Work::Prepare(collection)).await?;
        }
        let turn = Arc::clone(&self.reading)
            .acquire_owned()
            .await
            .map_err(|_| stopping())?;
        let database = Arc::clone(self);
        let read = move || {
            let idle = database.idle_readers.lock().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => open_reader(&database.path)?,
            };
            let result = work(&database, &connection).map_err(|error| failure(&database.path, &error));
            database.idle_readers.lock().push(connection);
            drop(turn);
            result
        };
        spawn_blocking(read).await.unwrap_or_else(|_| Err(stopping()))
    }

    async fn submit(self: &Arc<Self>, work: Work) -> Result<(), StoreError> {
        let (role, answer) = self.queue.put(work).await?;
        if let Role::Writer = role {
            let shift = Shift {
                database: Arc::clone(self),
                finished: false,
            };
            // To wait for a thread takes as long again as a brief flush.
            if self.is_quiet.load(Ordering::Relaxed) {
                shift.begin();
            } else {
                spawn_blocking(move || shift.work());
            }
        }
        answer.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// Does the jobs and answers them.
    fn run(&self, writer: &mut Writer, batch: Vec<Job>) {
        let (mut commits, mut receipts) = (Vec::new(), Vec::with_capacity(batch.len()));
        for Job { work, receipt } in batch {
            match work {
                Work::Commit(commit) => {
                    commits.push(commit);
                    receipts.push(receipt);
                }
                Work::Prepare(collection) => {
                    let prepared = writer.prepare(collection);
                    if prepared.is_ok() {
                        self.ready.write().insert(collection.name);
                    }
                    receipt.answer(prepared);
                }
            }
        }
        if commits.is_empty() {
            return;
        }
        let (begun, is_alone) = (Instant::now(), commits.len() == 1);
        let outcomes = writer.commit_all(commits, &self.view);
        self.is_quiet
            .store(is_alone && begun.elapsed() < BRIEF, Ordering::Relaxed);
        for (outcome, receipt) in outcomes.into_iter().zip(receipts) {
            receipt.answer(outcome);
        }
    }
}

/// The time a writer is at work.
struct Shift {
    database: Arc<Database>,
    finished: bool,
}

impl Shift {
    /// Does what waits now, and leaves what came meanwhile, and what can wait, to the pool for blocking work.
    fn begin(mut self) {
        let database = Arc::clone(&self.database);
        if let Some(writer) = database.writer.lock().as_mut()
            && let Some(batch) = database.queue.next()
        {
            database.run(writer, batch);
            self.finished = !writer.is_untidy() && database.queue.rest();
        }
        if !self.finished {
            spawn_blocking(move || self.work());
        }
    }

    fn work(mut self) {
        let database = Arc::clone(&self.database);
        let mut writer = database.writer.lock();
        let Some(writer) = writer.as_mut() else { return };
        loop {
            writer.tidy();
            match database.queue.next() {
                Some(batch) => database.run(writer, batch),
                None => break,
            }
        }
        self.finished = true;
    }
}

impl Drop for Shift {
    fn drop(&mut self) {
        // The database was closed, or the runtime stopped before the writer began: whoever waits must hear of it.
        if !self.finished {
            self.database.queue.abandon();
        }
    }
}
