//! The way out: many messages under way, each confirmed by the broker before it counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, Connection, Error};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::link::{Lost, Session};
use super::parcel::Parcel;
use super::{Shared, topology};
use crate::{Announcement, Failure};

/// Messages under way at once. A confirmation takes as long as a write to the disks of most brokers, so the rate is this
/// number in that time.
const WINDOW: usize = 1_024;
/// Messages that wait for the window.
const QUEUE_LIMIT: usize = 1_024;

/// Counts something while it lives.
pub(super) struct Tally(Arc<AtomicUsize>);

impl Tally {
    pub(super) fn of(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(counter))
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A message and who waits for it.
struct Job {
    parcel: Parcel,
    waiting: Waiting,
    _tally: Tally,
}

/// What happens when a message is confirmed, or lost: that is when it is dropped.
enum Waiting {
    /// Nothing: the outbox has the event, and sends it again.
    Outbox,
    /// The sender is told.
    Sender(oneshot::Sender<()>),
    /// If it is lost, everybody is told later that something was changed.
    Caches(Announced),
}

impl Waiting {
    fn confirmed(self) {
        match self {
            Self::Outbox => {}
            // Who asked may have gone.
            Self::Sender(sender) => drop(sender.send(())),
            Self::Caches(mut announced) => announced.is_made = true,
        }
    }
}

/// An announcement that sets `was_missed` unless it is made.
struct Announced {
    was_missed: Arc<AtomicBool>,
    is_made: bool,
}

impl Announced {
    fn not_yet(was_missed: &Arc<AtomicBool>) -> Self {
        Self {
            was_missed: Arc::clone(was_missed),
            is_made: false,
        }
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        self.was_missed.fetch_or(!self.is_made, Ordering::SeqCst);
    }
}

/// Where messages are handed in. Cheap to clone.
#[derive(Clone)]
pub(super) struct Publisher {
    jobs: mpsc::Sender<Job>,
    is_up: watch::Receiver<bool>,
    in_hand: Arc<AtomicUsize>,
    was_missed: Arc<AtomicBool>,
    place: Arc<str>,
}

impl Publisher {
    /// The counter and the other end, which is worked off by a connection.
    pub(super) fn new(shared: &Arc<Shared>, place: &str) -> (Self, Publishing) {
        let (jobs, waiting) = mpsc::channel(QUEUE_LIMIT);
        let (up, is_up) = watch::channel(false);
        let publisher = Self {
            jobs,
            is_up,
            in_hand: Arc::clone(&shared.in_hand),
            was_missed: Arc::default(),
            place: place.into(),
        };
        let publishing = Publishing {
            shared: Arc::clone(shared),
            jobs: waiting,
            up,
            was_missed: Arc::clone(&publisher.was_missed),
        };
        (publisher, publishing)
    }

    /// Succeeds while there is a connection.
    pub(super) fn ping(&self) -> Result<(), Failure> {
        if *self.is_up.borrow() {
            Ok(())
        } else {
            Err(self.away())
        }
    }

    fn away(&self) -> Failure {
        Failure::Transient(format!("no connection to the broker at {}", self.place))
    }

    /// Hands in a message that the outbox keeps. Waits for room, but not for a connection.
    pub(super) async fn publish(&self, parcel: Parcel) -> Result<(), Failure> {
        self.ping()?;
        let mut is_up = self.is_up.clone();
        tokio::select! {
            permit = self.jobs.reserve() => match permit {
                Ok(permit) => {
                    permit.send(self.job(parcel, Waiting::Outbox));
                    Ok(())
                }
                Err(_) => Err(self.away()),
            },
            _ = is_up.wait_for(|is_up| !is_up) => Err(self.away()),
        }
    }

    /// Hands in a message as often as it takes, and returns when the broker has it. False: the process stops.
    pub(super) async fn deliver(&self, parcel: Parcel) -> bool {
        let mut is_up = self.is_up.clone();
        loop {
            if is_up.wait_for(|is_up| *is_up).await.is_err() {
                return false;
            }
            let (sender, confirmed) = oneshot::channel();
            let job = self.job(parcel.clone(), Waiting::Sender(sender));
            if self.jobs.send(job).await.is_err() {
                return false;
            }
            if confirmed.await.is_ok() {
                return true;
            }
            // The connection that lost it may not have said so yet.
            tokio::task::yield_now().await;
        }
    }

    /// Hands in an announcement, or remembers that one was not made.
    pub(super) fn announce(&self, parcel: Parcel) {
        let waiting = Waiting::Caches(Announced::not_yet(&self.was_missed));
        if *self.is_up.borrow() {
            // Without room the job is dropped, and noted by that.
            let _ = self.jobs.try_send(self.job(parcel, waiting));
        }
    }

    fn job(&self, parcel: Parcel, waiting: Waiting) -> Job {
        Job {
            parcel,
            waiting,
            _tally: Tally::of(&self.in_hand),
        }
    }
}

/// Works off what is handed in, on one connection after another.
pub(super) struct Publishing {
    shared: Arc<Shared>,
    jobs: mpsc::Receiver<Job>,
    up: watch::Sender<bool>,
    was_missed: Arc<AtomicBool>,
}

#[async_trait]
impl Session for Publishing {
    const PURPOSE: &'static str = "publishing";

    async fn run(&mut self, connection: &Connection, stop: &CancellationToken) -> Result<(), Lost> {
        let channel = connection.create_channel().await?;
        topology::declare(&channel, &self.shared.names).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        self.up.send_replace(true);
        self.shared.ready.read().iter().for_each(|listener| listener());
        self.work(&channel, stop).await
    }

    fn ended(&mut self) {
        self.up.send_replace(false);
    }
}

impl Publishing {
    /// Publishes until `stop`; then what is handed in already. What is under way when this ends is lost.
    async fn work(&mut self, channel: &Channel, stop: &CancellationToken) -> Result<(), Lost> {
        let mut under_way = FuturesUnordered::new();
        loop {
            if self.was_missed.swap(false, Ordering::SeqCst) {
                let sending = begin(channel.clone(), self.everything()).await;
                under_way.push(sending);
            }
            let is_stopping = stop.is_cancelled();
            if is_stopping && under_way.is_empty() && self.jobs.is_empty() {
                return Ok(());
            }
            tokio::select! {
                biased;
                Some((job, outcome)) = under_way.next(), if !under_way.is_empty() => {
                    settle(job, outcome)?;
                }
                job = self.jobs.recv(), if under_way.len() < WINDOW => match job {
                    Some(job) => {
                        let sending = begin(channel.clone(), job).await;
                        under_way.push(sending);
                    }
                    None => return Ok(()),
                },
                () = stop.cancelled(), if !is_stopping => {}
            }
        }
    }

    /// What is announced in place of announcements that were not made.
    fn everything(&self) -> Job {
        let shared = &self.shared;
        Job {
            parcel: Parcel::announcement(&shared.names, &shared.origin, &Announcement::Everything),
            waiting: Waiting::Caches(Announced::not_yet(&self.was_missed)),
            _tally: Tally::of(&shared.in_hand),
        }
    }
}

type UnderWay = futures::future::BoxFuture<'static, (Job, Result<Confirmation, Error>)>;

/// Puts a message behind those before it: it has its place when this returns, although it may not be sent yet.
async fn begin(channel: Channel, job: Job) -> UnderWay {
    let mut sending = async move {
        let parcel = &job.parcel;
        let options = BasicPublishOptions {
            mandatory: parcel.is_mandatory,
            immediate: false,
        };
        let (exchange, key) = (parcel.exchange.clone(), parcel.routing_key.clone());
        let sent = channel.basic_publish(
            exchange,
            key,
            options,
            parcel.body.bytes(),
            parcel.properties.clone(),
        );
        let outcome = match sent.await {
            Ok(confirm) => confirm.await,
            Err(error) => Err(error),
        };
        (job, outcome)
    }
    .boxed();
    match futures::poll!(&mut sending) {
        std::task::Poll::Ready(done) => std::future::ready(done).boxed(),
        std::task::Poll::Pending => sending,
    }
}

/// Tells who waits for a message, unless the broker refused it or found no queue for it.
fn settle(job: Job, outcome: Result<Confirmation, Error>) -> Result<(), Lost> {
    let confirmation = outcome?;
    if !confirmation.is_ack() {
        return Err(Lost::Disturbed("the broker refused a message".to_owned()));
    }
    let Some(returned) = confirmation.take_message() else {
        job.waiting.confirmed();
        return Ok(());
    };
    // A message comes back before it is confirmed, and the driver hangs it on the next confirmation, which may be that of
    // another message. The session ends here, so the returned one is never confirmed to anybody.
    let id = returned.properties.message_id();
    if id != job.parcel.properties.message_id() {
        job.waiting.confirmed();
    }
    let (id, key) = (id.clone().unwrap_or_default(), &returned.routing_key);
    Err(Lost::Disturbed(format!(
        "message {id} reached no queue (key {key})"
    )))
}
