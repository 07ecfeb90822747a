//! The port: how events reach their consumers.

use std::sync::Arc;

use async_trait::async_trait;
use kugel_types::{EventId, TenantId};

use crate::{Change, Event, Topic};

/// Why a consumer did not process events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Another try may succeed: the database was away, or somebody else changed the same document.
    #[error("{0}")]
    Transient(String),
    /// It will never succeed: the event is parked with this reason, and its neighbours pass.
    #[error("{0}")]
    Malformed(String),
}

impl From<kugel_store::StoreError> for Failure {
    fn from(error: kugel_store::StoreError) -> Self {
        match error {
            kugel_store::StoreError::Malformed { .. } => Self::Malformed(error.to_string()),
            _ => Self::Transient(error.to_string()),
        }
    }
}

/// A consumer's effect.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Processes events of one tenant, in order, all or none: the effects and the inbox marks are one commit.
    async fn handle(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure>;
}

/// What became of an event at one consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The event.
    pub event_id: EventId,
    /// The topic it was published on: tells which producer waits for it.
    pub topic: Topic,
    /// Whose event it is.
    pub tenant: TenantId,
    /// The consumer.
    pub service: String,
    /// `None`: the effect is durable. Otherwise why it is not.
    pub failure: Option<String>,
}

/// Receives acknowledgements. Never blocks.
pub type AcknowledgementListener = Box<dyn Fn(Vec<Acknowledgement>) + Send + Sync>;
/// Receives announcements of changed masters. Never blocks.
pub type ChangeListener = Box<dyn Fn(&Change) + Send + Sync>;

/// Carries events from producers to consumers, at least once while both live; the outbox covers the rest.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Lets `handler` consume `topics` in the name of `service`, in batches.
    fn subscribe(&self, service: &'static str, topics: &'static [Topic], handler: Arc<dyn Handler>);

    /// Accepts an event; when this returns the bus holds it as safely as it holds anything.
    async fn publish(&self, event: Arc<Event>) -> Result<(), Failure>;

    /// Lets a producer hear what became of its events on `topics`.
    fn on_acknowledgement(&self, topics: &'static [Topic], listener: AcknowledgementListener);

    /// Tells every cache that a master was changed. In one process every listener has run when this returns.
    fn announce(&self, change: &Change);

    /// Hears announcements.
    fn on_change(&self, listener: ChangeListener);

    /// Events that were accepted and not yet processed: zero means that everything has arrived.
    fn backlog(&self) -> usize;

    /// Stops accepting, processes what was accepted, and returns when the last consumer is done.
    async fn close(&self);
}
