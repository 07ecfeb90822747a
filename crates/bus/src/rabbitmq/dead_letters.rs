//! Dead letters, for people: what lies aside and why, and back into its queue with it.

use jiff::Timestamp;
use kugel_types::{EventId, TenantId};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicGetOptions, BasicNackOptions, BasicPublishOptions, ConfirmSelectOptions,
};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ErrorKind};

use super::address::{Address, advice};
use super::parcel::{self, REASON};
use super::topology::{DELIVERY_LIMIT, Names, consumers};
use super::{RabbitError, link};
use crate::Topic;

/// A message that a consumer could not process.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// The topic it was published on.
    pub topic: Topic,
    /// The consumer.
    pub service: &'static str,
    /// The event, if the message names one.
    pub id: Option<EventId>,
    /// Whose event it is, if the message says so.
    pub tenant: Option<TenantId>,
    /// When the event happened, if the message says so.
    pub occurred_at: Option<Timestamp>,
    /// Why it lies here.
    pub reason: String,
    /// What the message holds.
    pub body: String,
}

/// The dead letters of a broker.
pub struct DeadLetters {
    connection: Connection,
    names: Names,
}

impl DeadLetters {
    /// Connects to the broker, once.
    pub async fn connect(url: &str, namespace: &str) -> Result<Self, RabbitError> {
        Ok(Self {
            connection: connect(url, "dead letters").await?,
            names: Names::new(namespace),
        })
    }

    /// All dead letters. They stay where they are.
    pub async fn list(&self) -> Result<Vec<DeadLetter>, RabbitError> {
        let mut letters = Vec::new();
        for (topic, service) in consumers() {
            let outcome = self.visit(topic, service, &|_| false, &mut letters).await;
            outcome.map_err(failed)?;
        }
        Ok(letters)
    }

    /// Puts the dead letters that `is_meant` back into their queues and gives them.
    pub async fn replay(
        &self,
        is_meant: impl Fn(&DeadLetter) -> bool + Send + Sync,
    ) -> Result<Vec<DeadLetter>, RabbitError> {
        let mut letters = Vec::new();
        for (topic, service) in consumers() {
            let outcome = self.visit(topic, service, &is_meant, &mut letters).await;
            outcome.map_err(failed)?;
        }
        letters.retain(|letter| is_meant(letter));
        Ok(letters)
    }

    /// Says good-bye.
    pub async fn close(self) {
        // Who leaves anyway need not know why it was not heard.
        let _ = self.connection.close(200, "OK".into()).await;
    }

    /// Looks at each message of a queue once, puts back what is meant, and leaves the others.
    async fn visit(
        &self,
        topic: Topic,
        service: &'static str,
        is_meant: &(impl Fn(&DeadLetter) -> bool + Send + Sync),
        letters: &mut Vec<DeadLetter>,
    ) -> lapin::Result<()> {
        let channel = self.connection.create_channel().await?;
        let dead: ShortString = self.names.dead_queue(topic, service).into();
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let mut last = None;
        loop {
            let found = match channel.basic_get(dead.clone(), BasicGetOptions::default()).await {
                Ok(Some(found)) => found.delivery,
                Ok(None) => break,
                Err(error) if is_missing(&error) => return Ok(()),
                Err(error) => return Err(error),
            };
            let letter = read(topic, service, &found);
            if is_meant(&letter) && send_back(&channel, self.names.queue(topic, service), &found).await? {
                channel
                    .basic_ack(found.delivery_tag, BasicAckOptions::default())
                    .await?;
            } else {
                last = Some(found.delivery_tag);
            }
            letters.push(letter);
        }
        // What is still in hand goes back to where it was.
        if let Some(tag) = last {
            let options = BasicNackOptions {
                multiple: true,
                requeue: true,
            };
            channel.basic_nack(tag, options).await?;
        }
        channel.close(200, "OK".into()).await
    }
}

/// True if there is no such queue, because no Kugel has run with this broker yet.
fn is_missing(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(refusal) => *refusal.kind() == AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND),
        _ => false,
    }
}

/// True if the queue has the message.
async fn send_back(channel: &Channel, queue: String, delivery: &Delivery) -> lapin::Result<bool> {
    let mut headers = FieldTable::default();
    for (name, value) in delivery.properties.headers().iter().flatten() {
        let is_history = name.as_str() == REASON || name.as_str().starts_with("x-");
        if !is_history {
            headers.insert(name.clone(), value.clone());
        }
    }
    let options = BasicPublishOptions {
        mandatory: true,
        immediate: false,
    };
    let properties = delivery.properties.clone().with_headers(headers);
    let exchange = ShortString::default();
    let sent = channel
        .basic_publish(exchange, queue.into(), options, &delivery.data, properties)
        .await?;
    let confirmation = sent.await?;
    Ok(confirmation.is_ack() && confirmation.take_message().is_none())
}

fn read(topic: Topic, service: &'static str, delivery: &Delivery) -> DeadLetter {
    let properties = &delivery.properties;
    DeadLetter {
        topic,
        service,
        id: parcel::id(properties).ok(),
        tenant: parcel::tenant(properties).ok(),
        occurred_at: parcel::occurred_at(properties),
        reason: reason(properties),
        body: String::from_utf8_lossy(&delivery.data).into_owned(),
    }
}

/// The consumer's own words, or the broker's.
fn reason(properties: &BasicProperties) -> String {
    if let Some(reason) = parcel::header(properties, REASON) {
        return reason;
    }
    let deaths = properties
        .headers()
        .as_ref()
        .and_then(|headers| headers.inner().get("x-death"));
    let last = match deaths {
        Some(AMQPValue::FieldArray(deaths)) => deaths.as_slice().first(),
        _ => None,
    };
    match last {
        Some(AMQPValue::FieldTable(death)) => match death.inner().get("reason") {
            Some(AMQPValue::LongString(reason)) if reason.as_bytes() == b"delivery_limit" => {
                format!("delivered {DELIVERY_LIMIT} times and never answered")
            }
            Some(AMQPValue::LongString(reason)) => reason.to_string(),
            _ => "unknown".to_owned(),
        },
        _ => "unknown".to_owned(),
    }
}

/// Connects for a short errand.
pub(super) async fn connect(url: &str, purpose: &str) -> Result<Connection, RabbitError> {
    let address = Address::parse(url)?;
    let properties = ConnectionProperties::default().with_connection_name(format!("kugel: {purpose}").into());
    link::connect(&address, properties).await.map_err(|error| {
        let (place, advice) = (address.place(), advice(&error));
        RabbitError(format!(
            "no connection to the broker at {place}: {error}; {advice}"
        ))
    })
}

fn failed(error: lapin::Error) -> RabbitError {
    RabbitError(format!("the broker refuses: {error}"))
}
