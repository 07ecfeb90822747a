//! Messages on their way out, and how an event is read on its way in.

use std::sync::Arc;

use jiff::Timestamp;
use kugel_store::Body;
use kugel_types::{EventId, TenantId, TerminalNo};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::topology::Names;
use crate::{Acknowledgement, Announcement, Event, Topic};

/// Written to disk by the broker.
const PERSISTENT: u8 = 2;
/// The header that says why a message was laid aside.
pub(super) const REASON: &str = "reason";
/// The header that says which process announces a change.
const ORIGIN: &str = "origin";

/// A message on its way out. Clones share the body.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub(super) exchange: ShortString,
    pub(super) routing_key: ShortString,
    /// True: the broker hands it back if it would reach no queue.
    pub(super) is_mandatory: bool,
    pub(super) properties: BasicProperties,
    pub(super) body: Content,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    Event(Arc<Event>),
    Bytes(Arc<[u8]>),
}

impl Content {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Event(event) => event.body.text().as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl Parcel {
    /// An event for all consumers of its topic.
    pub(super) fn event(names: &Names, event: Arc<Event>) -> Self {
        let key = match (&event.store, event.terminal) {
            (Some(store), Some(terminal)) => format!("{}.{store}.{terminal}", event.tenant),
            _ => event.tenant.to_string(),
        };
        Self {
            exchange: names.exchange(event.topic).into(),
            routing_key: key.into(),
            is_mandatory: true,
            properties: properties(&event),
            body: Content::Event(event),
        }
    }

    /// An event for one consumer: the default exchange leads to a queue by its name.
    pub(super) fn event_to(names: &Names, event: Arc<Event>, service: &str) -> Self {
        Self {
            exchange: ShortString::default(),
            routing_key: names.queue(event.topic, service).into(),
            ..Self::event(names, event)
        }
    }

    /// What became of events of one topic, for its producer.
    pub(super) fn status(names: &Names, topic: Topic, acknowledgements: &[Acknowledgement]) -> Self {
        let body = serde_json::to_vec(acknowledgements).expect("acknowledgements are plain data");
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT)
            .with_type(Topic::TranlogStatus.name().into())
            .with_message_id(EventId::generate().as_str().into());
        Self {
            exchange: names.exchange(Topic::TranlogStatus).into(),
            routing_key: topic.name().into(),
            is_mandatory: true,
            properties,
            body: Content::Bytes(body.into()),
        }
    }

    /// A message that its consumer lays aside, as it came but for the reason.
    pub(super) fn dead_letter(names: &Names, queue: &str, message: &Raw, reason: &str) -> Self {
        let mut headers = message.properties.headers().clone().unwrap_or_default();
        headers.insert(REASON.into(), text(reason));
        Self {
            exchange: names.dead_exchange().into(),
            routing_key: queue.into(),
            is_mandatory: true,
            properties: message
                .properties
                .clone()
                .with_headers(headers)
                .with_delivery_mode(PERSISTENT),
            body: message.body.clone(),
        }
    }

    /// A change, for the caches of all processes. It is a hint: nobody listening is no fault, and nothing keeps it.
    pub(super) fn announcement(names: &Names, origin: &str, announcement: &Announcement) -> Self {
        let body = serde_json::to_vec(announcement).expect("an announcement is plain data");
        let mut headers = FieldTable::default();
        headers.insert(ORIGIN.into(), text(origin));
        Self {
            exchange: names.changes().into(),
            routing_key: ShortString::default(),
            is_mandatory: false,
            properties: BasicProperties::default().with_headers(headers),
            body: Content::Bytes(body.into()),
        }
    }
}

/// True if the message was announced by the process called `origin`.
pub(super) fn is_from(properties: &BasicProperties, origin: &str) -> bool {
    header(properties, ORIGIN).as_deref() == Some(origin)
}

/// A message as it came.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) properties: BasicProperties,
    pub(super) body: Content,
}

/// A message that is no event of its queue, with what can be said of it.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) raw: Raw,
    pub(super) reason: String,
    /// The event and its tenant, if at least these can be read.
    pub(super) identity: Option<(EventId, TenantId)>,
}

/// What a body says of itself, if it says so.
#[derive(Deserialize, Default)]
struct Claims {
    tenant_id: Option<String>,
    event_id: Option<String>,
}

/// Reads a message as an event of `topic`.
pub(super) fn read(
    properties: BasicProperties,
    data: Vec<u8>,
    topic: Topic,
) -> Result<(BasicProperties, Arc<Event>), Box<Unreadable>> {
    match event(&properties, &data, topic) {
        Ok(event) => Ok((properties, Arc::new(event))),
        Err(reason) => Err(Box::new(Unreadable {
            identity: id(&properties).ok().zip(tenant(&properties).ok()),
            raw: Raw {
                properties,
                body: Content::Bytes(data.into()),
            },
            reason,
        })),
    }
}

fn event(properties: &BasicProperties, data: &[u8], topic: Topic) -> Result<Event, String> {
    let event = Event {
        id: id(properties)?,
        topic,
        tenant: tenant(properties)?,
        store: given(properties, "store", parsed)?,
        terminal: given(properties, "terminal", number)?
            .map(TerminalNo::new)
            .transpose()
            .map_err(|error| error.to_string())?,
        occurred_at: parsed(properties, "occurred_at")?,
        schema_version: u32::try_from(number(properties, "schema_version")?)
            .map_err(|_| "header `schema_version` is not a version".to_owned())?,
        traceparent: header(properties, "traceparent"),
        body: Body::from_text(
            std::str::from_utf8(data).map_err(|error| format!("the body is no text: {error}"))?,
        ),
    };
    if event.schema_version > Event::SCHEMA_VERSION {
        let (theirs, ours) = (event.schema_version, Event::SCHEMA_VERSION);
        return Err(format!("schema version {theirs} is not known, only up to {ours}"));
    }
    check_body(&event)?;
    Ok(event)
}

/// Whoever put a message into the queue may have mixed up headers and bodies: what the body says of itself must agree.
fn check_body(event: &Event) -> Result<(), String> {
    let text = event.body.text();
    let claims: Claims = if text.trim_start().starts_with('{') {
        serde_json::from_str(text)
    } else {
        serde_json::from_str::<IgnoredAny>(text).map(|_| Claims::default())
    }
    .map_err(|error| format!("the body is not the JSON of an event: {error}"))?;
    for (name, claimed, known) in [
        ("tenant_id", claims.tenant_id, event.tenant.as_str()),
        ("event_id", claims.event_id, event.id.as_str()),
    ] {
        if let Some(claimed) = claimed.filter(|claimed| !claimed.is_empty() && claimed != known) {
            return Err(format!(
                "the body's {name} is {claimed:?}, the message's {known:?}"
            ));
        }
    }
    Ok(())
}

fn properties(event: &Event) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("tenant".into(), text(event.tenant.as_str()));
    if let Some(store) = &event.store {
        headers.insert("store".into(), text(store.as_str()));
    }
    if let Some(terminal) = event.terminal {
        headers.insert("terminal".into(), AMQPValue::LongInt(terminal.get()));
    }
    // The property below is cut to seconds.
    headers.insert("occurred_at".into(), text(&event.occurred_at.to_string()));
    headers.insert(
        "schema_version".into(),
        AMQPValue::LongLongInt(i64::from(event.schema_version)),
    );
    if let Some(traceparent) = &event.traceparent {
        headers.insert("traceparent".into(), text(traceparent));
    }
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(event.id.as_str().into())
        .with_type(event.topic.name().into())
        .with_timestamp(u64::try_from(event.occurred_at.as_second()).unwrap_or_default())
        .with_app_id("kugel".into())
        .with_headers(headers)
}

pub(super) fn id(properties: &BasicProperties) -> Result<EventId, String> {
    let id = properties.message_id().as_ref().ok_or("the message has no id")?;
    id.as_str()
        .parse()
        .map_err(|error: kugel_types::InvalidId| error.to_string())
}

pub(super) fn tenant(properties: &BasicProperties) -> Result<TenantId, String> {
    parsed(properties, "tenant")
}

pub(super) fn occurred_at(properties: &BasicProperties) -> Option<Timestamp> {
    parsed(properties, "occurred_at").ok()
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    properties: &BasicProperties,
    name: &str,
) -> Result<T, String> {
    let text = header(properties, name).ok_or_else(|| format!("header `{name}` is missing"))?;
    text.parse()
        .map_err(|error| format!("header `{name}` cannot be read: {error}"))
}

/// A header that may be missing.
fn given<T>(
    properties: &BasicProperties,
    name: &str,
    read: impl Fn(&BasicProperties, &str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let headers = properties.headers().as_ref();
    let is_given = headers.is_some_and(|headers| headers.inner().contains_key(name));
    is_given.then(|| read(properties, name)).transpose()
}

/// A header that holds text.
pub(super) fn header(properties: &BasicProperties, name: &str) -> Option<String> {
    match properties.headers().as_ref()?.inner().get(name)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

/// A header that holds a whole number, of whatever size.
pub(super) fn number(properties: &BasicProperties, name: &str) -> Result<i64, String> {
    let value = properties
        .headers()
        .as_ref()
        .and_then(|headers| headers.inner().get(name));
    match value {
        Some(AMQPValue::ShortShortInt(value)) => Ok(i64::from(*value)),
        Some(AMQPValue::ShortShortUInt(value)) => Ok(i64::from(*value)),
        Some(AMQPValue::ShortInt(value)) => Ok(i64::from(*value)),
        Some(AMQPValue::ShortUInt(value)) => Ok(i64::from(*value)),
        Some(AMQPValue::LongInt(value)) => Ok(i64::from(*value)),
        Some(AMQPValue::LongUInt(value)) => Ok(i64::from(*value)),
        Some(AMQPValue::LongLongInt(value)) => Ok(*value),
        Some(_) => Err(format!("header `{name}` is not a number")),
        None => Err(format!("header `{name}` is missing")),
    }
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
