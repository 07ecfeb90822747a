//! The consumer's memory of what it has processed.

use std::sync::Arc;

use kugel_store::{Changes, Collection, Documents, Record, Scope, StoreError};
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
