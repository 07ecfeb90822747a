//! Files logs: the log as it came but for its texts, and its journal entry, are one commit. The log has a key of its own,
//! so a second filing of it is refused.

use std::collections::HashSet;
use std::sync::Arc;

use kugel_bus::{Event, Failure, Topic, inbox};
use kugel_error::Error;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_store::{Action, Body, Changes, Collection, Document, Documents, Scope, StoreError, Write};

use crate::adapters::documents::{
    CASH_LOGS, Entry, OPEN_CLOSE_LOGS, TEXTS, TRANSACTION_LOGS, TransactionRecord, transaction_key,
};
use crate::app::ACTOR;

/// Files the logs of events of one tenant.
pub(crate) struct FileLogs {
    documents: Documents,
}

impl FileLogs {
    pub(crate) fn new(documents: Documents) -> Self {
        Self { documents }
    }

    pub(crate) fn documents(&self) -> &Documents {
        &self.documents
    }

    /// Files all events in one commit. That none of them was filed before is tried before it is asked: it is nearly
    /// always so, and asking costs a read for each event.
    pub(crate) async fn file(&self, scope: &Scope, events: &[Arc<Event>]) -> Result<(), Failure> {
        let logs = read_all(events)?;
        match self.documents.commit(scope, self.stage(logs)).await {
            Err(error) if is_filed(&error) => {
                let unfiled = self.unfiled(scope, events).await?;
                let logs = read_all(&unfiled)?;
                Ok(self.documents.commit(scope, self.stage(logs)).await?)
            }
            outcome => Ok(outcome?),
        }
    }

    fn stage(&self, logs: Vec<(Write, Entry)>) -> Changes {
        // The log comes first: of a repetition the store must say that its log is there.
        let stage = |changes: Changes, (log, entry): (Write, Entry)| changes.write(log).append(&entry);
        logs.into_iter().fold(self.documents.changes(ACTOR), stage)
    }

    /// The events that are not filed, in order, each once. A transaction that is filed already, by its event or because
    /// it was posted, is done with; a different one under the same number is for a person to look at, so it is neither
    /// dropped nor filed.
    async fn unfiled(&self, scope: &Scope, events: &[Arc<Event>]) -> Result<Vec<Arc<Event>>, Failure> {
        let logs: Vec<Write> = read_all(events)?.into_iter().map(|(log, _)| log).collect();
        let filed = inbox::filed(&self.documents, scope, &logs).await?;
        let mut seen = HashSet::new();
        let mut unfiled = Vec::new();
        for ((event, log), filed) in events.iter().zip(&logs).zip(filed) {
            match filed {
                Some(filed) if !is_same(&filed, event).map_err(malformed)? => {
                    let text = format!("another log is filed as transaction {}", log.id);
                    return Err(Failure::Malformed(text));
                }
                None if seen.insert(&event.id) => unfiled.push(Arc::clone(event)),
                _ => {}
            }
        }
        Ok(unfiled)
    }
}

/// Whether what is filed is the log of this event. Logs of cash and sessions are filed under the id of their event.
fn is_same(filed: &Document, event: &Event) -> Result<bool, Error> {
    if event.topic != Topic::TranlogReport {
        return Ok(true);
    }
    let filed: Arc<TransactionRecord> = parse(&filed.body)?;
    Ok(filed.is_same_as(&*parse(&event.body)?))
}

/// Files a transaction log that was posted. One that is filed already is kept as it is.
pub(crate) async fn post_transaction(
    documents: &Documents,
    scope: &Scope,
    actor: &str,
    log: TransactionLog,
) -> Result<(), Error> {
    let entry = Entry::of_transaction(&log)?;
    let changes = documents
        .changes(actor)
        .insert(TransactionRecord::of(log))
        .insert(entry);
    match documents.commit(scope, changes).await {
        Err(error) if !is_filed(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

fn is_filed(error: &StoreError) -> bool {
    [&TRANSACTION_LOGS, &CASH_LOGS, &OPEN_CLOSE_LOGS]
        .iter()
        .any(|collection| error.is_duplicate_in(collection.name))
}

fn read_all(events: &[Arc<Event>]) -> Result<Vec<(Write, Entry)>, Failure> {
    let logs = events.iter().map(|event| read(event));
    logs.collect::<Result<_, _>>().map_err(malformed)
}

fn malformed(error: Error) -> Failure {
    Failure::Malformed(error.to_string())
}

/// The log of an event, as it came, and its entry.
fn read(event: &Event) -> Result<(Write, Entry), Error> {
    let id = event.id.as_str();
    match event.topic {
        Topic::CashlogReport => {
            let log: Arc<CashLog> = parse(&event.body)?;
            Ok((
                insert(&CASH_LOGS, id.to_owned(), event),
                Entry::of_cash(&log, id)?,
            ))
        }
        Topic::OpencloselogReport => {
            let log: Arc<OpenCloseLog> = parse(&event.body)?;
            Ok((
                insert(&OPEN_CLOSE_LOGS, id.to_owned(), event),
                Entry::of_open_close(&log, id)?,
            ))
        }
        Topic::TranlogReport | Topic::TranlogStatus => {
            let log: Arc<TransactionLog> = parse(&event.body)?;
            Ok((
                Write {
                    collection: &TRANSACTION_LOGS,
                    id: transaction_key(&log),
                    action: Action::Append(event.body.without(TEXTS).map_err(unreadable)?),
                },
                Entry::of_transaction(&log)?,
            ))
        }
    }
}

fn insert(collection: &'static Collection, id: String, event: &Event) -> Write {
    Write {
        collection,
        id,
        action: Action::Append(event.body.clone()),
    }
}

fn parse<T: serde::de::DeserializeOwned + Send + Sync + 'static>(body: &Body) -> Result<Arc<T>, Error> {
    body.parse().map_err(unreadable)
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    kugel_error::codes::INVALID_INPUT.error(error.to_string())
}
