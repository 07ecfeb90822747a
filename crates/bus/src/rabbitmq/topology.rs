//! Exchanges and queues: their names, and their declaration at every connection.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind, Result};

use crate::Topic;

/// Deliveries of a message after which the broker itself lays it aside. Only a message that kills its consumer, or keeps
/// it from answering, gets so far.
pub(super) const DELIVERY_LIMIT: i32 = 20;
/// Looking into a queue of dead letters counts as a delivery, and must never lose one.
const NEVER: i32 = 1_000_000_000;

/// The names of what a Kugel has declared at a broker.
#[derive(Debug, Clone)]
pub(super) struct Names {
    namespace: String,
}

impl Names {
    pub(super) fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
        }
    }
    /// The exchange of a topic.
    pub(super) fn exchange(&self, topic: Topic) -> String {
        format!("{}{}", self.namespace, topic.name())
    }
    /// The queue from which a service consumes a topic.
    pub(super) fn queue(&self, topic: Topic, service: &str) -> String {
        format!("{}{}.{service}", self.namespace, topic.name())
    }
    /// Where messages of that queue are laid aside.
    pub(super) fn dead_queue(&self, topic: Topic, service: &str) -> String {
        format!("{}.dead", self.queue(topic, service))
    }
    /// The exchange that leads there.
    pub(super) fn dead_exchange(&self) -> String {
        format!("{}dead_letters", self.namespace)
    }
    /// The exchange of announcements.
    pub(super) fn changes(&self) -> String {
        format!("{}changes", self.namespace)
    }
}

/// Every queue of events: the topic and the service that consumes it.
pub(super) fn consumers() -> impl Iterator<Item = (Topic, &'static str)> {
    Topic::EVENTS
        .into_iter()
        .flat_map(|topic| topic.consumers().iter().map(move |service| (topic, *service)))
}

/// Every producer that hears what became of its events, with its topics.
fn producers() -> impl Iterator<Item = (&'static str, Topic)> {
    Topic::EVENTS
        .into_iter()
        .filter_map(|topic| Some((topic.producer()?, topic)))
}

/// Declares everything, in every process: an event must find the queues of all its consumers, whether they have ever run
/// or not.
pub(super) async fn declare(channel: &Channel, names: &Names) -> Result<()> {
    for topic in [Topic::TranlogStatus].into_iter().chain(Topic::EVENTS) {
        declare_exchange(channel, names.exchange(topic), ExchangeKind::Topic).await?;
    }
    declare_exchange(channel, names.dead_exchange(), ExchangeKind::Direct).await?;
    declare_exchange(channel, names.changes(), ExchangeKind::Fanout).await?;
    for (topic, service) in consumers() {
        declare_consumer(channel, names, topic, service).await?;
    }
    for (service, topic) in producers() {
        let queue = names.queue(Topic::TranlogStatus, service);
        declare_queue(channel, &queue, ordered()).await?;
        bind(
            channel,
            &queue,
            &names.exchange(Topic::TranlogStatus),
            topic.name(),
        )
        .await?;
    }
    Ok(())
}

/// A consumer's queue, and the one where its dead letters lie.
async fn declare_consumer(channel: &Channel, names: &Names, topic: Topic, service: &str) -> Result<()> {
    let (queue, dead) = (names.queue(topic, service), names.dead_queue(topic, service));
    declare_queue(channel, &dead, quorum(NEVER)).await?;
    bind(channel, &dead, &names.dead_exchange(), &queue).await?;
    let mut arguments = ordered();
    arguments.insert("x-dead-letter-exchange".into(), text(&names.dead_exchange()));
    arguments.insert("x-dead-letter-routing-key".into(), text(&queue));
    // A dead letter leaves its queue only when the other one has it; the broker asks for `reject-publish` with this.
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    declare_queue(channel, &queue, arguments).await?;
    bind(channel, &queue, &names.exchange(topic), "#").await
}

/// Removes everything, events included.
pub(super) async fn remove(channel: &Channel, names: &Names) -> Result<()> {
    let options = QueueDeleteOptions::default();
    for (topic, service) in consumers() {
        for queue in [names.queue(topic, service), names.dead_queue(topic, service)] {
            channel.queue_delete(queue.into(), options).await?;
        }
    }
    for (service, _) in producers() {
        let queue = names.queue(Topic::TranlogStatus, service);
        channel.queue_delete(queue.into(), options).await?;
    }
    let topics = [Topic::TranlogStatus].into_iter().chain(Topic::EVENTS);
    let exchanges = topics.map(|topic| names.exchange(topic));
    for exchange in exchanges.chain([names.dead_exchange(), names.changes()]) {
        channel
            .exchange_delete(exchange.into(), Default::default())
            .await?;
    }
    Ok(())
}

async fn declare_exchange(channel: &Channel, name: String, kind: ExchangeKind) -> Result<()> {
    let options = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    channel
        .exchange_declare(name.into(), kind, options, FieldTable::default())
        .await
}

async fn declare_queue(channel: &Channel, name: &str, arguments: FieldTable) -> Result<()> {
    channel
        .queue_declare(name.into(), QueueDeclareOptions::durable(), arguments)
        .await
        .map(drop)
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> Result<()> {
    let [queue, exchange, key] = [queue, exchange, key].map(ShortString::from);
    channel
        .queue_bind(
            queue,
            exchange,
            key,
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
}

/// Replicated, and written to disk before it is confirmed.
fn quorum(delivery_limit: i32) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(delivery_limit));
    arguments
}

/// A quorum queue with one consumer at a time: of the replicas of a service the first gets every message, the others
/// stand by. With several at work the events of one till would be handled side by side and overtake each other.
fn ordered() -> FieldTable {
    let mut arguments = quorum(DELIVERY_LIMIT);
    arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
