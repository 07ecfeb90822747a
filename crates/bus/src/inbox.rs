//! The consumer's memory of what it has processed: marks of events, or the logs of events that it files, each under a key
//! of its own. Either is part of the commit of the effect.

use std::sync::Arc;

use kugel_store::{Changes, Collection, Document, Documents, Record, Scope, StoreError, Write};
use serde::{Deserialize, Serialize};

use crate::Event;

/// One processed event. Its existence is all that counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessedEvent {
    event_id: String,
    topic: crate::Topic,
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

/// What is filed under the key of each log, in its place: tells a consumer that files logs which of them it has had.
pub async fn filed(
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
