//! The one writer of a database: many commits, one flush.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{Action, Body, Collection, Commit, Document, Revision, StoreError, Write};

use super::cache::{Known, View};
use super::connection::{broken_rule, failure, instant};
use super::log::Log;
use super::sql::{self, Statements};

/// What a write left behind.
pub(super) struct Effect {
    collection: &'static str,
    id: String,
    /// The document under the key, or that there is none; absent if the cache is not to keep it.
    known: Option<Known>,
}

/// The effects of a commit, or why it was refused.
type Outcome = Result<Vec<Effect>, StoreError>;

/// Owns the connection that writes. Whoever holds it is the writer.
pub(super) struct Writer {
    path: PathBuf,
    connection: Connection,
    /// The collections whose table and indexes are known to be there.
    statements: HashMap<&'static str, Statements>,
    log: Log,
}

impl Writer {
    pub(super) fn new(path: PathBuf, connection: Connection) -> Self {
        Self {
            log: Log::of(&path),
            path,
            connection,
            statements: HashMap::new(),
        }
    }

    /// Makes commits durable in one transaction. A commit that is refused leaves the others untouched; if the
    /// transaction itself fails, all of them have failed.
    pub(super) fn commit_all(&mut self, commits: Vec<Commit>, view: &View) -> Vec<Result<(), StoreError>> {
        let count = commits.len();
        match self.transaction(commits, view) {
            Ok(outcomes) => outcomes,
            Err(error) => {
                tracing::error!(database.path = %self.path.display(), %error, commits = count, "commits failed");
                if !self.connection.is_autocommit() {
                    let _ = self.connection.execute_batch("rollback");
                }
                vec![Err(error); count]
            }
        }
    }

    /// Does what can wait until the answers are given.
    pub(super) fn tidy(&mut self) {
        self.log.tend(&self.connection);
    }

    fn transaction(
        &mut self,
        commits: Vec<Commit>,
        view: &View,
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        // A table made within a commit's savepoint would vanish with it, so tables come first.
        let mut unprepared = HashMap::new();
        for write in commits.iter().flat_map(|commit| &commit.writes) {
            if let Err(error) = self.prepare(write.collection) {
                unprepared.insert(write.collection.name, error);
            }
        }
        self.run("begin immediate")?;
        let alone = commits.len() == 1;
        let mut outcomes = Vec::with_capacity(commits.len());
        for commit in commits {
            let refusal = commit
                .writes
                .iter()
                .find_map(|write| unprepared.get(write.collection.name));
            outcomes.push(match refusal {
                Some(error) => Err(error.clone()),
                None => self.attempt(commit, alone)?,
            });
        }
        self.finish(&outcomes, view)?;
        Ok(outcomes.into_iter().map(|outcome| outcome.map(|_| ())).collect())
    }

    /// Ends the transaction and brings the cache up to date around it.
    fn finish(&self, outcomes: &[Outcome], view: &View) -> Result<(), StoreError> {
        let effects = || outcomes.iter().flatten().flatten();
        if effects().next().is_none() {
            return self.run("rollback");
        }
        let pending = view.begin(effects().map(|effect| (effect.collection, effect.id.as_str())));
        let committed = self.run("commit");
        let visible = effects().filter(|_| committed.is_ok());
        view.settle(
            pending,
            visible.map(|effect| (effect.collection, effect.id.as_str(), effect.known.clone())),
        );
        committed
    }

    /// Applies one commit. The outer error means that the whole transaction is lost.
    fn attempt(&self, commit: Commit, alone: bool) -> Result<Outcome, StoreError> {
        // One statement undoes itself, and a commit that is alone goes with its transaction: both save two statements.
        let guarded = !alone && commit.writes.len() > 1;
        if guarded {
            self.run("savepoint one")?;
        }
        let Commit { writes, at, actor } = commit;
        let outcome: Outcome = writes
            .into_iter()
            .map(|write| self.apply(write, at, &actor))
            .collect();
        if outcome.is_err() {
            if self.connection.is_autocommit() {
                // A full disk or a read error has made SQLite roll everything back.
                return Err(outcome.err().unwrap_or_else(|| self.lost()));
            }
            if guarded {
                self.run("rollback to one")?;
            }
        }
        if guarded {
            self.run("release one")?;
        }
        Ok(outcome)
    }

    fn apply(&self, write: Write, at: Timestamp, actor: &str) -> Result<Effect, StoreError> {
        let Write {
            collection,
            id,
            action,
        } = write;
        let Some(statements) = self.statements.get(collection.name) else {
            return Err(self.lost());
        };
        let known = match action {
            Action::Insert(body) => self
                .insert(statements, &id, at, actor, &body)
                .map(|()| kept(inserted(&id, at, actor, body))),
            Action::Append(body) => self.insert(statements, &id, at, actor, &body).map(|()| None),
            Action::Replace(body, expected) => {
                let replaced = self.replace(statements, &id, at, actor, (body, expected));
                match replaced {
                    Ok(None) => {
                        return Err(StoreError::Stale {
                            collection: collection.name,
                            id,
                        });
                    }
                    other => other.map(|document| document.and_then(kept)),
                }
            }
            Action::Upsert(body) => self.upsert(statements, &id, at, actor, body).map(kept),
            Action::Delete(expected) => match self.delete(statements, &id, expected) {
                Ok(0) if expected.is_some() => {
                    return Err(StoreError::Stale {
                        collection: collection.name,
                        id,
                    });
                }
                other => other.map(|_| Some(None)),
            },
            Action::Restore(document) => self
                .restore(statements, &id, &document)
                .map(|()| Some(Some(document))),
        };
        match known {
            Ok(known) => Ok(Effect {
                collection: collection.name,
                id,
                known,
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

    fn insert(
        &self,
        statements: &Statements,
        id: &str,
        at: Timestamp,
        actor: &str,
        body: &Body,
    ) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached(&statements.insert)?;
        insert.execute(params![id, at.as_microsecond(), actor, body.text()])?;
        Ok(())
    }

    fn replace(
        &self,
        statements: &Statements,
        id: &str,
        at: Timestamp,
        actor: &str,
        (body, expected): (Body, Revision),
    ) -> rusqlite::Result<Option<Document>> {
        let mut replace = self.connection.prepare_cached(&statements.replace)?;
        let values = params![id, at.as_microsecond(), actor, body.text(), expected.get()];
        let created = replace
            .query_row(values, |row| Ok((instant(row.get(0)?, 0)?, row.get(1)?)))
            .optional()?;
        Ok(created.map(|created| updated(id, expected.next(), created, (at, actor), body)))
    }

    fn upsert(
        &self,
        statements: &Statements,
        id: &str,
        at: Timestamp,
        actor: &str,
        body: Body,
    ) -> rusqlite::Result<Document> {
        let mut upsert = self.connection.prepare_cached(&statements.upsert)?;
        let values = params![id, at.as_microsecond(), actor, body.text()];
        let (revision, created) = upsert.query_row(values, |row| {
            Ok((
                Revision::new(row.get(0)?),
                (instant(row.get(1)?, 1)?, row.get(2)?),
            ))
        })?;
        Ok(if revision == Revision::FIRST {
            inserted(id, at, actor, body)
        } else {
            updated(id, revision, created, (at, actor), body)
        })
    }

    fn delete(
        &self,
        statements: &Statements,
        id: &str,
        expected: Option<Revision>,
    ) -> rusqlite::Result<usize> {
        match expected {
            Some(revision) => self
                .connection
                .prepare_cached(&statements.delete_expected)?
                .execute(params![id, revision.get()]),
            None => self
                .connection
                .prepare_cached(&statements.delete)?
                .execute(params![id]),
        }
    }

    fn restore(&self, statements: &Statements, id: &str, document: &Document) -> rusqlite::Result<()> {
        let mut restore = self.connection.prepare_cached(&statements.restore)?;
        restore.execute(params![
            id,
            document.revision.get(),
            document.created_at.as_microsecond(),
            document.updated_at.map(Timestamp::as_microsecond),
            document.created_by,
            document.updated_by,
            document.body.text()
        ])?;
        Ok(())
    }

    /// Makes the collection's table and indexes if they are not there, and drops indexes no longer declared: an old
    /// unique one would go on refusing documents.
    pub(super) fn prepare(&mut self, collection: &'static Collection) -> Result<(), StoreError> {
        if self.statements.contains_key(collection.name) {
            return Ok(());
        }
        let made =
            make(&mut self.connection, collection).map_err(|error| match broken_rule(collection, &error) {
                Some(_) => StoreError::Unavailable(format!(
                    "{}: documents of {} break a unique index that is declared now: {error}",
                    self.path.display(),
                    collection.name
                )),
                None => failure(&self.path, &error),
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

fn make(connection: &mut Connection, collection: &Collection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(&sql::create_table(collection))?;
    let declared: Vec<String> = collection
        .indexes
        .iter()
        .map(|index| sql::index_name(collection, index))
        .collect();
    let found: Vec<String> = transaction
        .prepare("select name from sqlite_master where type = 'index' and tbl_name = ?1 and sql is not null")?
        .query_map([collection.name], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for name in found.iter().filter(|name| !declared.contains(name)) {
        transaction.execute_batch(&format!("drop index \"{name}\""))?;
    }
    for index in collection.indexes {
        transaction.execute_batch(&sql::create_index(collection, index))?;
    }
    transaction.commit()
}

/// The cache is to know of the document.
fn kept(document: Document) -> Option<Known> {
    Some(Some(Arc::new(document)))
}

fn inserted(id: &str, at: Timestamp, actor: &str, body: Body) -> Document {
    Document {
        id: id.to_owned(),
        revision: Revision::FIRST,
        created_at: at,
        updated_at: None,
        created_by: actor.to_owned(),
        updated_by: None,
        body,
    }
}

fn updated(
    id: &str,
    revision: Revision,
    (created_at, created_by): (Timestamp, String),
    (at, actor): (Timestamp, &str),
    body: Body,
) -> Document {
    Document {
        id: id.to_owned(),
        revision,
        created_at,
        updated_at: Some(at),
        created_by,
        updated_by: Some(actor.to_owned()),
        body,
    }
}
