//! The end of a batch: first the producers hear what became of their events, then the broker forgets the messages.
//!
//! In this order nothing is lost when the process dies in between: the broker delivers again, the effects are refused as
//! repetitions, and the producers hear of it once more. It is done beside the next batch, so that nobody waits.

use kugel_types::{EventId, TenantId};
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::{Channel, Result};
use tokio::sync::mpsc;

use super::parcel::Parcel;
use super::publisher::{Publisher, Tally};
use super::topology::Names;
use crate::{Acknowledgement, Failure, Topic};

/// Batches whose end may be outstanding before the next one waits.
const OUTSTANDING: usize = 8;

/// A message that is done with.
pub(super) struct Settled {
    source: usize,
    tag: u64,
    _tally: Tally,
}

impl Settled {
    pub(super) fn new(source: usize, tag: u64, tally: Tally) -> Self {
        Self {
            source,
            tag,
            _tally: tally,
        }
    }
}

/// What is to be said at the end of a batch.
#[derive(Default)]
pub(super) struct Answer {
    /// Dead letters.
    pub(super) parcels: Vec<Parcel>,
    /// What producers are told.
    pub(super) acknowledgements: Vec<Acknowledgement>,
    /// Messages that the broker may forget.
    pub(super) settled: Vec<Settled>,
    /// Messages that the broker is to deliver once more.
    pub(super) given_back: Vec<Settled>,
    /// True if no message is held back: then acknowledging the last one of a queue acknowledges all.
    pub(super) is_complete: bool,
}

impl Answer {
    /// Notes what became of an event.
    pub(super) fn report(
        &mut self,
        service: &str,
        topic: Topic,
        event_id: EventId,
        tenant: TenantId,
        failure: Option<Failure>,
    ) {
        self.acknowledgements.push(Acknowledgement {
            event_id,
            topic,
            tenant,
            service: service.to_owned(),
            failure,
        });
    }
}

/// Takes answers in their order.
pub(super) struct Settler(mpsc::Sender<Answer>);

impl Settler {
    /// The settler of a worker's channels, and the task that does the work until the settler is dropped.
    pub(super) fn new(
        publisher: Publisher,
        names: Names,
        channels: Vec<Channel>,
    ) -> (Self, impl Future<Output = Result<()>>) {
        let (sender, mut answers) = mpsc::channel(OUTSTANDING);
        let task = async move {
            while let Some(answer) = answers.recv().await {
                finish(&publisher, &names, &channels, answer).await?;
            }
            Ok(())
        };
        (Self(sender), task)
    }

    /// Hands in the end of a batch.
    pub(super) async fn settle(&self, answer: Answer) {
        // The task ends early only if the connection is lost, which the worker notices by itself.
        let _ = self.0.send(answer).await;
    }
}

async fn finish(publisher: &Publisher, names: &Names, channels: &[Channel], answer: Answer) -> Result<()> {
    let mut parcels = answer.parcels;
    for topic in Topic::EVENTS {
        let of_topic = answer.acknowledgements.iter().filter(|one| one.topic == topic);
        let of_topic: Vec<Acknowledgement> = of_topic.cloned().collect();
        if !of_topic.is_empty() {
            parcels.push(Parcel::status(names, topic, &of_topic));
        }
    }
    let delivered =
        futures::future::join_all(parcels.into_iter().map(|parcel| publisher.deliver(parcel))).await;
    if delivered.contains(&false) {
        return Ok(());
    }
    let requeue = BasicNackOptions {
        multiple: false,
        requeue: true,
    };
    for message in &answer.given_back {
        channels[message.source].basic_nack(message.tag, requeue).await?;
    }
    for (source, channel) in channels.iter().enumerate() {
        let tags = answer
            .settled
            .iter()
            .filter(|message| message.source == source)
            .map(|message| message.tag);
        if answer.is_complete {
            if let Some(last) = tags.max() {
                channel
                    .basic_ack(last, BasicAckOptions { multiple: true })
                    .await?;
            }
        } else {
            for tag in tags {
                channel.basic_ack(tag, BasicAckOptions::default()).await?;
            }
        }
    }
    Ok(())
}
