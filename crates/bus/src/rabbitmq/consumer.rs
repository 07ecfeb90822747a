//! The way in: a connection on which everything is consumed that somebody has subscribed to.

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicQosOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::link::{Lost, Session};
use super::parcel::is_from;
use super::publisher::Publisher;
use super::worker::{BATCH_LIMIT, Source, Worker};
use super::{Heard, Shared, topology};
use crate::{Acknowledgement, Announcement, Topic};

/// Messages that the broker hands out before they are acknowledged, for each queue: a batch at work and one at hand.
const PREFETCH: u16 = 2 * BATCH_LIMIT as u16;

/// Consumes on one connection after another.
pub(super) struct Consuming {
    pub(super) shared: Arc<Shared>,
    pub(super) publisher: Publisher,
}

#[async_trait]
impl Session for Consuming {
    const PURPOSE: &'static str = "consuming";

    async fn run(&mut self, connection: &Connection, stop: &CancellationToken) -> Result<(), Lost> {
        let channel = connection.create_channel().await?;
        topology::declare(&channel, &self.shared.names).await?;
        let mut tasks = JoinSet::new();
        let changes = changes_queue(&channel, &self.shared).await?;
        tasks.spawn(hear_changes(Arc::clone(&self.shared), changes, stop.clone()));
        // What was announced before the queue was there has not been heard.
        self.shared.tell(&Announcement::Everything);
        let mut added = self.shared.added.subscribe();
        let mut begun = (0, 0);
        loop {
            added.borrow_and_update();
            self.begin_new(connection, stop, &mut tasks, &mut begun).await?;
            tokio::select! {
                _ = added.changed() => {}
                ended = tasks.join_next() => match ended {
                    Some(Ok(Ok(()))) if stop.is_cancelled() => break,
                    Some(Ok(Err(lost))) => return Err(lost),
                    Some(Err(error)) => return Err(Lost::Disturbed(format!("a consumer ended in a panic: {error}"))),
                    _ => return Err(Lost::Disturbed("a queue was deleted".to_owned())),
                },
            }
        }
        while let Some(ended) = tasks.join_next().await {
            if let Ok(Err(lost)) = ended {
                return Err(lost);
            }
        }
        Ok(())
    }
}

impl Consuming {
    /// Begins to consume for those who have subscribed since the last time.
    async fn begin_new(
        &self,
        connection: &Connection,
        stop: &CancellationToken,
        tasks: &mut JoinSet<Result<(), Lost>>,
        begun: &mut (usize, usize),
    ) -> Result<(), Lost> {
        let subscriptions = self.shared.subscriptions.read()[begun.0..].to_vec();
        for subscription in subscriptions {
            let mut sources = Vec::new();
            for topic in subscription.topics.iter().copied() {
                let queue = self.shared.names.queue(topic, subscription.service);
                // A channel of its own, so that acknowledging a message and all before it concerns this queue alone.
                let channel = connection.create_channel().await?;
                let consumer = consume(&channel, &queue).await?;
                sources.push(Source {
                    channel,
                    consumer,
                    topic,
                    queue,
                });
            }
            let worker = Worker {
                service: subscription.service,
                handler: Arc::clone(&subscription.handler),
                shared: Arc::clone(&self.shared),
                publisher: self.publisher.clone(),
            };
            tasks.spawn(worker.run(sources, stop.clone()));
            begun.0 += 1;
        }
        let heard = self.shared.acknowledgements.read()[begun.1..].to_vec();
        for heard in heard {
            let mut producers: Vec<&str> = heard.topics.iter().filter_map(|topic| topic.producer()).collect();
            producers.dedup();
            for producer in producers {
                let channel = connection.create_channel().await?;
                let queue = self.shared.names.queue(Topic::TranlogStatus, producer);
                let consumer = consume(&channel, &queue).await?;
                tasks.spawn(hear_acknowledgements(
                    heard.clone(),
                    channel,
                    consumer,
                    stop.clone(),
                ));
            }
            begun.1 += 1;
        }
        Ok(())
    }
}

async fn consume(channel: &Channel, queue: &str) -> lapin::Result<Consumer> {
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
    channel
        .basic_consume(queue.into(), ShortString::default(), options, arguments)
        .await
}

/// Passes on what became of events. It is acknowledged as soon as the outbox has heard it: should the process die before
/// it is written down, the sweep of the next one asks again.
async fn hear_acknowledgements(
    heard: Arc<Heard>,
    channel: Channel,
    consumer: Consumer,
    stop: CancellationToken,
) -> Result<(), Lost> {
    let mut batches = consumer.ready_chunks(BATCH_LIMIT);
    loop {
        let batch = tokio::select! {
            batch = batches.next() => batch,
            () = stop.cancelled() => return Ok(()),
        };
        let Some(batch) = batch else {
            return Ok(());
        };
        let mut last = None;
        for delivery in batch {
            let delivery = delivery?;
            last = Some(delivery.delivery_tag);
            match serde_json::from_slice::<Vec<Acknowledgement>>(&delivery.data) {
                Ok(mut acknowledgements) => {
                    acknowledgements.retain(|one| heard.topics.contains(&one.topic));
                    (heard.listener)(acknowledgements);
                }
                Err(error) => tracing::error!(%error, "a delivery status cannot be read and is dropped"),
            }
        }
        if let Some(tag) = last {
            let options = lapin::options::BasicAckOptions { multiple: true };
            channel.basic_ack(tag, options).await?;
        }
    }
}

/// A queue for this connection alone, which goes when it goes.
async fn changes_queue(channel: &Channel, shared: &Shared) -> lapin::Result<Consumer> {
    let options = QueueDeclareOptions::exclusive().auto_delete();
    let queue = channel
        .queue_declare(ShortString::default(), options, FieldTable::default())
        .await?;
    let (name, exchange) = (queue.name().clone(), shared.names.changes());
    let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
    channel
        .queue_bind(
            name.clone(),
            exchange.into(),
            ShortString::default(),
            options,
            arguments,
        )
        .await?;
    let options = BasicConsumeOptions {
        no_ack: true,
        ..BasicConsumeOptions::default()
    };
    channel
        .basic_consume(name, ShortString::default(), options, FieldTable::default())
        .await
}

async fn hear_changes(
    shared: Arc<Shared>,
    mut consumer: Consumer,
    stop: CancellationToken,
) -> Result<(), Lost> {
    loop {
        let delivery = tokio::select! {
            delivery = consumer.next() => delivery,
            () = stop.cancelled() => return Ok(()),
        };
        let Some(delivery) = delivery.transpose()? else {
            return Ok(());
        };
        // Its own listeners have heard it when it was announced.
        if is_from(&delivery.properties, &shared.origin) {
            continue;
        }
        shared.tell(&serde_json::from_slice(&delivery.data).unwrap_or_else(|error| {
            tracing::warn!(%error, "an announcement cannot be read: all caches are emptied");
            Announcement::Everything
        }));
    }
}
