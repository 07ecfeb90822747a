//! Commits of one scope that come while others are under way go to the server together.
//!
//! A transaction costs the server a flush, round trips and bookkeeping, and a few more documents in it cost next to
//! nothing. So whoever finds the lanes taken waits for one and then shares a transaction with all who wait. Where a group
//! fails, for whatever reason, each of its commits is made by itself: nobody is refused for somebody else's mistake.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ::mongodb::Database;
use futures::future::join_all;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{Scope, StoreError};

use super::commit;
use super::link::Link;
use super::statement::{Kind, Statement};

/// Groups of a scope that are under way at a time: one is made ready while the server flushes the other.
const LANES: usize = 2;
/// How long a group keeps a lane. One that takes longer, because something is locked, goes on beside it.
const HOLD: Duration = Duration::from_millis(100);
/// Commits of a group, and what its documents weigh, at most.
const COMMITS: usize = 64;
const BYTES: usize = 4 << 20;

/// The commits of a service that are on their way, by scope.
#[derive(Default)]
pub(super) struct Groups(Mutex<HashMap<Scope, Queue>>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    lanes: usize,
}

/// A commit and who waits for it.
struct Waiting {
    statements: Vec<Statement>,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

/// Where a group goes.
#[derive(Clone)]
struct Way {
    link: Arc<Link>,
    database: Database,
}

impl Groups {
    /// Makes a commit, by itself or with others.
    pub(super) async fn commit(
        self: &Arc<Self>,
        link: &Arc<Link>,
        scope: &Scope,
        database: Database,
        statements: Vec<Statement>,
    ) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        if self.join(scope, Waiting { statements, reply }) {
            let link = Arc::clone(link);
            let way = Way { link, database };
            // Whoever comes first may give up waiting; those who joined must not lose their commit by that.
            tokio::spawn(Arc::clone(self).lead(scope.clone(), way));
        }
        answer.await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable(
                "the process stopped during the commit".to_owned(),
            ))
        })
    }

    /// True if there was a lane left, which is then the caller's to lead.
    fn join(&self, scope: &Scope, waiting: Waiting) -> bool {
        let mut queues = self.0.lock();
        let queue = queues.entry(scope.clone()).or_default();
        queue.waiting.push_back(waiting);
        let is_free = queue.lanes < LANES;
        queue.lanes += usize::from(is_free);
        is_free
    }

    /// Sends groups until nobody waits.
    async fn lead(self: Arc<Self>, scope: Scope, way: Way) {
        while let Some(group) = self.next(&scope) {
            let mut work = Box::pin(send(way.clone(), group));
            if tokio::time::timeout(HOLD, &mut work).await.is_err() {
                tokio::spawn(work);
            }
        }
    }

    /// Who goes next together. `None`: nobody, and the lane is free again.
    fn next(&self, scope: &Scope) -> Option<Vec<Waiting>> {
        let mut queues = self.0.lock();
        let queue = queues.get_mut(scope)?;
        let group = queue.group();
        if group.is_empty() {
            queue.lanes -= 1;
            if queue.lanes == 0 {
                queues.remove(scope);
            }
            return None;
        }
        Some(group)
    }
}

impl Queue {
    fn group(&mut self) -> Vec<Waiting> {
        let mut group: Vec<Waiting> = Vec::new();
        let mut documents: HashSet<(&'static str, String)> = HashSet::new();
        let mut bytes = 0;
        while let Some(next) = self.waiting.front() {
            // Who gave up has been answered that nobody knows, and will ask.
            if next.reply.is_closed() {
                self.waiting.pop_front();
                continue;
            }
            bytes += next.weight();
            let is_full = group.len() == COMMITS || bytes > BYTES;
            if !group.is_empty() && (is_full || !next.is_sociable() || next.meets(&documents)) {
                break;
            }
            let Some(next) = self.waiting.pop_front() else {
                break;
            };
            let is_sociable = next.is_sociable();
            documents.extend(next.documents());
            group.push(next);
            if !is_sociable {
                break;
            }
        }
        group
    }
}

impl Waiting {
    fn weight(&self) -> usize {
        let bytes = self
            .statements
            .iter()
            .map(|statement| statement.raw.as_bytes().len());
        bytes.sum()
    }

    fn documents(&self) -> impl Iterator<Item = (&'static str, String)> {
        let document = |statement: &Statement| (statement.collection.name, statement.id.clone());
        self.statements.iter().map(document)
    }

    fn meets(&self, documents: &HashSet<(&'static str, String)>) -> bool {
        self.documents().any(|document| documents.contains(&document))
    }

    /// False for what depends on the order of its statements: what is removed makes room for what is added.
    fn is_sociable(&self) -> bool {
        let removes = |statement: &Statement| matches!(statement.kind, Kind::Delete | Kind::Remove);
        !self.statements.iter().any(removes)
    }
}

async fn send(way: Way, group: Vec<Waiting>) {
    let Way { link, database } = way;
    let (mut statements, mut ends, mut replies) = (Vec::new(), vec![0], Vec::new());
    for waiting in group {
        statements.extend(waiting.statements);
        ends.push(statements.len());
        replies.push(waiting.reply);
    }
    if replies.len() > 1
        && let Some(outcome) = commit::run_group(&link, &database, &statements).await
    {
        for reply in replies {
            let _ = reply.send(outcome.clone());
        }
        return;
    }
    let alone = replies.into_iter().zip(ends.windows(2)).map(|(reply, range)| {
        let commit = commit::run(&link, &database, &statements[range[0]..range[1]]);
        async move {
            let _ = reply.send(commit.await);
        }
    });
    join_all(alone).await;
}
