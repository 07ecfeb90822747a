//! One consumer at work: batches in, effects, acknowledgements out.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder, Retryable as _};
use futures::stream::SelectAll;
use futures::{FutureExt, StreamExt};
use kugel_types::TenantId;
use lapin::message::Delivery;
use lapin::{BasicProperties, Channel, Consumer};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::link::Lost;
use super::parcel::{self, Content, Parcel, Raw, Unreadable};
use super::publisher::{Publisher, Tally};
use super::settler::{Answer, Settled, Settler};
use super::topology::DELIVERY_LIMIT;
use crate::{Event, Failure, Handler, Topic};

/// Events that a consumer is given at once: they share a commit.
pub(super) const BATCH_LIMIT: usize = 256;
/// How long a busy consumer lets events gather after a batch, so that more of them share its commits and messages.
const GATHERING: Duration = Duration::from_millis(20);
/// Between the tries of an event, before the next one gets its turn.
const TRIES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(10))
    .with_factor(3.0)
    .with_max_times(3);
/// Events that fail in a row before the others are spared: the fault is not theirs.
const OUTAGE: u32 = 2;
/// Before events that failed are tried once more.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_secs(5))
    .without_max_times();
/// What an event may cost before it is given back to the broker. A failure costs most of it if others passed meanwhile,
/// and little if nothing did: then it is an outage, and holding on to the events is better than counting them out.
const PATIENCE: u32 = 40;
const COST: (u32, u32) = (8, 1);

/// What an event may have spent and still hold up those of its till that came after it: they keep their order through a
/// short outage, but for nobody without end.
const ORDER_PATIENCE: u32 = 16;

/// A queue that is consumed.
pub(super) struct Source {
    pub(super) channel: Channel,
    pub(super) consumer: Consumer,
    pub(super) topic: Topic,
    pub(super) queue: String,
}

/// A consumer of one service.
pub(super) struct Worker {
    pub(super) service: &'static str,
    pub(super) handler: Arc<dyn Handler>,
    pub(super) shared: Arc<Shared>,
    pub(super) publisher: Publisher,
}

/// A message in hand.
struct Taken {
    source: usize,
    tag: u64,
    event: Arc<Event>,
    properties: BasicProperties,
    /// How often it was delivered before.
    deliveries: i64,
    spent: u32,
    _tally: Tally,
}

impl Taken {
    /// True if the events of its till should not overtake it.
    fn holds_up(&self) -> bool {
        self.deliveries == 0 && self.spent < ORDER_PATIENCE
    }
}

/// What became of an event.
enum Verdict {
    Done,
    Malformed(String),
    /// It failed for a passing reason.
    Deferred(String),
    /// It was not tried, because those before it failed.
    Waiting,
}

type Arrivals = SelectAll<futures::stream::BoxStream<'static, (usize, lapin::Result<Delivery>)>>;

/// What is known of a worker's queues, without what is being read from them.
struct Queues(Vec<(Channel, Topic, String)>);

impl Worker {
    /// Consumes until `stop`, or until a connection or a queue is lost.
    pub(super) async fn run(self, sources: Vec<Source>, stop: CancellationToken) -> Result<(), Lost> {
        let mut arrivals: Arrivals = SelectAll::new();
        let mut queues = Vec::new();
        for (number, source) in sources.into_iter().enumerate() {
            arrivals.push(source.consumer.map(move |delivery| (number, delivery)).boxed());
            queues.push((source.channel, source.topic, source.queue));
        }
        let channels = queues.iter().map(|(channel, ..)| channel.clone()).collect();
        let names = self.shared.names.clone();
        let (settler, settling) = Settler::new(self.publisher.clone(), names, channels);
        let work = async {
            let outcome = self.work(&Queues(queues), &mut arrivals, &settler, &stop).await;
            drop(settler);
            outcome
        };
        let (worked, settled) = futures::join!(work, settling);
        worked.and(settled.map_err(Lost::from))
    }

    async fn work(
        &self,
        queues: &Queues,
        arrivals: &mut Arrivals,
        settler: &Settler,
        stop: &CancellationToken,
    ) -> Result<(), Lost> {
        let mut held: Vec<Taken> = Vec::new();
        let mut pauses = PAUSES.build();
        while !stop.is_cancelled() {
            let mut answer = Answer::default();
            let mut batch = std::mem::take(&mut held);
            if batch.is_empty() {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return Ok(()),
                    arrival = arrivals.next() => self.take(queues, arrival, &mut batch, &mut answer)?,
                }
            } else {
                let pause = pauses.next().expect("the pauses have no end");
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(pause) => {}
                }
            }
            while batch.len() < BATCH_LIMIT
                && let Some(arrival) = arrivals.next().now_or_never()
            {
                self.take(queues, arrival, &mut batch, &mut answer)?;
            }
            let count = batch.len();
            let verdicts = self.process(batch).await;
            let has_progress = verdicts
                .iter()
                .any(|(_, verdict)| matches!(verdict, Verdict::Done | Verdict::Malformed(_)));
            if has_progress {
                pauses = PAUSES.build();
            }
            for (taken, verdict) in verdicts {
                let kept = self.conclude(queues, taken, verdict, has_progress, &mut answer);
                held.extend(kept);
            }
            answer.is_complete = held.is_empty();
            settler.settle(answer).await;
            // One event by itself is delivered at once; several in a row mean that more are coming.
            if count > 1 {
                tokio::time::sleep(GATHERING).await;
            }
        }
        Ok(())
    }

    /// Takes a message into the batch, or lays it aside if it is no event.
    fn take(
        &self,
        queues: &Queues,
        arrival: Option<(usize, lapin::Result<Delivery>)>,
        batch: &mut Vec<Taken>,
        answer: &mut Answer,
    ) -> Result<(), Lost> {
        let Some((source, delivery)) = arrival else {
            return Err(Lost::Disturbed("a queue was deleted".to_owned()));
        };
        let delivery = delivery?;
        let (_, topic, queue) = &queues.0[source];
        let tally = Tally::of(&self.shared.in_hand);
        let deliveries = parcel::number(&delivery.properties, "x-delivery-count").unwrap_or(0);
        match parcel::read(delivery.properties, delivery.data, *topic) {
            Ok((properties, event)) => batch.push(Taken {
                source,
                tag: delivery.delivery_tag,
                event,
                properties,
                deliveries,
                spent: 0,
                _tally: tally,
            }),
            Err(unreadable) => {
                let Unreadable {
                    raw,
                    reason,
                    identity,
                } = *unreadable;
                tracing::error!(
                    queue,
                    reason,
                    "a message is no event and is laid aside as a dead letter"
                );
                metrics::counter!("kugel_events_parked_total", "service" => self.service).increment(1);
                answer
                    .parcels
                    .push(Parcel::dead_letter(&self.shared.names, queue, &raw, &reason));
                if let Some((id, tenant)) = identity {
                    answer.report(self.service, *topic, id, tenant, Some(Failure::Malformed(reason)));
                }
                answer
                    .settled
                    .push(Settled::new(source, delivery.delivery_tag, tally));
            }
        }
        Ok(())
    }

    /// Hands a batch to the handler, tenant by tenant side by side, and gives what became of each event.
    async fn process(&self, batch: Vec<Taken>) -> Vec<(Taken, Verdict)> {
        let mut tenants: Vec<(TenantId, Vec<Taken>)> = Vec::new();
        for taken in batch {
            match tenants
                .iter_mut()
                .find(|(tenant, _)| *tenant == taken.event.tenant)
            {
                Some((_, events)) => events.push(taken),
                None => tenants.push((taken.event.tenant.clone(), vec![taken])),
            }
        }
        let work = tenants
            .into_iter()
            .map(|(tenant, events)| async move { self.deliver(&tenant, events).await });
        let verdicts = futures::future::join_all(work).await;
        verdicts.into_iter().flatten().collect()
    }

    async fn deliver(&self, tenant: &TenantId, batch: Vec<Taken>) -> Vec<(Taken, Verdict)> {
        let events: Vec<Arc<Event>> = batch.iter().map(|taken| Arc::clone(&taken.event)).collect();
        if events.len() > 1 && self.handler.handle(tenant, &events).await.is_ok() {
            return batch.into_iter().map(|taken| (taken, Verdict::Done)).collect();
        }
        // One bad event must not hold up its neighbours, so each is tried by itself.
        let mut verdicts = Vec::with_capacity(batch.len());
        let mut failures_in_a_row = 0;
        let mut held_up = HashSet::new();
        for taken in batch {
            let till = (taken.event.store.clone(), taken.event.terminal);
            let verdict = if failures_in_a_row == OUTAGE || held_up.contains(&till) {
                Verdict::Waiting
            } else {
                self.deliver_one(tenant, &taken.event).await
            };
            match verdict {
                Verdict::Deferred(_) => failures_in_a_row += 1,
                Verdict::Done | Verdict::Malformed(_) => failures_in_a_row = 0,
                Verdict::Waiting => {}
            }
            if matches!(verdict, Verdict::Deferred(_)) && taken.holds_up() {
                held_up.insert(till);
            }
            verdicts.push((taken, verdict));
        }
        verdicts
    }

    async fn deliver_one(&self, tenant: &TenantId, event: &Arc<Event>) -> Verdict {
        let handle = || self.handler.handle(tenant, std::slice::from_ref(event));
        match handle.retry(TRIES).when(Failure::is_transient).await {
            Ok(()) => Verdict::Done,
            Err(Failure::Malformed(reason)) => Verdict::Malformed(reason),
            Err(Failure::Transient(reason)) => Verdict::Deferred(reason),
        }
    }

    /// Decides what is answered to the broker and to the producer. Gives back what is tried once more.
    fn conclude(
        &self,
        queues: &Queues,
        mut taken: Taken,
        verdict: Verdict,
        has_progress: bool,
        answer: &mut Answer,
    ) -> Option<Taken> {
        let reason = match verdict {
            Verdict::Done => {
                self.answer(taken, None, answer);
                return None;
            }
            Verdict::Waiting => return Some(taken),
            Verdict::Malformed(reason) => reason,
            Verdict::Deferred(reason) => {
                let (id, service) = (&taken.event.id, self.service);
                tracing::warn!(event.id = %id, service, reason, "event will be tried again");
                taken.spent += if has_progress { COST.0 } else { COST.1 };
                if taken.spent < PATIENCE {
                    return Some(taken);
                }
                if taken.deliveries + 1 < i64::from(DELIVERY_LIMIT) {
                    answer
                        .given_back
                        .push(Settled::new(taken.source, taken.tag, taken._tally));
                    return None;
                }
                // Before the broker does so, which knows no reason.
                format!("failed {DELIVERY_LIMIT} times over: {reason}")
            }
        };
        let (service, queue) = (self.service, &queues.0[taken.source].2);
        tracing::error!(event.id = %taken.event.id, service, queue, reason, "event is laid aside as a dead letter");
        metrics::counter!("kugel_events_parked_total", "service" => service).increment(1);
        let raw = Raw {
            properties: taken.properties.clone(),
            body: Content::Event(Arc::clone(&taken.event)),
        };
        answer
            .parcels
            .push(Parcel::dead_letter(&self.shared.names, queue, &raw, &reason));
        self.answer(taken, Some(Failure::Malformed(reason)), answer);
        None
    }

    fn answer(&self, taken: Taken, failure: Option<Failure>, answer: &mut Answer) {
        let event = &taken.event;
        answer.report(
            self.service,
            event.topic,
            event.id.clone(),
            event.tenant.clone(),
            failure,
        );
        answer
            .settled
            .push(Settled::new(taken.source, taken.tag, taken._tally));
    }
}
