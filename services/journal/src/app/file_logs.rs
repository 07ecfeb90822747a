//! Files logs: the log as it came but for its texts, its journal entry and, for an event, its inbox mark are one commit.

use std::sync::Arc;

use kugel_bus::{Event, Failure, Topic, inbox};
use kugel_error::Error;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_store::{Action, Body, Changes, Collection, Documents, Scope, StoreError, Write};

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

    /// Files all events in one commit. That none of them was seen before is tried before it is asked: it is nearly
    /// always so, and asking costs a read for each event.
    pub(crate) async fn file(&self, scope: &Scope, events: &[Arc<Event>]) -> Result<(), Failure> {
        let Err(error) = self.documents.commit(scope, self.stage(events)?).await else {
            return Ok(());
        };
        if inbox::is_repetition(&error) {
            let fresh = inbox::unprocessed(&self.documents, scope, events).await?;
            return Ok(self.documents.commit(scope, self.stage(&fresh)?).await?);
        }
        match events {
            [event] if is_filed(&error) => self.confirm(scope, event).await,
            _ => Err(error.into()),
        }
    }

    fn stage(&self, events: &[Arc<Event>]) -> Result<Changes, Failure> {
        let mut changes = self.documents.changes(ACTOR);
        for event in events {
            let (log, entry) = read(event).map_err(|error| Failure::Malformed(error.to_string()))?;
            // The mark comes first: of a repeated event the store must say that, and not that its log is there.
            changes = inbox::mark(changes, event).write(log).append(&entry);
        }
        Ok(changes)
    }

    /// A transaction that is filed already, but not by this event, was posted by REST. The same log is done with; a
    /// different one under the same number is for a person to look at, so it is neither dropped nor filed.
    async fn confirm(&self, scope: &Scope, event: &Event) -> Result<(), Failure> {
        let log: Arc<TransactionLog> = event
            .body
            .parse()
            .map_err(|error| Failure::Malformed(error.to_string()))?;
        let filed = self
            .documents
            .get::<TransactionRecord>(scope, &transaction_key(&log))
            .await?;
        if filed.is_some_and(|filed| filed.is_same_as(&log)) {
            return Ok(self
                .documents
                .commit(scope, inbox::mark(self.documents.changes(ACTOR), event))
                .await?);
        }
        Err(Failure::Malformed(format!(
            "another log is filed as transaction {}",
            transaction_key(&log)
        )))
    }
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
    error.is_duplicate_in(TRANSACTION_LOGS.name)
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
