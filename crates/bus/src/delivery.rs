//! The delivery record: outbox entry and delivery status of an event in one document.

use jiff::Timestamp;
use kugel_store::{Body, Collection, Field, Index};
use kugel_types::TerminalNo;
use serde::{Deserialize, Serialize};

use crate::{Event, Failure, Topic};

/// What became of an event, at one consumer or altogether.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Not processed yet.
    Pending,
    /// Given to the bus; no consumer has answered.
    Published,
    /// Some consumers have processed it.
    PartiallyDelivered,
    /// Processed: at one consumer, or at all.
    Delivered,
    /// Not processed in time, or refused.
    Failed,
}

/// What became of an event at one consumer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServiceDelivery {
    /// The consumer.
    pub service_name: String,
    /// `pending`, `delivered` or `failed`.
    pub status: DeliveryState,
    /// When the effect was reported durable.
    pub delivered_at: Option<Timestamp>,
    /// Why it failed.
    pub error_message: Option<String>,
    /// True if it failed for good: the sweep leaves it alone, and a person decides whether to send it again.
    #[serde(default)]
    pub is_parked: bool,
}

/// An event that was committed together with its cause, and what became of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The event.
    pub event_id: String,
    /// Its topic.
    pub topic: Topic,
    /// `published`, `partially_delivered`, `delivered` or `failed`.
    pub status: DeliveryState,
    /// When it was committed. Written with six decimals always, so that texts sort as instants do.
    #[serde(serialize_with = "sortable")]
    pub published_at: Timestamp,
    /// When this record was changed last.
    pub last_updated_at: Timestamp,
    /// The tenant.
    pub tenant_id: String,
    /// The store; empty if the event happened at no till.
    pub store_code: String,
    /// The till; 0 if it happened at none.
    pub terminal_no: i32,
    /// Version of the payload's shape.
    pub schema_version: u32,
    /// Trace context of the cause.
    pub traceparent: Option<String>,
    /// The key of the log that was committed with this record and is the event's body, see [`Producer::logs`].
    pub log_id: String,
    /// True if it was reported as not delivered in time: it is `failed` then until every consumer has it.
    #[serde(default)]
    pub is_late: bool,
    /// One entry for each consumer.
    pub services: Vec<ServiceDelivery>,
}

/// Where a producing service keeps its events: what each says, and what became of it.
#[derive(Debug)]
pub struct Producer {
    /// The delivery records.
    pub deliveries: &'static Collection,
    /// The log of each topic that it publishes. Its documents are the bodies of the events, word for word, and stay as
    /// they are.
    pub logs: &'static [(Topic, &'static Collection)],
}

/// The collection of a producer's delivery records, under the name its domain gives it.
pub const fn deliveries(name: &'static str) -> Collection {
    const FIELDS: &[Field] = &[
        Field::text("status"),
        Field::text("published_at"),
        Field::text("topic"),
    ];
    const INDEXES: &[Index] = &[Index::on(&["status", "published_at"])];
    Collection {
        name,
        fields: FIELDS,
        indexes: INDEXES,
    }
}

/// An instant as text that sorts.
pub fn sort_key(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn sortable<S: serde::Serializer>(instant: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&sort_key(*instant))
}

impl DeliveryRecord {
    /// The record of an event about to be committed together with its log.
    pub(crate) fn of(event: &Event, log_id: String) -> Self {
        let service = |name: &&str| ServiceDelivery {
            service_name: (*name).to_owned(),
            status: DeliveryState::Pending,
            delivered_at: None,
            error_message: None,
            is_parked: false,
        };
        Self {
            event_id: event.id.to_string(),
            topic: event.topic,
            status: DeliveryState::Published,
            published_at: event.occurred_at,
            last_updated_at: event.occurred_at,
            tenant_id: event.tenant.to_string(),
            store_code: event.store.as_ref().map(ToString::to_string).unwrap_or_default(),
            terminal_no: event.terminal.map_or(0, TerminalNo::get),
            schema_version: event.schema_version,
            traceparent: event.traceparent.clone(),
            log_id,
            is_late: false,
            services: event.topic.consumers().iter().map(service).collect(),
        }
    }

    /// The event again, as it was committed with this body; `None` if the record names no valid event.
    pub(crate) fn event(&self, body: Body) -> Option<Event> {
        let is_of_a_till = !self.store_code.is_empty();
        let terminal = || TerminalNo::new(i64::from(self.terminal_no)).ok();
        Some(Event {
            id: self.event_id.parse().ok()?,
            topic: self.topic,
            tenant: self.tenant_id.parse().ok()?,
            store: if is_of_a_till {
                Some(self.store_code.parse().ok()?)
            } else {
                None
            },
            terminal: if is_of_a_till { Some(terminal()?) } else { None },
            occurred_at: self.published_at,
            schema_version: self.schema_version,
            traceparent: self.traceparent.clone(),
            body,
        })
    }

    /// The consumers that have not processed the event.
    pub fn undelivered(&self) -> Vec<&str> {
        self.services_that(|entry| entry.status != DeliveryState::Delivered)
    }

    /// The consumers to which a sweep sends the event again.
    pub(crate) fn waiting(&self) -> Vec<&str> {
        self.services_that(|entry| entry.status != DeliveryState::Delivered && !entry.is_parked)
    }

    fn services_that(&self, matches: impl Fn(&ServiceDelivery) -> bool) -> Vec<&str> {
        let entries = self.services.iter().filter(|entry| matches(entry));
        entries.map(|entry| entry.service_name.as_str()).collect()
    }

    /// Takes over what another process or moment knows of the same event. What is delivered stays so.
    pub(crate) fn merge(&mut self, other: &Self) {
        for theirs in &other.services {
            let ours = self
                .services
                .iter_mut()
                .find(|entry| entry.service_name == theirs.service_name);
            if let Some(ours) = ours
                && ours.status != DeliveryState::Delivered
                && theirs.status != DeliveryState::Pending
            {
                ours.clone_from(theirs);
            }
        }
        self.is_late |= other.is_late;
        self.last_updated_at = self.last_updated_at.max(other.last_updated_at);
        self.status = self.overall();
    }

    /// Notes what a consumer reported. False if the consumer is not one of this event's, or nothing changes.
    pub(crate) fn note(&mut self, service: &str, failure: Option<&Failure>, now: Timestamp) -> bool {
        let Some(entry) = self
            .services
            .iter_mut()
            .find(|entry| entry.service_name == service)
        else {
            return false;
        };
        if entry.status == DeliveryState::Delivered {
            return false;
        }
        match failure {
            None => {
                entry.status = DeliveryState::Delivered;
                entry.delivered_at = Some(now);
                entry.error_message = None;
                entry.is_parked = false;
            }
            Some(failure) => {
                entry.status = DeliveryState::Failed;
                entry.error_message = Some(failure.to_string());
                entry.is_parked = matches!(failure, Failure::Malformed(_));
            }
        }
        self.last_updated_at = now;
        self.status = self.overall();
        true
    }

    /// This record, reported as not delivered in time.
    pub(crate) fn as_late(&self, now: Timestamp) -> Self {
        Self {
            is_late: true,
            status: DeliveryState::Failed,
            last_updated_at: now,
            ..self.clone()
        }
    }

    /// True if a consumer has said nothing yet.
    pub(crate) fn is_open(&self) -> bool {
        self.services
            .iter()
            .any(|entry| entry.status == DeliveryState::Pending)
    }

    fn overall(&self) -> DeliveryState {
        let count = |state| self.services.iter().filter(|entry| entry.status == state).count();
        match (count(DeliveryState::Delivered), count(DeliveryState::Failed)) {
            (delivered, _) if delivered == self.services.len() => DeliveryState::Delivered,
            _ if self.is_late => DeliveryState::Failed,
            (_, failed) if failed == self.services.len() => DeliveryState::Failed,
            (0, 0) => DeliveryState::Published,
            _ => DeliveryState::PartiallyDelivered,
        }
    }
}
