//! The work in front of a database's writer.
//!
//! An idle queue keeps no thread: whoever finds it idle is the writer from then on, and whoever comes meanwhile only waits
//! for an answer. So there is never more than one writer, and a thousand quiet databases cost nothing.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{Collection, Commit, StoreError};

use super::stopping;

/// Commits made durable by one flush at most.
const BATCH: usize = 512;
/// Jobs that may wait; more callers wait for a place.
const ROOM: usize = 2048;

/// What the writer is asked for.
pub(super) enum Work {
    /// Makes a commit durable.
    Commit(Commit),
    /// Finds out whether a commit would go through.
    Trial,
    /// Makes a collection's table and indexes.
    Prepare(&'static Collection),
}

/// Work, and who waits for it.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) receipt: Receipt,
}

/// Answers a job and gives its place in the queue free.
pub(super) struct Receipt {
    reply: oneshot::Sender<Result<(), StoreError>>,
    _room: OwnedSemaphorePermit,
}

impl Receipt {
    /// Whoever asked may have gone; the work stands all the same.
    pub(super) fn answer(self, outcome: Result<(), StoreError>) {
        let _ = self.reply.send(outcome);
    }
}

/// The answer to a job, once there is one.
pub(super) type Answer = oneshot::Receiver<Result<(), StoreError>>;

/// Whether somebody is at work.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum State {
    #[default]
    Idle,
    Working,
}

/// What whoever has put a job in does next.
pub(super) enum Role {
    /// The queue was idle: becomes the writer, until [`Queue::next`] or [`Queue::rest`] ends it.
    Writer,
    /// Somebody else is the writer: waits.
    Waiter,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    state: State,
}

/// The queue of one database.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    room: Arc<Semaphore>,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            room: Arc::new(Semaphore::new(ROOM)),
        }
    }

    /// Puts a job in as soon as there is room for it.
    pub(super) async fn put(&self, work: Work) -> Result<(Role, Answer), StoreError> {
        let room = Arc::clone(&self.room).acquire_owned().await;
        let (reply, answer) = oneshot::channel();
        let receipt = Receipt {
            reply,
            _room: room.map_err(|_| stopping())?,
        };
        let mut waiting = self.waiting.lock();
        waiting.jobs.push_back(Job { work, receipt });
        let role = match mem::replace(&mut waiting.state, State::Working) {
            State::Idle => Role::Writer,
            State::Working => Role::Waiter,
        };
        Ok((role, answer))
    }

    /// The writer's next jobs. `None`: there are none, and the writer goes.
    pub(super) fn next(&self) -> Option<Vec<Job>> {
        let mut waiting = self.waiting.lock();
        if waiting.jobs.is_empty() {
            waiting.state = State::Idle;
            return None;
        }
        let size = waiting.jobs.len().min(BATCH);
        Some(waiting.jobs.drain(..size).collect())
    }

    /// True if nothing waits: then the writer goes.
    pub(super) fn rest(&self) -> bool {
        let mut waiting = self.waiting.lock();
        if waiting.jobs.is_empty() {
            waiting.state = State::Idle;
        }
        waiting.state == State::Idle
    }

    /// The writer goes without having done what waits: whoever waits hears of it.
    pub(super) fn abandon(&self) {
        let abandoned = mem::take(&mut *self.waiting.lock());
        drop(abandoned);
    }
}
