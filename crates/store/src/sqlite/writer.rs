//! The one writer of a database: many commits, one flush.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, ToSql, params};

use crate::{Action, Body, Collection, Commit, Document, Revision, StoreError, Write};

use super::cache::{Known, Trace, View};
use super::connection::{broken_rule, failure, instant};
use super::fields;
use super::log::Log;
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
type Mark<'a> = (Timestamp, &'a str);

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
        match self.transaction(&commits, view) {
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

    /// True if there is something to tidy, as far as is known.
    pub(super) fn is_untidy(&mut self) -> bool {
        self.log.is_due(&self.connection)
    }

    /// Does what can wait until the answers are given.
    pub(super) fn tidy(&mut self) {
        self.log.tend(&self.connection);
    }

    fn transaction(
        &mut self,
        commits: &[Commit],
        view: &View,
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let writes = || commits.iter().flat_map(|commit| &commit.writes);
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
        let committed = self.run("commit");
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

    fn insert(
        &self,
        statements: &Statements,
        id: &str,
        (at, actor): Mark<'_>,
        body: &Body,
    ) -> rusqlite::Result<()> {
        let indexed = fields::values(body.text(), &statements.indexed);
        let values = params![id, at.as_microsecond(), actor, body.text()];
        self.execute(&statements.insert, values, &indexed).map(|_| ())
    }

    /// Replaces a body; `None` if there is no such revision. `before` is the document as it was, if that is known.
    fn replace(
        &self,
        statements: &Statements,
        id: &str,
        (at, actor): Mark<'_>,
        (body, expected): (&Body, Revision),
        before: Option<&Document>,
    ) -> rusqlite::Result<Option<Document>> {
        let indexed = fields::values(body.text(), &statements.indexed);
        let is_same = |before: &Document| fields::values(before.body.text(), &statements.indexed) == indexed;
        let (statement, indexed) = if before.is_some_and(is_same) {
            (&statements.replace_body, [].as_slice())
        } else {
            (&statements.replace, indexed.as_slice())
        };
        let values = params![id, at.as_microsecond(), actor, body.text(), expected.get()];
        if self.execute(statement, values, indexed)? == 0 {
            return Ok(None);
        }
        let origin = match before {
            Some(before) => (before.created_at, before.created_by.clone()),
            None => {
                let mut origin = self.connection.prepare_cached(&statements.origin)?;
                origin.query_row([id], |row| Ok((instant(row.get(0)?, 0)?, row.get(1)?)))?
            }
        };
        Ok(Some(Document {
            revision: expected.next(),
            created_at: origin.0,
            updated_at: Some(at),
            created_by: origin.1,
            updated_by: Some(actor.to_owned()),
            ..first(id, (at, actor), body)
        }))
    }

    fn upsert(&self, statements: &Statements, id: &str, mark: Mark<'_>, body: &Body) -> rusqlite::Result<()> {
        let indexed = fields::values(body.text(), &statements.indexed);
        let values = params![id, mark.0.as_microsecond(), mark.1, body.text()];
        match self.execute(&statements.overwrite, values, &indexed)? {
            0 => self.insert(statements, id, mark, body),
            _ => Ok(()),
        }
    }

    /// Runs a statement on the document's own values and those of its indexed fields.
    fn execute(&self, statement: &str, values: &[&dyn ToSql], indexed: &[Value]) -> rusqlite::Result<usize> {
        let mut statement = self.connection.prepare_cached(statement)?;
        let all = values
            .iter()
            .copied()
            .chain(indexed.iter().map(|value| value as &dyn ToSql));
        for (place, value) in (1..).zip(all) {
            statement.raw_bind_parameter(place, value)?;
        }
        statement.raw_execute()
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
        let indexed = fields::values(document.body.text(), &statements.indexed);
        let values = params![
            id,
            document.revision.get(),
            document.created_at.as_microsecond(),
            document.updated_at.map(Timestamp::as_microsecond),
            document.created_by,
            document.updated_by,
            document.body.text()
        ];
        self.execute(&statements.restore, values, &indexed).map(|_| ())
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

fn kept(document: Document) -> Trace {
    Trace::Kept(Known::Present(Arc::new(document)))
}

/// The document as a commit inserts it.
fn first(id: &str, (at, actor): Mark<'_>, body: &Body) -> Document {
    Document {
        id: id.to_owned(),
        revision: Revision::FIRST,
        created_at: at,
        updated_at: None,
        created_by: actor.to_owned(),
        updated_by: None,
        body: body.clone(),
    }
}
