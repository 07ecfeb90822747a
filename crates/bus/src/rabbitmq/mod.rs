//! The bus of the mesh: RabbitMQ.
//!
//! A process keeps two connections, made again for ever when they are lost: one to publish, one to consume. The broker
//! may hold back who publishes; on one connection that would also hold back the acknowledgements that free its memory.
//! Exchanges and queues are declared at every connection ([`topology`]). Nothing here is remembered across a restart: the
//! outbox has every event until all consumers have answered, and the broker has every message until it is acknowledged.

mod address;
mod consumer;
mod dead_letters;
mod link;
mod parcel;
mod publisher;
mod settler;
mod topology;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::address::Address;
pub use self::address::RabbitError;
use self::consumer::Consuming;
pub use self::dead_letters::{DeadLetter, DeadLetters};
use self::parcel::Parcel;
use self::publisher::Publisher;
use self::topology::Names;
use crate::port::{AcknowledgementListener, ChangeListener, ReadyListener};
use crate::{Announcement, Bus, Change, Event, Failure, Handler, Topic};

/// How long a closing bus waits for batches under way, and then for confirmations.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// Delivers through RabbitMQ.
pub struct RabbitBus {
    shared: Arc<Shared>,
    publisher: Publisher,
    consuming: (CancellationToken, Mutex<Option<JoinHandle<()>>>),
    publishing: (CancellationToken, Mutex<Option<JoinHandle<()>>>),
}

/// What both connections know.
struct Shared {
    names: Names,
    /// Which process announces a change.
    origin: String,
    subscriptions: RwLock<Vec<Arc<Subscription>>>,
    acknowledgements: RwLock<Vec<Arc<Heard>>>,
    /// Counts the two above, so that a session notices who joins later.
    added: watch::Sender<usize>,
    changes: RwLock<Vec<ChangeListener>>,
    ready: RwLock<Vec<ReadyListener>>,
    in_hand: Arc<AtomicUsize>,
}

struct Subscription {
    service: &'static str,
    topics: &'static [Topic],
    handler: Arc<dyn Handler>,
}

/// A producer that hears what became of its events.
struct Heard {
    topics: Vec<Topic>,
    listener: AcknowledgementListener,
}

impl Shared {
    fn tell(&self, announcement: &Announcement) {
        self.changes
            .read()
            .iter()
            .for_each(|listener| listener(announcement));
    }
}

impl RabbitBus {
    /// Connects to the broker at `url` (`amqp://user:password@host:port/vhost`) in the background and for ever. Everything
    /// declared there begins with `namespace`; the broker shows the connections under `name`. Fails only if the URL is no
    /// broker's. Must be called within a runtime.
    pub fn start(url: &str, namespace: &str, name: &str) -> Result<Self, RabbitError> {
        let address = Address::parse(url)?;
        let shared = Arc::new(Shared {
            names: Names::new(namespace),
            origin: uuid::Uuid::new_v4().to_string(),
            subscriptions: RwLock::default(),
            acknowledgements: RwLock::default(),
            added: watch::Sender::new(0),
            changes: RwLock::default(),
            ready: RwLock::default(),
            in_hand: Arc::default(),
        });
        let (publisher, publishing) = Publisher::new(&shared, address.place());
        let consuming = Consuming {
            shared: Arc::clone(&shared),
            publisher: publisher.clone(),
        };
        let stop = [CancellationToken::new(), CancellationToken::new()];
        let consume = link::keep(address.clone(), name.to_owned(), consuming, stop[0].clone());
        let publish = link::keep(address, name.to_owned(), publishing, stop[1].clone());
        let [stop_consuming, stop_publishing] = stop;
        Ok(Self {
            shared,
            publisher,
            consuming: (stop_consuming, Mutex::new(Some(tokio::spawn(consume)))),
            publishing: (stop_publishing, Mutex::new(Some(tokio::spawn(publish)))),
        })
    }

    /// Removes everything that was declared under `namespace`, events included: for tests that shared a broker.
    pub async fn remove(url: &str, namespace: &str) -> Result<(), RabbitError> {
        let connection = dead_letters::connect(url, "cleaning up").await?;
        let outcome = async {
            let channel = connection.create_channel().await?;
            topology::remove(&channel, &Names::new(namespace)).await?;
            connection.close(200, "OK".into()).await
        };
        outcome.await.map_err(|error| RabbitError(error.to_string()))
    }

    async fn finish(part: &(CancellationToken, Mutex<Option<JoinHandle<()>>>), what: &str) {
        part.0.cancel();
        let task = part.1.lock().take();
        if let Some(mut task) = task
            && tokio::time::timeout(CLOSE_LIMIT, &mut task).await.is_err()
        {
            tracing::warn!(what, "the broker does not answer, and is left without good-bye");
            task.abort();
        }
    }
}

#[async_trait]
impl Bus for RabbitBus {
    fn subscribe(&self, service: &'static str, topics: &'static [Topic], handler: Arc<dyn Handler>) {
        self.shared.subscriptions.write().push(Arc::new(Subscription {
            service,
            topics,
            handler,
        }));
        self.shared.added.send_modify(|count| *count += 1);
    }

    async fn publish(&self, event: Arc<Event>) -> Result<(), Failure> {
        self.publisher
            .publish(Parcel::event(&self.shared.names, event))
            .await
    }

    async fn publish_to(&self, event: Arc<Event>, services: &[&str]) -> Result<(), Failure> {
        for service in services {
            let parcel = Parcel::event_to(&self.shared.names, Arc::clone(&event), service);
            self.publisher.publish(parcel).await?;
        }
        Ok(())
    }

    fn on_ready(&self, listener: ReadyListener) {
        self.shared.ready.write().push(listener);
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.publisher.ping()
    }

    fn on_acknowledgement(&self, topics: &[Topic], listener: AcknowledgementListener) {
        self.shared.acknowledgements.write().push(Arc::new(Heard {
            topics: topics.to_vec(),
            listener,
        }));
        self.shared.added.send_modify(|count| *count += 1);
    }

    fn announce(&self, change: &Change) {
        let announcement = Announcement::Changed(change.clone());
        self.shared.tell(&announcement);
        let parcel = Parcel::announcement(&self.shared.names, &self.shared.origin, &announcement);
        self.publisher.announce(parcel);
    }

    fn on_change(&self, listener: ChangeListener) {
        self.shared.changes.write().push(listener);
    }

    fn backlog(&self) -> usize {
        self.shared.in_hand.load(Ordering::SeqCst)
    }

    async fn close(&self) {
        Self::finish(&self.consuming, "consuming").await;
        Self::finish(&self.publishing, "publishing").await;
    }
}

impl Drop for RabbitBus {
    /// Without [`Bus::close`] everything under way is cut off, as by a crash.
    fn drop(&mut self) {
        for part in [&self.consuming, &self.publishing] {
            part.0.cancel();
            if let Some(task) = part.1.lock().take() {
                task.abort();
            }
        }
    }
}
