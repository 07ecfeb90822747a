//! The writing side of an open database: who writes, when, and what becomes of the jobs.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;

use crate::StoreError;

use super::database::Database;
use super::queue::{Job, Role, Work};
use super::stopping;
use super::writer::Writer;

/// A commit that takes no longer may hold up what else its thread has to do.
const BRIEF: Duration = Duration::from_millis(1);

impl Database {
    pub(super) async fn submit(self: &Arc<Self>, work: Work) -> Result<(), StoreError> {
        let (role, answer) = self.queue.put(work).await?;
        if let Role::Writer = role {
            let shift = Shift {
                database: Arc::clone(self),
                finished: false,
            };
            // To wait for a thread takes as long again as a brief flush.
            if self.is_quiet.load(Ordering::Relaxed) {
                shift.begin();
            } else {
                spawn_blocking(move || shift.work());
            }
        }
        answer.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// Draws the conclusion from the outcome of a commit.
    fn judge(&self, outcome: Result<(), StoreError>) -> Result<(), StoreError> {
        if outcome.is_ok() {
            self.condition.has_written();
        }
        self.condition.judge(outcome)
    }

    /// Does the jobs and answers them.
    fn run(&self, writer: &mut Writer, batch: Vec<Job>) {
        if let Err(error) = self.condition.check() {
            batch
                .into_iter()
                .for_each(|job| job.receipt.answer(Err(error.clone())));
            return;
        }
        let (mut commits, mut receipts) = (Vec::new(), Vec::with_capacity(batch.len()));
        for Job { work, receipt } in batch {
            match work {
                Work::Commit(commit) => {
                    commits.push(commit);
                    receipts.push(receipt);
                }
                Work::Trial => receipt.answer(self.judge(writer.try_writing())),
                Work::Prepare(collection) => {
                    let prepared = self.condition.judge(writer.prepare(collection));
                    if prepared.is_ok() {
                        self.ready.write().insert(collection.name);
                    }
                    receipt.answer(prepared);
                }
            }
        }
        if commits.is_empty() {
            return;
        }
        let (begun, is_alone) = (Instant::now(), commits.len() == 1);
        let outcomes = writer.commit_all(commits, &self.view);
        let outcomes: Vec<_> = outcomes.into_iter().map(|outcome| self.judge(outcome)).collect();
        self.is_quiet
            .store(is_alone && begun.elapsed() < BRIEF, Ordering::Relaxed);
        for (outcome, receipt) in outcomes.into_iter().zip(receipts) {
            receipt.answer(outcome);
        }
    }
}

/// The time a writer is at work.
struct Shift {
    database: Arc<Database>,
    finished: bool,
}

impl Shift {
    /// Does what waits now, and leaves what came meanwhile, and what can wait, to the pool for blocking work.
    fn begin(mut self) {
        let database = Arc::clone(&self.database);
        if let Some(writer) = database.writer.lock().as_mut()
            && let Some(batch) = database.queue.next()
        {
            database.run(writer, batch);
            self.finished = !writer.is_untidy() && database.queue.rest();
        }
        if !self.finished {
            spawn_blocking(move || self.work());
        }
    }

    fn work(mut self) {
        let database = Arc::clone(&self.database);
        let mut writer = database.writer.lock();
        let Some(writer) = writer.as_mut() else { return };
        loop {
            let _ = database.condition.judge(writer.tidy());
            match database.queue.next() {
                Some(batch) => database.run(writer, batch),
                None => break,
            }
        }
        self.finished = true;
    }
}

impl Drop for Shift {
    fn drop(&mut self) {
        // The database was closed, or the runtime stopped before the writer began: whoever waits must hear of it.
        if !self.finished {
            self.database.queue.abandon();
        }
    }
}
