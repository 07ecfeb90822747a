//! The producer's side: events are committed with their cause, handed over, and watched until every consumer is done.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kugel_store::{
    Action, Body, Changes, Collection, Direction, Documents, Page, Query, Scope, StoreError, Write,
};
use kugel_types::{Clock, EventId, TenantId};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::delivery::{DeliveryRecord, DeliveryState, sort_key};
use crate::{Acknowledgement, Bus, Event, Topic};

/// Acknowledgements that are written down in one commit.
const BATCH_LIMIT: usize = 512;
/// Acknowledgements of one event by itself, which is written down at once.
const ALONE: usize = 3;
/// How long others may join those of a busy time.
const GATHERING: Duration = Duration::from_millis(4);
/// Undelivered events that a sweep reads at once.
const SWEEP_PAGE: u32 = 500;
const UNFINISHED: [&str; 3] = ["published", "partially_delivered", "failed"];

/// When undelivered events are sent again: the cart model's three settings.
#[derive(Debug, Clone, Copy)]
pub struct SweepPolicy {
    /// Time between sweeps, and the age from which an event is taken for lost.
    pub interval: Duration,
    /// Older events are left alone.
    pub horizon: Duration,
    /// The age at which an undelivered event is reported as failed.
    pub failed_after: Duration,
}

/// The outbox of one producing service. Cheap to clone.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

struct Inner {
    documents: Documents,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    collection: &'static Collection,
    policy: SweepPolicy,
    /// Events given to the bus and not yet written down as delivered, with what is known of them.
    pending: Mutex<HashMap<EventId, DeliveryRecord>>,
    outgoing: mpsc::UnboundedSender<Arc<Event>>,
    acknowledgements: mpsc::UnboundedSender<Vec<Acknowledgement>>,
    unwritten: AtomicUsize,
}

impl Outbox {
    /// An outbox over `collection` for the events of `topics`, and the task that must be run beside it: it hands over
    /// what a former process left behind, writes down acknowledgements and sweeps.
    pub fn new(
        documents: Documents,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        collection: &'static Collection,
        topics: &'static [Topic],
        policy: SweepPolicy,
    ) -> (Self, impl Future<Output = ()> + Send + 'static + use<>) {
        let (acknowledgements, received) = mpsc::unbounded_channel();
        let (outgoing, mut committed) = mpsc::unbounded_channel();
        let outbox = Self(Arc::new(Inner {
            documents,
            bus,
            clock,
            collection,
            policy,
            pending: Mutex::default(),
            outgoing,
            acknowledgements,
            // One for the first sweep, which must be over before an empty backlog means anything.
            unwritten: AtomicUsize::new(1),
        }));
        // The bus outlives nobody: a weak reference lets a stopped service be dropped.
        let listener = Arc::downgrade(&outbox.0);
        let listen = move |heard: Vec<Acknowledgement>| {
            if let Some(inner) = listener.upgrade() {
                inner.unwritten.fetch_add(heard.len(), Ordering::SeqCst);
                // Without a receiver the process is stopping; the next one delivers again.
                let _ = inner.acknowledgements.send(heard);
            }
        };
        outbox.0.bus.on_acknowledgement(topics, Box::new(listen));
        let (publisher, keeper) = (outbox.clone(), outbox.clone());
        let publish = async move {
            while let Some(event) = committed.recv().await {
                publisher.publish(event).await;
            }
        };
        let task = async move {
            futures::join!(publish, keeper.run(received));
        };
        (outbox, task)
    }

    /// Adds the event's delivery record to the commit of its cause.
    pub fn stage(&self, changes: Changes, event: &Event) -> Changes {
        changes.write(self.write(&DeliveryRecord::of(event), Action::Insert))
    }

    /// Hands a committed event over to the bus, after those handed over before. Does not wait: if the bus is away, the
    /// sweep sends it again.
    pub fn dispatch(&self, event: Arc<Event>) {
        self.0
            .pending
            .lock()
            .insert(event.id.clone(), DeliveryRecord::of(&event));
        // Without a receiver the process is stopping; the next one finds the record.
        let _ = self.0.outgoing.send(event);
    }

    /// Notes what a consumer reported through the delivery-status call. False: there is no such event.
    pub async fn acknowledge(
        &self,
        tenant: &TenantId,
        event_id: &EventId,
        service: &str,
        failure: Option<String>,
    ) -> Result<bool, StoreError> {
        if self.record(tenant, event_id).await?.is_none() {
            return Ok(false);
        }
        let (event_id, tenant, service) = (event_id.clone(), tenant.clone(), service.to_owned());
        self.write_down(vec![Acknowledgement {
            event_id,
            topic: Topic::TranlogStatus,
            tenant,
            service,
            failure,
        }])
        .await;
        Ok(true)
    }

    /// The delivery record of an event.
    pub async fn record(
        &self,
        tenant: &TenantId,
        id: &EventId,
    ) -> Result<Option<DeliveryRecord>, StoreError> {
        if let Some(record) = self.0.pending.lock().get(id) {
            return Ok(Some(record.clone()));
        }
        let scope = Scope::from(tenant);
        let found = self
            .0
            .documents
            .store()
            .get(&scope, self.0.collection, id.as_str())
            .await?;
        Ok(found
            .and_then(|document| document.body.parse::<DeliveryRecord>().ok())
            .map(|record| (*record).clone()))
    }

    /// Events that are committed and not yet written down as delivered, in this process.
    pub fn backlog(&self) -> usize {
        self.0.pending.lock().len() + self.0.unwritten.load(Ordering::SeqCst)
    }

    /// Sends again what is undelivered and at least `age` old. Gives the number of events sent.
    pub async fn sweep(&self, age: Duration) -> Result<usize, StoreError> {
        let mut sent = 0;
        for scope in self.0.documents.scopes().await? {
            sent += self.sweep_scope(&scope, age).await?;
        }
        Ok(sent)
    }

    async fn sweep_scope(&self, scope: &Scope, age: Duration) -> Result<usize, StoreError> {
        let now = self.0.clock.now();
        let oldest = back(now, self.0.policy.horizon);
        let mut sent = 0;
        for number in 1.. {
            let query = Query::all()
                .one_of("status", UNFINISHED)
                .at_least("published_at", sort_key(oldest))
                .at_most("published_at", sort_key(back(now, age)))
                .sort(("published_at", Direction::Ascending))
                .page(Page {
                    limit: SWEEP_PAGE,
                    number,
                });
            let found = self
                .0
                .documents
                .store()
                .find(scope, self.0.collection, &query)
                .await?;
            for document in &found.documents {
                if let Ok(record) = document.body.parse::<DeliveryRecord>() {
                    self.resend(&record, now).await;
                    sent += 1;
                }
            }
            if found.documents.len() < SWEEP_PAGE as usize {
                break;
            }
        }
        Ok(sent)
    }

    async fn resend(&self, record: &DeliveryRecord, now: Timestamp) {
        let Some(event) = record.event() else {
            tracing::error!(
                event.id = record.event_id,
                "a delivery record holds no event to send"
            );
            return;
        };
        let late = record.published_at < back(now, self.0.policy.failed_after);
        if late && record.status != DeliveryState::Failed {
            let age = now.duration_since(record.published_at).as_secs();
            tracing::error!(event.id = %event.id, age_s = age, topic = event.topic.name(), "event is not delivered");
        }
        self.0
            .pending
            .lock()
            .entry(event.id.clone())
            .or_insert_with(|| record.clone());
        self.publish(Arc::new(event)).await;
    }

    async fn publish(&self, event: Arc<Event>) {
        if let Err(failure) = self.0.bus.publish(event.clone()).await {
            tracing::warn!(event.id = %event.id, %failure, "event was not published, the sweep will send it again");
        }
    }

    async fn run(self, mut received: mpsc::UnboundedReceiver<Vec<Acknowledgement>>) {
        // Everything that a former process committed and did not see delivered goes out first.
        if let Err(error) = self.sweep(Duration::ZERO).await {
            tracing::error!(%error, "undelivered events could not be read");
        }
        self.0.unwritten.fetch_sub(1, Ordering::SeqCst);
        let mut sweeps = tokio::time::interval(self.0.policy.interval.max(Duration::from_secs(1)));
        sweeps.tick().await;
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                count = received.recv_many(&mut batch, BATCH_LIMIT) => {
                    if count == 0 {
                        return;
                    }
                    let heard: Vec<_> = batch.drain(..).flatten().collect();
                    let count = heard.len();
                    self.write_down(heard).await;
                    self.0.unwritten.fetch_sub(count, Ordering::SeqCst);
                    // Under load the next acknowledgements are on their way already and share a flush.
                    if count > ALONE {
                        tokio::time::sleep(GATHERING).await;
                    }
                }
                _ = sweeps.tick() => {
                    if let Err(error) = self.sweep(self.0.policy.interval).await {
                        tracing::error!(%error, "undelivered events could not be read");
                    }
                }
            }
        }
    }

    /// Writes down what consumers reported. An event is written when its last consumer is done or one has failed: the
    /// steps between are worth no flush, for after a crash the event is simply delivered again.
    async fn write_down(&self, heard: Vec<Acknowledgement>) {
        let now = self.0.clock.now();
        let mut tenants: HashMap<TenantId, Vec<DeliveryRecord>> = HashMap::new();
        for one in heard {
            let mut record = match self.record(&one.tenant, &one.event_id).await {
                Ok(Some(record)) => record,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(event.id = %one.event_id, %error, "delivery status could not be read");
                    continue;
                }
            };
            if !record.note(&one.service, one.failure.as_deref(), now) {
                continue;
            }
            let write = record.status == DeliveryState::Delivered || one.failure.is_some();
            self.0.pending.lock().insert(one.event_id, record.clone());
            if write {
                tenants.entry(one.tenant).or_default().push(record);
            }
        }
        for (tenant, records) in tenants {
            let mut changes = self.0.documents.changes("outbox");
            for record in &records {
                changes = changes.write(self.write(record, Action::Upsert));
            }
            match self.0.documents.commit(&Scope::from(&tenant), changes).await {
                Ok(()) => self.forget(&records),
                Err(error) => tracing::warn!(%tenant, %error, "delivery status could not be written"),
            }
        }
    }

    /// What is written down as delivered is done with; what failed is the sweep's.
    fn forget(&self, records: &[DeliveryRecord]) {
        let mut pending = self.0.pending.lock();
        for id in records
            .iter()
            .filter_map(|record| record.event_id.parse::<EventId>().ok())
        {
            let open = |record: &DeliveryRecord| {
                record
                    .services
                    .iter()
                    .any(|one| one.status == DeliveryState::Pending)
            };
            if pending.get(&id).is_some_and(|record| !open(record)) {
                pending.remove(&id);
            }
        }
    }

    fn write(&self, record: &DeliveryRecord, action: impl FnOnce(Body) -> Action) -> Write {
        let text = serde_json::to_string(record).expect("a delivery record is plain data");
        Write {
            collection: self.0.collection,
            id: record.event_id.clone(),
            action: action(Body::from_text(text)),
        }
    }
}

fn back(now: Timestamp, age: Duration) -> Timestamp {
    let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
    now.checked_sub(age).unwrap_or(Timestamp::MIN)
}
