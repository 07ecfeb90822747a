//! The bus of a single process: queues in memory, backed by the outbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable as _};
use futures::future::join_all;
use kugel_types::TenantId;
use parking_lot::{Mutex, RwLock};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::port::{AcknowledgementListener, ChangeListener, ReadyListener};
use crate::{Acknowledgement, Announcement, Bus, Change, Event, Failure, Handler, Topic};

/// Events that a consumer is given at once: enough to share a flush, few enough to stay prompt.
const BATCH_LIMIT: usize = 256;
/// How long a busy consumer waits for company before it takes the next batch: a batch costs one flush however large it
/// is, and a till that has its answer does not wait for the books.
const GATHERING: Duration = Duration::from_millis(12);
/// Between the tries of an event that fails for a passing reason; the sweep takes over afterwards.
const TRIES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(10))
    .with_factor(3.0)
    .with_max_times(5);

/// Delivers within the process: every subscriber has a queue and a task.
#[derive(Default)]
pub struct InProcessBus {
    subscribers: RwLock<Vec<Subscriber>>,
    changes: RwLock<Vec<ChangeListener>>,
    shared: Arc<Shared>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    acknowledgements: RwLock<Vec<(Vec<Topic>, AcknowledgementListener)>>,
    backlog: AtomicUsize,
}

struct Subscriber {
    service: &'static str,
    topics: &'static [Topic],
    queue: mpsc::UnboundedSender<Arc<Event>>,
}

struct Worker {
    service: &'static str,
    handler: Arc<dyn Handler>,
    shared: Arc<Shared>,
}

#[async_trait]
impl Bus for InProcessBus {
    fn subscribe(&self, service: &'static str, topics: &'static [Topic], handler: Arc<dyn Handler>) {
        let (queue, events) = mpsc::unbounded_channel();
        let worker = Worker {
            service,
            handler,
            shared: self.shared.clone(),
        };
        self.tasks.lock().push(tokio::spawn(worker.run(events)));
        self.subscribers.write().push(Subscriber {
            service,
            topics,
            queue,
        });
    }

    async fn publish(&self, event: Arc<Event>) -> Result<(), Failure> {
        self.hand_over(&event, |_| true)
    }

    async fn publish_to(&self, event: Arc<Event>, services: &[&str]) -> Result<(), Failure> {
        self.hand_over(&event, |service| services.contains(&service))
    }

    /// Nothing is ever lost on the way, so nobody is ever told.
    fn on_ready(&self, _: ReadyListener) {}

    async fn ping(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn on_acknowledgement(&self, topics: &[Topic], listener: AcknowledgementListener) {
        self.shared
            .acknowledgements
            .write()
            .push((topics.to_vec(), listener));
    }

    fn announce(&self, change: &Change) {
        let announcement = Announcement::Changed(change.clone());
        self.changes
            .read()
            .iter()
            .for_each(|listener| listener(&announcement));
    }

    fn on_change(&self, listener: ChangeListener) {
        self.changes.write().push(listener);
    }

    fn backlog(&self) -> usize {
        self.shared.backlog.load(Ordering::SeqCst)
    }

    async fn close(&self) {
        self.subscribers.write().clear();
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a consumer ended in a panic");
            }
        }
    }
}

impl InProcessBus {
    fn hand_over(&self, event: &Arc<Event>, is_meant: impl Fn(&str) -> bool) -> Result<(), Failure> {
        let subscribers = self.subscribers.read();
        let meant = |one: &&Subscriber| one.topics.contains(&event.topic) && is_meant(one.service);
        for subscriber in subscribers.iter().filter(meant) {
            self.shared.backlog.fetch_add(1, Ordering::SeqCst);
            if subscriber.queue.send(event.clone()).is_err() {
                self.shared.backlog.fetch_sub(1, Ordering::SeqCst);
                return Err(Failure::Transient("the consumer has stopped".to_owned()));
            }
        }
        Ok(())
    }
}

impl Worker {
    async fn run(self, mut events: mpsc::UnboundedReceiver<Arc<Event>>) {
        let mut batch = Vec::with_capacity(BATCH_LIMIT);
        loop {
            let count = events.recv_many(&mut batch, BATCH_LIMIT).await;
            if count == 0 {
                return;
            }
            let mut tenants: Vec<(TenantId, Vec<Arc<Event>>)> = Vec::new();
            for event in batch.drain(..) {
                match tenants.iter_mut().find(|(tenant, _)| *tenant == event.tenant) {
                    Some((_, events)) => events.push(event),
                    None => tenants.push((event.tenant.clone(), vec![event])),
                }
            }
            join_all(
                tenants
                    .iter()
                    .map(|(tenant, events)| self.deliver(tenant, events)),
            )
            .await;
            // One event by itself is delivered at once; several in a row mean that more are coming.
            if count > 1 {
                tokio::time::sleep(GATHERING).await;
            }
        }
    }

    async fn deliver(&self, tenant: &TenantId, events: &[Arc<Event>]) {
        match self.handler.handle(tenant, events).await {
            Ok(()) => self.acknowledge(events, None),
            // One bad event must not hold up its neighbours, so each is tried by itself.
            Err(_) => {
                for event in events {
                    self.deliver_one(tenant, event).await;
                }
            }
        }
    }

    async fn deliver_one(&self, tenant: &TenantId, event: &Arc<Event>) {
        let (service, topic) = (self.service, event.topic.name());
        let handle = || self.handler.handle(tenant, std::slice::from_ref(event));
        let outcome = handle
            .retry(TRIES)
            .when(Failure::is_transient)
            .notify(|failure, pause| {
                tracing::warn!(event.id = %event.id, service, %failure, ?pause, "event will be tried again");
            });
        let failure = outcome.await.err();
        if let Some(failure) = &failure {
            tracing::error!(event.id = %event.id, service, topic, %failure, "event is not processed");
        }
        self.acknowledge(std::slice::from_ref(event), failure);
    }

    fn acknowledge(&self, events: &[Arc<Event>], failure: Option<Failure>) {
        for (topics, listener) in self.shared.acknowledgements.read().iter() {
            let heard = events.iter().filter(|event| topics.contains(&event.topic));
            let acknowledgement = |event: &Arc<Event>| Acknowledgement {
                event_id: event.id.clone(),
                topic: event.topic,
                tenant: event.tenant.clone(),
                service: self.service.to_owned(),
                failure: failure.clone(),
            };
            let acknowledgements: Vec<_> = heard.map(acknowledgement).collect();
            if !acknowledgements.is_empty() {
                listener(acknowledgements);
            }
        }
        self.shared.backlog.fetch_sub(events.len(), Ordering::SeqCst);
    }
}
