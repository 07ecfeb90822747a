//! The consumer's memory of what it has processed: marks of events, or the logs of events that it files, each under a key
//! of its own. Either is part of the commit of the effect.

use std::sync::Arc;

use kugel_store::{Changes, Collection, Document, Documents, Record, Scope, StoreError, Write};
use serde::{Deserialize, Serialize};

use crate::{Event, Failure};

/// One processed event. Its existence is all that counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessedEvent {
    /// The event.
    pub event_id: String,
    /// Its topic.
    pub topic: crate::Topic,
}

/// The ids of the events that a consumer has processed.
pub static PROCESSED_EVENTS: Collection = Collection {
    name: "processed_events",
    fields: &[],
    indexes: &[],
};

impl Record for ProcessedEvent {
    const COLLECTION: &'static Collection = &PROCESSED_EVENTS;
    fn id(&self) -> String {
        self.event_id.clone()
    }
}

/// Adds the mark of `event` to the commit of its effect. The commit then fails with a duplicate if the event was
/// processed before.
pub fn mark(changes: Changes, event: &Event) -> Changes {
    changes.append(&ProcessedEvent {
        event_id: event.id.to_string(),
        topic: event.topic,
    })
}

/// True if the commit failed because one of its events was processed before.
pub fn is_repetition(error: &StoreError) -> bool {
    error.is_duplicate_in(PROCESSED_EVENTS.name)
}

/// The events that were not processed before, in order, each once: what a batch is reduced to before it is folded.
pub async fn unprocessed(
    documents: &Documents,
    scope: &Scope,
    events: &[Arc<Event>],
) -> Result<Vec<Arc<Event>>, StoreError> {
    let ids: Vec<String> = events.iter().map(|event| event.id.to_string()).collect();
    let known = documents.get_many::<ProcessedEvent>(scope, &ids).await?;
    let mut seen = std::collections::HashSet::new();
    let fresh = events
        .iter()
        .zip(known)
        .filter(|(event, mark)| mark.is_none() && seen.insert(event.id.clone()));
    Ok(fresh.map(|(event, _)| event.clone()).collect())
}

/// Refuses a batch with an event whose shape this version does not know.
pub fn check_schema(events: &[Arc<Event>]) -> Result<(), Failure> {
    let unknown = events
        .iter()
        .find(|event| event.schema_version != Event::SCHEMA_VERSION);
    match unknown {
        Some(event) => Err(Failure::Malformed(format!(
            "schema version {} is not known",
            event.schema_version
        ))),
        None => Ok(()),
    }
}

/// What is left to do of a batch by a consumer that files logs.
#[derive(Debug, Default)]
pub struct Unfiled {
    /// The events whose logs they have not filed, in order, each once.
    pub events: Vec<Arc<Event>>,
    /// The logs that somebody posted under the keys of theirs: the events take their place.
    pub posted: Vec<Arc<Document>>,
}

/// Reduces a batch to what is left to do: see [`Unfiled`].
///
/// `logs` holds the write of each event's log, in its place. What bears the name of the `consumer` was filed by an event;
/// `check` is given that and the event that comes now, and may refuse the batch. What bears another name was posted.
pub async fn unfiled(
    documents: &Documents,
    scope: &Scope,
    consumer: &str,
    events: &[Arc<Event>],
    logs: &[Write],
    check: impl Fn(&Event, &Document) -> Result<(), Failure>,
) -> Result<Unfiled, Failure> {
    let filed = filed(documents, scope, logs).await?;
    let mut seen = std::collections::HashSet::new();
    let mut left = Unfiled::default();
    for (event, filed) in events.iter().zip(filed) {
        match filed {
            Some(filed) if filed.created_by == consumer => check(event, &filed)?,
            posted if seen.insert(&event.id) => {
                left.events.push(Arc::clone(event));
                left.posted.extend(posted);
            }
            _ => {}
        }
    }
    for posted in &left.posted {
        tracing::info!(log.key = %posted.id, author = %posted.created_by, "an event takes the place of a posted log");
    }
    Ok(left)
}

/// True if a commit failed because one of its logs is filed already.
pub fn is_filed(error: &StoreError, logs: &[&'static Collection]) -> bool {
    logs.iter().any(|logs| error.is_duplicate_in(logs.name))
}

/// Removes what a consumer has made of events, which is what bears its name, so that it can be made again.
pub async fn forget(
    documents: &Documents,
    scope: &Scope,
    consumer: &str,
    collections: &[&'static Collection],
) -> Result<(), StoreError> {
    for collection in collections {
        let stays = |document: &Document| document.created_by != consumer;
        documents.retain(scope, collection, stays).await?;
    }
    Ok(())
}

/// What is filed under the key of each log, in its place.
async fn filed(
    documents: &Documents,
    scope: &Scope,
    logs: &[Write],
) -> Result<Vec<Option<Arc<Document>>>, StoreError> {
    let mut filed = vec![None; logs.len()];
    let mut collections: Vec<&'static Collection> = logs.iter().map(|log| log.collection).collect();
    collections.sort_unstable_by_key(|collection| collection.name);
    collections.dedup_by_key(|collection| collection.name);
    for collection in collections {
        let places: Vec<usize> = (0..logs.len())
            .filter(|place| logs[*place].collection.name == collection.name)
            .collect();
        let ids: Vec<String> = places.iter().map(|place| logs[*place].id.clone()).collect();
        let found = documents.store().get_many(scope, collection, &ids).await?;
        for (place, document) in places.into_iter().zip(found) {
            filed[place] = document;
        }
    }
    Ok(filed)
}
