//! Files logs: the log as it came but for its texts, and its journal entry, are one commit. The log has a key of its own,
//! so a second filing of it is refused.

use std::sync::Arc;

use kugel_bus::{Event, Failure, Topic, inbox};
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_store::{Action, Body, Changes, Document, Documents, Scope, StoreError, Write};

use super::ACTOR;
use crate::records::{
    CASH_LOGS, Entry, JOURNALS, LOGS, OPEN_CLOSE_LOGS, TEXTS, TRANSACTION_LOGS, TransactionRecord,
    transaction_key,
};

/// What is filed.
pub(crate) const TOPICS: &[Topic] = &[
    Topic::TranlogReport,
    Topic::CashlogReport,
    Topic::OpencloselogReport,
];

/// Files the logs of events of one tenant.
pub(crate) struct FileLogs {
    pub(super) documents: Documents,
}

impl FileLogs {
    /// Files into `documents`.
    pub(crate) fn new(documents: Documents) -> Self {
        Self { documents }
    }

    /// Files all events in one commit. That none of them was filed before is tried before it is asked: it is nearly
    /// always so, and asking costs a read for each event.
    pub(crate) async fn file(&self, scope: &Scope, events: &[Arc<Event>]) -> Result<(), Failure> {
        let (logs, entries) = read_all(events)?;
        match self.commit(scope, &logs, &entries).await {
            Err(error) if inbox::is_filed(&error, &LOGS) => {
                let left = inbox::unfiled(&self.documents, scope, ACTOR, events, &logs, check_same).await?;
                let (logs, entries) = read_all(&left.events)?;
                let logs = left.posted.iter().flat_map(|posted| unpost(posted)).chain(logs);
                let logs: Vec<Write> = logs.collect();
                Ok(self.commit(scope, &logs, &entries).await?)
            }
            outcome => Ok(outcome?),
        }
    }

    async fn commit(&self, scope: &Scope, logs: &[Write], entries: &[Entry]) -> Result<(), StoreError> {
        // Logs come before entries: of a repetition the store must say that its log is there.
        let changes = self.documents.changes(ACTOR);
        let changes = logs.iter().cloned().fold(changes, Changes::write);
        let changes = entries.iter().fold(changes, Changes::append);
        self.documents.commit(scope, changes).await
    }
}

/// Takes out a log that was posted, and its entry.
fn unpost(posted: &Document) -> [Write; 2] {
    let entry = format!("transaction/{}", posted.id);
    [
        (&TRANSACTION_LOGS, posted.id.clone(), Some(posted.revision)),
        (&JOURNALS, entry, None),
    ]
    .map(|(collection, id, revision)| Write {
        collection,
        id,
        action: Action::Delete(revision),
    })
}

/// A transaction that its event has filed is done with. A different one under the same
/// number is for a person to look at, so it is neither dropped nor filed. Logs of cash and sessions are filed under the
/// id of their event.
fn check_same(event: &Event, filed: &Document) -> Result<(), Failure> {
    if event.topic != Topic::TranlogReport {
        return Ok(());
    }
    let log = parse::<TransactionLog>(&event.body)?;
    if parse::<TransactionRecord>(&filed.body)?.is_same_as(&log) {
        return Ok(());
    }
    let text = format!("another log is filed as transaction {}", filed.id);
    Err(Failure::Malformed(text))
}

fn read_all(events: &[Arc<Event>]) -> Result<(Vec<Write>, Vec<Entry>), Failure> {
    events.iter().map(|event| read(event)).collect()
}

/// The write that files the log of an event, as it came, and its entry.
fn read(event: &Event) -> Result<(Write, Entry), Failure> {
    let id = event.id.as_str();
    let (collection, id, body, entry) = match event.topic {
        Topic::CashlogReport => {
            let entry = Entry::of_cash(&*parse::<CashLog>(&event.body)?, id);
            (&CASH_LOGS, id.to_owned(), event.body.clone(), entry)
        }
        Topic::OpencloselogReport => {
            let entry = Entry::of_open_close(&*parse::<OpenCloseLog>(&event.body)?, id);
            (&OPEN_CLOSE_LOGS, id.to_owned(), event.body.clone(), entry)
        }
        Topic::TranlogReport | Topic::TranlogStatus | Topic::TerminalSecurity | Topic::StaffSecurity => {
            let log = parse::<TransactionLog>(&event.body)?;
            let body = event.body.without(TEXTS).map_err(malformed)?;
            (
                &TRANSACTION_LOGS,
                transaction_key(&log),
                body,
                Entry::of_transaction(&log),
            )
        }
    };
    let action = Action::Append(body);
    let write = Write {
        collection,
        id,
        action,
    };
    Ok((write, entry.map_err(malformed)?))
}

fn parse<T: serde::de::DeserializeOwned + Send + Sync + 'static>(body: &Body) -> Result<Arc<T>, Failure> {
    body.parse().map_err(malformed)
}

fn malformed(error: impl std::fmt::Display) -> Failure {
    Failure::Malformed(error.to_string())
}
