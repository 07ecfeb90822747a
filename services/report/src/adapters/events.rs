//! The consumer: what the tills log is filed and counted, each event once.

use std::sync::Arc;

use async_trait::async_trait;
use kugel_bus::{Bus, Event, Failure, Handler, Topic, inbox};
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_store::{Body, Documents, Scope, StoreError, Write};
use kugel_types::TenantId;

use super::documents::{CashDocument, LogDocument, OpenCloseDocument, TransactionDocument};
use crate::app::count_logs::{count, fold};
use crate::domain::session::Log;

/// Who changes documents when an event does.
pub const ACTOR: &str = "service:report";
/// What reports listen to.
pub const TOPICS: &[Topic] = &[
    Topic::TranlogReport,
    Topic::CashlogReport,
    Topic::OpencloselogReport,
];

/// Begins to consume.
pub fn subscribe(bus: &dyn Bus, documents: Documents) {
    bus.subscribe("report", TOPICS, Arc::new(LogHandler::new(documents)));
}

/// Counts the logs of events.
#[derive(Debug)]
pub struct LogHandler {
    documents: Documents,
}

/// The log of an event, parsed. The text is parsed once in the process, whoever of its consumers comes first.
enum Parsed {
    Transaction(Arc<TransactionLog>),
    Cash(Arc<CashLog>),
    OpenClose(Arc<OpenCloseLog>),
}

#[async_trait]
impl Handler for LogHandler {
    async fn handle(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        let scope = Scope::from(tenant);
        match self.count(&scope, events).await {
            Err(Refused::Store(error)) if inbox::is_repetition(&error) => {
                let fresh = inbox::unprocessed(&self.documents, &scope, events).await?;
                self.count(&scope, &fresh).await.or_else(Refused::failure)
            }
            // The log came another way, by REST: it is counted, and the event is done with.
            Err(Refused::Store(error)) if events.len() == 1 && is_filed(&error) => {
                let mark = inbox::mark(self.documents.changes(ACTOR), &events[0]);
                Ok(self.documents.commit(&scope, mark).await?)
            }
            result => result.or_else(Refused::failure),
        }
    }
}

impl LogHandler {
    /// Counts into `documents`.
    pub fn new(documents: Documents) -> Self {
        Self { documents }
    }

    /// What it counts into.
    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    async fn count(&self, scope: &Scope, events: &[Arc<Event>]) -> Result<(), Refused> {
        let parsed = events
            .iter()
            .map(|event| Parsed::of(event))
            .collect::<Result<Vec<_>, _>>()?;
        let logs = parsed.iter().map(Parsed::read).collect::<Result<Vec<_>, _>>()?;
        let changes = self.documents.changes(ACTOR);
        // The marks come first: of a repeated event it is the mark that must be found twice, not the log.
        let changes = events
            .iter()
            .fold(changes, |changes, event| inbox::mark(changes, event));
        let mut changes = changes;
        for (event, parsed) in events.iter().zip(&parsed) {
            let filed = parsed
                .filed(&event.body)
                .map_err(|error| Failure::Malformed(error.to_string()))?;
            changes = changes.write(filed);
        }
        Ok(count(&self.documents, scope, &changes, &fold(logs)).await?)
    }
}

impl Parsed {
    fn of(event: &Event) -> Result<Self, Failure> {
        if event.schema_version != Event::SCHEMA_VERSION {
            let text = format!("version {} of the event is not known here", event.schema_version);
            return Err(Failure::Malformed(text));
        }
        let parsed = match event.topic {
            Topic::TranlogReport => event.body.parse().map(Self::Transaction),
            Topic::CashlogReport => event.body.parse().map(Self::Cash),
            Topic::OpencloselogReport => event.body.parse().map(Self::OpenClose),
            Topic::TranlogStatus => {
                return Err(Failure::Malformed("nothing is counted of this topic".to_owned()));
            }
        };
        parsed.map_err(|error| Failure::Malformed(error.to_string()))
    }

    fn read(&self) -> Result<Log<'_>, Failure> {
        let log = match self {
            Self::Transaction(log) => TransactionDocument::read(log),
            Self::Cash(log) => CashDocument::read(log),
            Self::OpenClose(log) => OpenCloseDocument::read(log),
        };
        log.map_err(|error| Failure::Malformed(error.to_string()))
    }

    fn filed(&self, body: &Body) -> Result<Write, serde_json::Error> {
        match self {
            Self::Transaction(log) => TransactionDocument::filed(log, body),
            Self::Cash(log) => CashDocument::filed(log, body),
            Self::OpenClose(log) => OpenCloseDocument::filed(log, body),
        }
    }
}

fn is_filed(error: &StoreError) -> bool {
    ["transaction_logs", "cash_logs", "open_close_logs"]
        .iter()
        .any(|collection| error.is_duplicate_in(collection))
}

/// Why logs were not counted.
enum Refused {
    Store(StoreError),
    Event(Failure),
}

impl Refused {
    fn failure(self) -> Result<(), Failure> {
        Err(match self {
            Self::Store(error) => error.into(),
            Self::Event(failure) => failure,
        })
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Event(failure)
    }
}
