//! The one writer of a database: many commits, one flush.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::{Action, Collection, Commit, Document, StoreError, Write};

use super::cache::{Known, Trace, View};
use super::condition::Condition;
use super::connection::{broken_rule, failure};
use super::log::Log;
use super::opening::Place;
use super::registry::{Entry, Registry};
use super::rows::first;
use super::schema;
use super::sql::Statements;

/// What a write left behind.
struct Effect<'c> {
    collection: &'static str,
    id: &'c str,
    trace: Trace,
}

/// The effects of a commit, or why it was refused.
type Outcome<'c> = Result<Vec<Effect<'c>>, StoreError>;

/// How the commits of a batch share their transaction.
#[derive(Clone, Copy)]
enum Sharing {
    /// As they are: what a refused commit has written already cannot be undone by itself.
    Bare,
    /// Each within a savepoint of its own.
    Savepoints,
}

/// What became of a batch.
enum Attempt<'c> {
    /// Each commit has its outcome.
    Complete(Vec<Outcome<'c>>),
    /// A commit was refused after it had written: only savepoints can undo that.
    Spoilt,
}

/// Commits on their way into one transaction.
struct Batch<'c> {
    commits: &'c [Commit],
    /// Why collections cannot be written to.
    unprepared: HashMap<&'static str, StoreError>,
    view: &'c View,
    /// True if what the view knows of a key is still so unless its revision was raised: nothing is removed in between.
    is_steady: bool,
}

/// When and by whom a document is written.
pub(super) type Mark<'a> = (Timestamp, &'a str);

/// Owns the connection that writes. Whoever holds it is the writer.
pub(super) struct Writer {
    path: PathBuf,
    /// What the list calls it.
    name: String,
    registry: Arc<Registry>,
    condition: Arc<Condition>,
    pub(super) connection: Connection,
    /// The collections whose table and indexes are known to be there.
    statements: HashMap<&'static str, Statements>,
    log: Log,
    /// True once the list says that there is a log.
    is_listed_open: bool,
}

impl Writer {
    pub(super) fn new(
        place: Place,
        connection: Connection,
        registry: Arc<Registry>,
        condition: Arc<Condition>,
    ) -> Self {
        Self {
            log: Log::of(&place.path),
            path: place.path,
            name: place.name,
            registry,
            condition,
            connection,
            statements: HashMap::new(),
            is_listed_open: false,
        }
    }

    /// Makes commits durable in one transaction. A commit that is refused leaves the others untouched; if the
    /// transaction itself fails, all of them have failed.
    pub(super) fn commit_all(&mut self, commits: Vec<Commit>, view: &View) -> Vec<Result<(), StoreError>> {
        let count = commits.len();
        match self.transaction(&commits, view) {
            Ok(outcomes) => outcomes,
            Err(error) => {
                // Of other errors the database speaks itself, once.
                if let StoreError::Unavailable(_) = error {
                    tracing::error!(database.path = %self.path.display(), %error, commits = count, "commits failed");
                }
                self.roll_back();
                vec![Err(error); count]
            }
        }
    }

    /// Writes a page of the database as it is.
    pub(super) fn try_writing(&mut self) -> Result<(), StoreError> {
        self.open_log()?;
        self.rewrite_header()
    }

    /// Before the first commit: makes the log exist and the list say so. From then on a lost log is missed.
    fn open_log(&mut self) -> Result<(), StoreError> {
        if self.is_listed_open {
            return Ok(());
        }
        let entry = self.registry.get(&self.name);
        let entry = entry.ok_or_else(|| StoreError::Unavailable(format!("{} is not listed", self.name)))?;
        if !entry.is_open {
            self.rewrite_header()?;
            self.registry.put(&[(
                self.name.clone(),
                Entry {
                    is_open: true,
                    ..entry
                },
            )])?;
        }
        self.is_listed_open = true;
        Ok(())
    }

    /// The identity goes into the log with it, which tells the log from another database's.
    fn rewrite_header(&self) -> Result<(), StoreError> {
        let rewrite = || {
            let version: i32 = self
                .connection
                .query_row("pragma user_version", (), |row| row.get(0))?;
            self.connection.execute_batch(&format!(
                "begin immediate; pragma user_version = {version}; commit"
            ))
        };
        rewrite().map_err(|error| {
            self.roll_back();
            failure(&self.path, &error)
        })
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("rollback");
        }
    }

    /// True if there is something to tidy, as far as is known.
    pub(super) fn is_untidy(&mut self) -> bool {
        self.log.is_due(&self.connection)
    }

    /// Does what can wait until the answers are given.
    pub(super) fn tidy(&mut self) -> Result<(), StoreError> {
        self.condition.check()?;
        self.log.tend(&self.connection)
    }

    fn transaction(
        &mut self,
        commits: &[Commit],
        view: &View,
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let writes = || commits.iter().flat_map(|commit| &commit.writes);
        if writes().next().is_some() {
            self.open_log()?;
        }
        // A table made within a commit's savepoint would vanish with it, so tables come first.
        let mut unprepared = HashMap::new();
        for write in writes() {
            if let Err(error) = self.prepare(write.collection) {
                unprepared.insert(write.collection.name, error);
            }
        }
        let batch = Batch {
            commits,
            unprepared,
            view,
            is_steady: !writes().any(|write| matches!(write.action, Action::Delete(_))),
        };
        self.run("begin immediate")?;
        // Savepoints cost more than many a write, and hardly any commit is refused once it has written something.
        let mut attempt = self.apply_all(&batch, Sharing::Bare)?;
        if let Attempt::Spoilt = attempt {
            self.run("rollback")?;
            self.run("begin immediate")?;
            attempt = self.apply_all(&batch, Sharing::Savepoints)?;
        }
        let Attempt::Complete(outcomes) = attempt else {
            return Err(self.lost());
        };
        self.finish(&outcomes, view)?;
        Ok(outcomes.into_iter().map(|outcome| outcome.map(|_| ())).collect())
    }

    /// Ends the transaction and brings the cache up to date around it.
    fn finish(&self, outcomes: &[Outcome<'_>], view: &View) -> Result<(), StoreError> {
        let effects = || outcomes.iter().flatten().flatten();
        if effects().next().is_none() {
            return self.run("rollback");
        }
        let pending = view.begin(effects().map(|effect| (effect.collection, effect.id)));
        let committed = self.run("commit").and_then(|()| self.condition.is_in_place());
        let visible = effects().filter(|_| committed.is_ok());
        view.settle(
            pending,
            visible.map(|effect| (effect.collection, effect.id, effect.trace.clone())),
        );
        committed
    }

    /// Applies the commits one after the other. The error means that the whole transaction is lost.
    fn apply_all<'c>(&self, batch: &Batch<'c>, sharing: Sharing) -> Result<Attempt<'c>, StoreError> {
        let mut outcomes = Vec::with_capacity(batch.commits.len());
        for commit in batch.commits {
            let mut writes = commit.writes.iter();
            let refusal = writes.find_map(|write| batch.unprepared.get(write.collection.name));
            if let Some(error) = refusal {
                outcomes.push(Err(error.clone()));
                continue;
            }
            if let Sharing::Savepoints = sharing {
                self.run("savepoint one")?;
            }
            let mut effects = Vec::with_capacity(commit.writes.len());
            let applied = commit.writes.iter().try_for_each(|write| {
                self.apply(batch, commit, write)
                    .map(|effect| effects.push(effect))
            });
            if let Err(error) = &applied {
                if self.connection.is_autocommit() {
                    // A full disk or a read error has made SQLite roll everything back.
                    return Err(error.clone());
                }
                match sharing {
                    Sharing::Savepoints => self.run("rollback to one")?,
                    Sharing::Bare if effects.is_empty() => {}
                    Sharing::Bare => return Ok(Attempt::Spoilt),
                }
            }
            if let Sharing::Savepoints = sharing {
                self.run("release one")?;
            }
            outcomes.push(applied.map(|()| effects));
        }
        Ok(Attempt::Complete(outcomes))
    }

    fn apply<'c>(
        &self,
        batch: &Batch<'_>,
        commit: &Commit,
        write: &'c Write,
    ) -> Result<Effect<'c>, StoreError> {
        let (collection, id) = (write.collection, write.id.as_str());
        let Some(statements) = self.statements.get(collection.name) else {
            return Err(self.lost());
        };
        let mark = (commit.at, commit.actor.as_str());
        let stale = || StoreError::Stale {
            collection: collection.name,
            id: id.to_owned(),
        };
        let trace = match &write.action {
            Action::Insert(body) => self
                .insert(statements, id, mark, body)
                .map(|()| kept(first(id, mark, body))),
            Action::Append(body) => self.insert(statements, id, mark, body).map(|()| Trace::Forgotten),
            Action::Replace(body, expected) => {
                let known = batch.view.get(collection.name, id).and_then(Known::document);
                let before = known.filter(|before| batch.is_steady && before.revision == *expected);
                match self.replace(statements, id, mark, (body, *expected), before.as_deref()) {
                    Ok(None) => return Err(stale()),
                    Ok(Some(document)) => Ok(kept(document)),
                    Err(error) => Err(error),
                }
            }
            Action::Upsert(body) => self.upsert(statements, id, mark, body).map(|()| Trace::Forgotten),
            Action::Delete(expected) => match self.delete(statements, id, *expected) {
                Ok(0) if expected.is_some() => return Err(stale()),
                other => other.map(|_| Trace::Kept(Known::Absent)),
            },
            Action::Restore(document) => self
                .restore(statements, id, document)
                .map(|()| Trace::Kept(Known::Present(Arc::clone(document)))),
        };
        match trace {
            Ok(trace) => Ok(Effect {
                collection: collection.name,
                id,
                trace,
            }),
            Err(error) => Err(match broken_rule(collection, &error) {
                Some(index) => StoreError::Duplicate {
                    collection: collection.name,
                    index,
                },
                None => failure(&self.path, &error),
            }),
        }
    }

    /// Makes the collection's table and indexes if they are not there, and drops indexes no longer declared: an old
    /// unique one would go on refusing documents.
    pub(super) fn prepare(&mut self, collection: &'static Collection) -> Result<(), StoreError> {
        if self.statements.contains_key(collection.name) {
            return Ok(());
        }
        let made = schema::make(&mut self.connection, collection).map_err(|error| {
            match broken_rule(collection, &error) {
                Some(_) => StoreError::Unavailable(format!(
                    "{}: documents of {} break a unique index that is declared now: {error}",
                    self.path.display(),
                    collection.name
                )),
                None => failure(&self.path, &error),
            }
        });
        made?;
        self.statements
            .insert(collection.name, Statements::of(collection));
        Ok(())
    }

    fn run(&self, statement: &str) -> Result<(), StoreError> {
        let run = || self.connection.prepare_cached(statement)?.execute(());
        run().map(|_| ()).map_err(|error| failure(&self.path, &error))
    }

    fn lost(&self) -> StoreError {
        StoreError::Unavailable(format!("{}: the transaction was lost", self.path.display()))
    }
}

impl Drop for Writer {
    /// Copies the log into the file and has the list say that none is needed; only then SQLite may remove it.
    fn drop(&mut self) {
        if self.condition.is_broken() {
            return;
        }
        let close = || {
            self.log.copy_all(&self.connection)?;
            if let Some(entry) = self.registry.get(&self.name).filter(|entry| entry.is_open) {
                self.registry.put(&[(
                    self.name.clone(),
                    Entry {
                        is_open: false,
                        ..entry
                    },
                )])?;
            }
            let goes = self
                .connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
            goes.map_err(|error| failure(&self.path, &error))
        };
        if let Err(error) = close() {
            tracing::warn!(database.path = %self.path.display(), %error, "the write-ahead log stays for the next start");
        }
    }
}

fn kept(document: Document) -> Trace {
    Trace::Kept(Known::Present(Arc::new(document)))
}
