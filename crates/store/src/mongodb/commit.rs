//! Commits: a single document by itself, several in a transaction, and several commits in one.

use std::time::Duration;

use ::mongodb::bson::{Bson, Document, RawArrayBuf, RawDocumentBuf, doc, rawdoc};
use ::mongodb::error::{
    CommandError, Error, ErrorKind, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT,
    WriteError, WriteFailure,
};
use ::mongodb::options::ReadConcern;
use ::mongodb::{ClientSession, Database};
use backon::{BackoffBuilder as _, ExponentialBuilder};

use crate::StoreError;

use super::indexes;
use super::link::{Link, durable};
use super::statement::{Kind, Statement};

/// Statements sent as one command weigh this much at most; a command may be 16 MiB.
const COMMAND_BYTES: usize = 8 << 20;
/// How often a transaction whose connection broke begins again.
const BROKEN_CONNECTIONS: u32 = 2;
/// How often the outcome of a commit is asked for.
const UNKNOWN_OUTCOMES: u32 = 4;

/// Between two attempts that met another writer. Who waits too long is stopped by the limit of the whole commit.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(1))
    .with_max_delay(Duration::from_millis(32))
    .without_max_times()
    .with_jitter();

const WRITE_CONFLICT: i32 = 112;
const DUPLICATE_KEY: i32 = 11000;
/// The document would break its collection's rule: it is of another revision than the writer takes it for.
const BROKEN_RULE: i32 = 121;

/// Why a commit did not happen.
enum Setback {
    /// It never will.
    Refused(StoreError),
    /// Another writer was in the way: the same again may succeed.
    Conflict(String),
    /// The connection broke before it was done.
    Broken(Error),
    /// Nobody can tell whether it happened.
    Unknown(StoreError),
    /// One of several conditions in one command did not hold. Which one shows when each is a command of its own.
    Unclear,
}

/// Makes the changes, all or none. The collections are there.
pub(super) async fn run(
    link: &Link,
    database: &Database,
    statements: &[Statement],
) -> Result<(), StoreError> {
    let work = Work {
        link,
        database,
        statements,
    };
    match statements {
        [] => Ok(()),
        [statement] => work.alone(statement).await,
        _ => work.together().await,
    }
}

/// Tries once to make the changes of several commits in one transaction. No two of them touch the same document. `None`:
/// something was in the way, nothing was changed, and each commit has to be made by itself.
pub(super) async fn run_group(
    link: &Link,
    database: &Database,
    statements: &[Statement],
) -> Option<Result<(), StoreError>> {
    let work = Work {
        link,
        database,
        statements,
    };
    let mut session = match work.session().await {
        Ok(session) => session,
        Err(error) => return Some(Err(error)),
    };
    match work.attempt(&mut session, &work.steps(Merge::Freely)).await {
        Ok(()) => Some(Ok(())),
        Err(Setback::Unknown(error)) => Some(Err(error)),
        Err(Setback::Broken(error)) if is_absent(&error) => Some(Err(link.failure(&error))),
        Err(_) => None,
    }
}

/// Which statements may share a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Merge {
    /// None.
    Nowhere,
    /// Those of a collection, in their order.
    InOrder,
    /// Those of a collection that are of one kind: their order does not matter.
    Freely,
}

struct Work<'a> {
    link: &'a Link,
    database: &'a Database,
    statements: &'a [Statement],
}

/// Statements that are sent as one command.
struct Step {
    statements: Vec<usize>,
    command: RawDocumentBuf,
}

impl Work<'_> {
    /// One document needs no transaction. The driver repeats it under the same number if the answer is lost, and the
    /// server then tells what became of it instead of doing it twice.
    async fn alone(&self, statement: &Statement) -> Result<(), StoreError> {
        for pause in PAUSES.build() {
            let outcome = match self.send(statement).await {
                Ok(matched) => self.check(&[0], matched),
                Err(error) => Err(self.setback(error, Some(statement))),
            };
            match outcome {
                Ok(()) => return Ok(()),
                Err(Setback::Refused(error)) => return Err(error),
                Err(Setback::Broken(error)) => return Err(self.link.failure(&error)),
                Err(Setback::Conflict(reason)) => wait(pause, &reason).await,
                Err(Setback::Unclear | Setback::Unknown(_)) => break,
            }
        }
        Err(stale(statement))
    }

    /// Sends one statement; returns how many documents it met.
    async fn send(&self, statement: &Statement) -> Result<u64, Error> {
        let documents = self
            .database
            .collection::<RawDocumentBuf>(statement.collection.name);
        if statement.kind == Kind::Insert {
            return documents.insert_one(&statement.raw).await.map(|_| 1);
        }
        let mut parts = Document::try_from(statement.raw.as_ref())?;
        let key = parts
            .get_document_mut("q")
            .map(std::mem::take)
            .unwrap_or_default();
        match statement.kind {
            Kind::Delete | Kind::Remove => documents.delete_one(key).await.map(|result| result.deleted_count),
            Kind::Restore => {
                let document = statement.raw.get_document("u")?.to_owned();
                let result = documents.replace_one(key, document).upsert(true).await?;
                Ok(result.matched_count + u64::from(result.upserted_id.is_some()))
            }
            _ => {
                let update = match parts.remove("u") {
                    Some(Bson::Document(change)) => documents.update_one(key, change),
                    Some(Bson::Array(stages)) => {
                        let stages = stages.into_iter().filter_map(|stage| match stage {
                            Bson::Document(stage) => Some(stage),
                            _ => None,
                        });
                        documents.update_one(key, stages.collect::<Vec<_>>())
                    }
                    _ => documents.update_one(key, doc! {}),
                };
                let result = update.upsert(statement.kind == Kind::Put).await?;
                Ok(result.matched_count + u64::from(result.upserted_id.is_some()))
            }
        }
    }

    async fn together(&self) -> Result<(), StoreError> {
        let mut steps = self.steps(Merge::InOrder);
        let mut session = self.session().await?;
        let mut broken = 0;
        for pause in PAUSES.build() {
            match self.attempt(&mut session, &steps).await {
                Ok(()) => break,
                Err(Setback::Refused(error) | Setback::Unknown(error)) => return Err(error),
                Err(Setback::Conflict(reason)) => wait(pause, &reason).await,
                Err(Setback::Unclear) => steps = self.steps(Merge::Nowhere),
                Err(Setback::Broken(error)) => {
                    if is_absent(&error) || broken == BROKEN_CONNECTIONS {
                        return Err(self.link.failure(&error));
                    }
                    broken += 1;
                    // Dropping the old session ends its transaction, if there is anybody to end it.
                    session = self.session().await?;
                }
            }
        }
        Ok(())
    }

    async fn session(&self) -> Result<ClientSession, StoreError> {
        let start = self.database.client().start_session();
        // Nothing is read in it that would have to wait for what was written before.
        let session = start.causal_consistency(false).await;
        session.map_err(|error| self.link.failure(&error))
    }

    async fn attempt(&self, session: &mut ClientSession, steps: &[Step]) -> Result<(), Setback> {
        // The server hears of the beginning with the first command.
        let begun = session
            .start_transaction()
            .read_concern(ReadConcern::majority())
            .write_concern(durable())
            .await;
        begun.map_err(|error| self.setback(error, None))?;
        for step in steps {
            let command = self.database.run_raw_command(step.command.clone());
            let outcome = match command.session(&mut *session).await {
                Ok(reply) => self.read(step, &reply),
                Err(error) => Err(self.setback(error, None)),
            };
            if let Err(setback) = outcome {
                if !matches!(setback, Setback::Broken(_)) {
                    // The server may have done so already, and otherwise does by itself after a minute.
                    let _ = session.abort_transaction().await;
                }
                return Err(setback);
            }
        }
        let mut unknown = 0;
        loop {
            let Err(error) = session.commit_transaction().await else {
                return Ok(());
            };
            // The same commit may be sent as often as one likes: it happens once. Where nobody is, nobody answers.
            let is_unknown = error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) && !is_absent(&error);
            if !is_unknown || unknown == UNKNOWN_OUTCOMES {
                return Err(match self.setback(error, None) {
                    Setback::Refused(error) => Setback::Unknown(error),
                    setback => setback,
                });
            }
            unknown += 1;
        }
    }

    /// The commands of a transaction, as few as may be.
    fn steps(&self, merge: Merge) -> Vec<Step> {
        let mut groups: Vec<(Vec<usize>, usize)> = Vec::new();
        for (number, statement) in self.statements.iter().enumerate() {
            let size = statement.raw.as_bytes().len();
            let is_like = |first: &Statement| {
                first.collection.name == statement.collection.name
                    && (merge == Merge::InOrder || first.kind.command() == statement.kind.command())
            };
            // The last command that this can be part of.
            let last = groups.iter_mut().rev().find(|(members, _)| {
                members
                    .first()
                    .is_some_and(|first| is_like(&self.statements[*first]))
            });
            match last {
                Some((members, bytes))
                    if merge != Merge::Nowhere
                        && *bytes + size <= COMMAND_BYTES
                        && self.statements[members[0]].kind.command() == statement.kind.command() =>
                {
                    members.push(number);
                    *bytes += size;
                }
                _ => groups.push((vec![number], size)),
            }
        }
        let step = |(statements, _): (Vec<usize>, usize)| Step {
            command: self.command(&statements),
            statements,
        };
        groups.into_iter().map(step).collect()
    }

    fn command(&self, members: &[usize]) -> RawDocumentBuf {
        let first = &self.statements[members[0]];
        let mut list = RawArrayBuf::new();
        for member in members {
            list.push(self.statements[*member].raw.as_ref());
        }
        let name = first.collection.name;
        match first.kind.command() {
            ("insert", _) => rawdoc! { "insert": name, "ordered": true, "documents": list },
            ("update", _) => rawdoc! { "update": name, "ordered": true, "updates": list },
            _ => rawdoc! { "delete": name, "ordered": true, "deletes": list },
        }
    }

    /// Reads the server's answer to a step.
    fn read(&self, step: &Step, reply: &Document) -> Result<(), Setback> {
        let first = reply
            .get_array("writeErrors")
            .ok()
            .and_then(|errors| errors.first());
        if let Some(error) = first.and_then(|error| error.as_document()) {
            let index = error
                .get_i32("index")
                .ok()
                .and_then(|index| usize::try_from(index).ok());
            let member = index.and_then(|index| step.statements.get(index));
            let (code, message) = (
                error.get_i32("code").unwrap_or_default(),
                error.get_str("errmsg").unwrap_or_default(),
            );
            return Err(self.write_error(code, message, member.map(|member| &self.statements[*member])));
        }
        let matched = reply
            .get_i32("n")
            .ok()
            .and_then(|number| u64::try_from(number).ok());
        self.check(&step.statements, matched.unwrap_or_default())
    }

    /// Whether statements met as many documents as they have to.
    fn check(&self, members: &[usize], matched: u64) -> Result<(), Setback> {
        let (_, must_match) = self.statements[members[0]].kind.command();
        if !must_match || matched == members.len() as u64 {
            return Ok(());
        }
        let conditional =
            |member: &&usize| matches!(self.statements[**member].kind, Kind::Replace | Kind::Delete);
        let mut suspects = members.iter().filter(conditional);
        match (suspects.next(), suspects.next()) {
            (Some(only), None) => Err(Setback::Refused(stale(&self.statements[*only]))),
            _ => Err(Setback::Unclear),
        }
    }

    fn setback(&self, error: Error, statement: Option<&Statement>) -> Setback {
        match &*error.kind {
            ErrorKind::Write(WriteFailure::WriteError(WriteError { code, message, .. }))
            | ErrorKind::Command(CommandError { code, message, .. })
                if matches!(*code, DUPLICATE_KEY | WRITE_CONFLICT | BROKEN_RULE) =>
            {
                self.write_error(*code, message, statement)
            }
            ErrorKind::Command(_) if error.contains_label(TRANSIENT_TRANSACTION_ERROR) => {
                Setback::Conflict(error.kind.to_string())
            }
            _ if error.contains_label(TRANSIENT_TRANSACTION_ERROR) => Setback::Broken(error),
            _ => Setback::Refused(self.link.failure(&error)),
        }
    }

    /// What it means that the server refused a statement.
    fn write_error(&self, code: i32, message: &str, statement: Option<&Statement>) -> Setback {
        let index = message
            .split_once(" index: ")
            .and_then(|(_, rest)| rest.split_once(" dup key: "))
            .map(|(index, _)| index.trim());
        match (code, statement, index) {
            (WRITE_CONFLICT, ..) => Setback::Conflict(message.to_owned()),
            (BROKEN_RULE, Some(statement), _) => Setback::Refused(stale(statement)),
            (DUPLICATE_KEY, Some(statement), Some(index)) => {
                let index = indexes::label(statement.collection, index);
                let collection = statement.collection.name;
                match statement.kind {
                    // Somebody else has just added it, so now it can be changed.
                    Kind::Put | Kind::Restore if index == "id" => Setback::Conflict(message.to_owned()),
                    _ => Setback::Refused(StoreError::Duplicate { collection, index }),
                }
            }
            _ => Setback::Refused(StoreError::Unavailable(format!("MongoDB: {message}"))),
        }
    }
}

fn is_absent(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::ServerSelection { .. })
}

fn stale(statement: &Statement) -> StoreError {
    StoreError::Stale {
        collection: statement.collection.name,
        id: statement.id.clone(),
    }
}

async fn wait(pause: Duration, reason: &str) {
    tracing::debug!(?pause, reason, "another writer was in the way");
    tokio::time::sleep(pause).await;
}
