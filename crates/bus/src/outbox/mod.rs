//! The producer's side: events are committed with their cause, handed over, and watched until every consumer is done.

mod book;
mod deliveries;
mod sweep;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kugel_store::{Action, Changes, Documents, StoreError, Write, retry};
use kugel_types::{Clock, EventId, TenantId};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio::time::MissedTickBehavior;

use self::book::Known;
pub use self::deliveries::{Deliveries, ReplayError};
use crate::delivery::{DeliveryRecord, Producer};
use crate::{Acknowledgement, Bus, Event, Failure, Topic};

/// Acknowledgements that are written down in one commit.
const BATCH_LIMIT: usize = 512;
/// Acknowledgements of one event by itself, which is written down at once.
const ALONE: usize = 3;
/// How long others may join those of a busy time.
const GATHERING: Duration = Duration::from_millis(4);
/// Events that wait for a bus that is slower than the tills. Further ones are left to the sweep, which reads them from
/// the store, so that a slow broker fills no memory.
const QUEUE_LIMIT: usize = 10_000;
/// Time between two rounds of forgetting.
const FORGETTING: Duration = Duration::from_secs(3_600);
/// How often what was noted and not written is sought.
const TENDING: Duration = Duration::from_secs(5);

/// When undelivered events are sent again: the cart model's three settings.
#[derive(Debug, Clone, Copy)]
pub struct SweepPolicy {
    /// Time between sweeps, and the age from which an event is taken for lost.
    pub interval: Duration,
    /// Older events are sent again only when a process starts or the bus is back.
    pub horizon: Duration,
    /// The age at which an undelivered event is reported as failed.
    pub failed_after: Duration,
}

/// An event that is part of a commit. Once that is done it is to be dispatched.
#[must_use = "an event that is not dispatched waits for the sweep"]
pub struct Staged {
    /// The event.
    pub event: Arc<Event>,
    record: DeliveryRecord,
}

/// The outbox of one producing service. Cheap to clone.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

struct Inner {
    deliveries: Deliveries,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    policy: SweepPolicy,
    known: Mutex<HashMap<EventId, Known>>,
    outgoing: mpsc::Sender<Arc<Event>>,
    /// Events that are committed and not yet given to the bus.
    queued: AtomicUsize,
    /// True if an event found the queue full.
    has_overflown: AtomicBool,
    acknowledgements: mpsc::UnboundedSender<Vec<Acknowledgement>>,
    unwritten: AtomicUsize,
    /// Asks for a sweep of everything.
    sweep_now: Notify,
    /// Asks for one a little later.
    sweep_soon: Notify,
}

impl Outbox {
    /// The outbox of `producer`, and the task that must be run beside it: it hands over what a former process left
    /// behind, writes down acknowledgements and sweeps.
    pub fn new(
        documents: Documents,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        producer: &'static Producer,
        policy: SweepPolicy,
    ) -> (Self, impl Future<Output = ()> + Send + 'static + use<>) {
        let (acknowledgements, received) = mpsc::unbounded_channel();
        let (outgoing, committed) = mpsc::channel(QUEUE_LIMIT);
        let outbox = Self(Arc::new(Inner {
            deliveries: Deliveries::new(documents, producer),
            bus,
            clock,
            policy,
            known: Mutex::default(),
            outgoing,
            queued: AtomicUsize::new(0),
            has_overflown: AtomicBool::new(false),
            acknowledgements,
            // One for the first sweep, which must be over before an empty backlog means anything.
            unwritten: AtomicUsize::new(1),
            sweep_now: Notify::new(),
            sweep_soon: Notify::new(),
        }));
        let topics: Vec<Topic> = producer.logs.iter().map(|(topic, _)| *topic).collect();
        outbox.listen(&topics);
        let (publisher, keeper, sweeper) = (outbox.clone(), outbox.clone(), outbox.clone());
        let task = async move {
            futures::join!(
                publisher.publish_committed(committed),
                keeper.keep(received),
                sweeper.sweep_for_ever()
            );
        };
        (outbox, task)
    }

    /// The bus outlives nobody: weak references let a stopped service be dropped.
    fn listen(&self, topics: &[Topic]) {
        let weak = Arc::downgrade(&self.0);
        let listen = move |heard: Vec<Acknowledgement>| {
            if let Some(inner) = weak.upgrade() {
                inner.unwritten.fetch_add(heard.len(), Ordering::SeqCst);
                // Without a receiver the process is stopping; the next one delivers again.
                let _ = inner.acknowledgements.send(heard);
            }
        };
        self.0.bus.on_acknowledgement(topics, Box::new(listen));
        let weak = Arc::downgrade(&self.0);
        self.0.bus.on_ready(Box::new(move || {
            if let Some(inner) = weak.upgrade() {
                inner.sweep_now.notify_one();
            }
        }));
    }

    /// Adds an event to the commit of its cause: its body as the log under `log_id`, and its delivery record.
    pub fn stage(&self, changes: Changes, event: Arc<Event>, log_id: String) -> (Changes, Staged) {
        let deliveries = &self.0.deliveries;
        let log = Write {
            collection: deliveries.log(event.topic),
            id: log_id.clone(),
            action: Action::Insert(event.body.clone()),
        };
        let record = DeliveryRecord::of(&event, log_id);
        let changes = changes
            .write(log)
            .write(deliveries.write(&record, Action::Insert));
        (changes, Staged { event, record })
    }

    /// Hands a committed event over to the bus, after those handed over before. Does not wait: if the bus is away, the
    /// sweep sends it.
    pub fn dispatch(&self, staged: Staged) {
        let Staged { event, record } = staged;
        self.remember(&event, record);
        self.0.queued.fetch_add(1, Ordering::SeqCst);
        if let Err(error) = self.0.outgoing.try_send(event) {
            self.0.queued.fetch_sub(1, Ordering::SeqCst);
            // Without a receiver the process is stopping; the next one finds the record.
            let is_full = matches!(error, mpsc::error::TrySendError::Full(_));
            self.0.has_overflown.fetch_or(is_full, Ordering::SeqCst);
        }
    }

    /// To be called when nobody knows whether a commit with an event has happened. If it has, the event is sent as soon as
    /// the store tells.
    pub fn doubt(&self) {
        self.0.sweep_soon.notify_one();
    }

    /// Notes what a consumer reported through the delivery-status call. False: there is no such event.
    pub async fn acknowledge(
        &self,
        tenant: &TenantId,
        event_id: &EventId,
        service: &str,
        failure: Option<String>,
    ) -> Result<bool, StoreError> {
        let failure = failure.map(Failure::Transient);
        let deliveries = &self.0.deliveries;
        retry("event", event_id, || async {
            let mut found = deliveries.read(tenant, std::slice::from_ref(event_id)).await?;
            let Some((mut record, revision)) = found.pop().flatten() else {
                return Ok(false);
            };
            self.complete(event_id, &mut record);
            if record.note(service, failure.as_ref(), self.0.clock.now()) {
                let write = deliveries.write(&record, |body| Action::Replace(body, revision));
                let changes = deliveries.documents.changes("outbox").write(write);
                deliveries.commit(tenant, changes).await?;
            }
            Ok(true)
        })
        .await
    }

    /// The delivery record of an event, with what this process has heard of it since it was written.
    pub async fn record(
        &self,
        tenant: &TenantId,
        id: &EventId,
    ) -> Result<Option<DeliveryRecord>, StoreError> {
        let mut found = self
            .0
            .deliveries
            .read(tenant, std::slice::from_ref(id))
            .await?
            .pop()
            .flatten();
        if let Some((record, _)) = &mut found {
            self.complete(id, record);
        }
        Ok(found.map(|(record, _)| record))
    }

    /// The records of this outbox as documents.
    pub fn deliveries(&self) -> &Deliveries {
        &self.0.deliveries
    }

    /// Forgets delivered events of a topic when they are so old, for as long as the service runs: see
    /// [`Deliveries::forget`].
    pub async fn keep_forgetting(self, topic: Topic, age: SignedDuration) {
        loop {
            tokio::time::sleep(FORGETTING).await;
            if let Err(error) = self.forget(topic, self.0.clock.now() - age).await {
                tracing::warn!(%error, topic = topic.name(), "old events could not be forgotten");
            }
        }
    }

    async fn forget(&self, topic: Topic, before: Timestamp) -> Result<(), StoreError> {
        for tenant in self.0.deliveries.tenants().await? {
            self.0.deliveries.forget(&tenant, topic, before).await?;
        }
        Ok(())
    }

    /// Sends an event once more, see [`Deliveries::replay`].
    pub async fn replay(&self, tenant: &TenantId, id: &EventId) -> Result<Vec<String>, ReplayError> {
        self.0.deliveries.replay(&*self.0.bus, tenant, id).await
    }

    /// What this process has still to do for its events, the bus included; zero means nothing is in hand. In one process
    /// everything has then arrived everywhere.
    pub fn backlog(&self) -> usize {
        // In the order in which an event and its acknowledgement travel, so that none slips through between two looks.
        let queued = self.0.queued.load(Ordering::SeqCst);
        let travelling = self.0.bus.backlog();
        queued + travelling + self.0.unwritten.load(Ordering::SeqCst)
    }

    /// Writes down everything that was heard: for a process that stops while other consumers of its events are still at
    /// work.
    pub async fn flush(&self) {
        self.write_older_than(Timestamp::MAX).await;
    }

    async fn publish_committed(&self, mut committed: mpsc::Receiver<Arc<Event>>) {
        while let Some(event) = committed.recv().await {
            self.publish(event).await;
            self.0.queued.fetch_sub(1, Ordering::SeqCst);
            if committed.is_empty() && self.0.has_overflown.swap(false, Ordering::SeqCst) {
                self.0.sweep_now.notify_one();
            }
        }
    }

    /// The bus logs why it takes nothing; not every event needs a line of its own.
    async fn publish(&self, event: Arc<Event>) {
        if let Err(failure) = self.0.bus.publish(event.clone()).await {
            tracing::debug!(event.id = %event.id, %failure, "event was not published, the sweep will send it");
        }
    }

    async fn keep(&self, mut received: mpsc::UnboundedReceiver<Vec<Acknowledgement>>) {
        let mut tending = tokio::time::interval(TENDING);
        tending.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                count = received.recv_many(&mut batch, BATCH_LIMIT) => {
                    if count == 0 {
                        return;
                    }
                    let heard: Vec<_> = batch.drain(..).flatten().collect();
                    let is_busy = heard.len() > ALONE;
                    self.note(heard).await;
                    // Under load the next acknowledgements are on their way already and share a flush.
                    if is_busy {
                        tokio::time::sleep(GATHERING).await;
                    }
                }
                _ = tending.tick() => self.tend().await,
            }
        }
    }
}

fn back(now: Timestamp, age: Duration) -> Timestamp {
    let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
    now.checked_sub(age).unwrap_or(Timestamp::MIN)
}
