//! The consumer: what the tills log is filed and counted, each event once.

use std::collections::HashSet;
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
            // Filed by its event, or because it was posted: either way it is counted, and the event is done with.
            Err(Refused::Store(error)) if is_filed(&error) => {
                let unfiled = self.unfiled(&scope, events).await?;
                self.count(&scope, &unfiled).await.or_else(Refused::failure)
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

    /// That none of the logs was filed before is tried before it is asked: it is nearly always so.
    async fn count(&self, scope: &Scope, events: &[Arc<Event>]) -> Result<(), Refused> {
        let parsed = events
            .iter()
            .map(|event| Parsed::of(event))
            .collect::<Result<Vec<_>, _>>()?;
        let logs = parsed.iter().map(Parsed::read).collect::<Result<Vec<_>, _>>()?;
        // The logs come first: of a repeated event the store must say that its log is there.
        let mut changes = self.documents.changes(ACTOR);
        for (event, parsed) in events.iter().zip(&parsed) {
            changes = changes.write(parsed.filed(&event.body)?);
        }
        Ok(count(&self.documents, scope, &changes, &fold(logs)).await?)
    }

    /// The events that are not filed, in order, each once.
    async fn unfiled(&self, scope: &Scope, events: &[Arc<Event>]) -> Result<Vec<Arc<Event>>, Failure> {
        let log = |event: &Arc<Event>| Parsed::of(event)?.filed(&event.body);
        let logs: Vec<Write> = events.iter().map(log).collect::<Result<_, _>>()?;
        let filed = inbox::filed(&self.documents, scope, &logs).await?;
        let mut seen = HashSet::new();
        let unfiled = events
            .iter()
            .zip(filed)
            .filter(|(event, filed)| filed.is_none() && seen.insert(&event.id));
        Ok(unfiled.map(|(event, _)| Arc::clone(event)).collect())
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

    fn filed(&self, body: &Body) -> Result<Write, Failure> {
        let filed = match self {
            Self::Transaction(log) => TransactionDocument::filed(log, body),
            Self::Cash(log) => CashDocument::filed(log, body),
            Self::OpenClose(log) => OpenCloseDocument::filed(log, body),
        };
        filed.map_err(|error| Failure::Malformed(error.to_string()))
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
