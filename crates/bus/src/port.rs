//! The port: how events reach their consumers.

use std::sync::Arc;

use async_trait::async_trait;
use kugel_types::{EventId, TenantId};

use serde::{Deserialize, Serialize};

use crate::{Announcement, Change, Event, Topic};

/// Why a consumer did not process events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Another try may succeed: the database was away, or somebody else changed the same document.
    #[error("{0}")]
    Transient(String),
    /// It will never succeed: the event is parked with this reason, and its neighbours pass.
    #[error("{0}")]
    Malformed(String),
}

impl Failure {
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Transient(_))
    }
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
    /// Processes events of one tenant, in order, all or none: the effects and the mark by which a repetition is known
    /// ([`inbox`](crate::inbox)) are one commit.
    async fn handle(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure>;
}

/// What became of an event at one consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The event.
    pub event_id: EventId,
    /// The topic it was published on: tells which producer waits for it.
    pub topic: Topic,
    /// Whose event it is.
    pub tenant: TenantId,
    /// The consumer.
    pub service: String,
    /// `None`: the effect is durable. Otherwise why it is not: for a passing reason the event is sent again, a malformed
    /// one is parked and waits for a person.
    pub failure: Option<Failure>,
}

/// Receives acknowledgements. Never blocks.
pub type AcknowledgementListener = Box<dyn Fn(Vec<Acknowledgement>) + Send + Sync>;
/// Receives announcements of changed masters. Never blocks.
pub type ChangeListener = Box<dyn Fn(&Announcement) + Send + Sync>;
/// Hears that events can be published again. Never blocks.
pub type ReadyListener = Box<dyn Fn() + Send + Sync>;

/// Carries events from producers to consumers, at least once while both live; the outbox covers the rest.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Lets `handler` consume `topics` in the name of `service`, in batches.
    fn subscribe(&self, service: &'static str, topics: &'static [Topic], handler: Arc<dyn Handler>);

    /// Accepts an event for all its consumers. Waits for room while events can be published, and fails at once while
    /// they cannot. An accepted event may still be lost with the connection: [`Bus::on_ready`] tells when to send again
    /// what nobody has acknowledged.
    async fn publish(&self, event: Arc<Event>) -> Result<(), Failure>;

    /// Like [`Bus::publish`], for some of the event's consumers: the others have it.
    async fn publish_to(&self, event: Arc<Event>, services: &[&str]) -> Result<(), Failure>;

    /// Hears that events can be published again after a time in which some may have been lost.
    fn on_ready(&self, listener: ReadyListener);

    /// Succeeds if events can be published now.
    async fn ping(&self) -> Result<(), Failure>;

    /// Lets a producer hear what became of its events on `topics`.
    fn on_acknowledgement(&self, topics: &[Topic], listener: AcknowledgementListener);

    /// Tells every cache that a master was changed. The listeners of this process have run when this returns.
    fn announce(&self, change: &Change);

    /// Hears announcements of every process.
    fn on_change(&self, listener: ChangeListener);

    /// What this process has in hand: events that it has published and that nobody else holds safely yet, and events
    /// that it consumes and is not done with.
    fn backlog(&self) -> usize;

    /// Stops: takes in nothing more, finishes what is in hand, and returns when the last consumer is done.
    async fn close(&self);
}
