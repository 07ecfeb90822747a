//! Where counts are kept: in the state store, and while it does not answer in the memory of this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kugel_state::{MemoryState, State, StateError};

use crate::rule::{Count, Rule};

/// Changes of one count that may be lost to others before a try is refused. Those who win raise the count, so only a
/// crowd beyond every limit gets there.
const ATTEMPTS: usize = 100;
/// How long who lost so often is asked to wait.
const CROWDED: Duration = Duration::from_secs(1);

pub(crate) struct Counts {
    state: Arc<dyn State>,
    /// Neither open nor closed during an outage: each process then counts for itself.
    memory: MemoryState,
    is_away: AtomicBool,
}

impl Counts {
    pub(crate) fn new(state: Arc<dyn State>) -> Self {
        Self {
            state,
            memory: MemoryState::default(),
            is_away: AtomicBool::new(false),
        }
    }

    /// Counts a try. The counts before and after it, or how long to wait and whether that is a lock.
    pub(crate) async fn take(
        &self,
        rule: Rule,
        key: &str,
        now: i64,
    ) -> Result<(Count, Count), (Duration, bool)> {
        let change = |count| rule.take(count, now).map(Some);
        match self.change(rule, key, &change).await {
            Some(changed) => changed,
            None => Err((CROWDED, false)),
        }
    }

    /// Takes back a try that left the count `after` and found it `before`.
    pub(crate) async fn give_back(&self, rule: Rule, key: &str, before: Count, after: Count) {
        let change = |count: Count| Ok((count.tries > 0).then(|| count.less_one(before, after)));
        self.change(rule, key, &change).await;
    }

    /// Forgets a count.
    pub(crate) async fn forget(&self, key: &str) -> Result<(), StateError> {
        // What was counted during an outage is forgotten too. Memory always answers.
        let _ = self.memory.delete(key).await;
        self.state
            .delete(key)
            .await
            .inspect_err(|error| self.note(Some(error)))
    }

    /// Changes a count where it is kept now. `None`: others were faster each time.
    async fn change(&self, rule: Rule, key: &str, change: &Change<'_>) -> Option<Changed> {
        let changed = change_in(&*self.state, rule, key, change).await;
        self.note(changed.as_ref().err());
        match changed {
            Ok(changed) => changed,
            Err(_) => change_in(&self.memory, rule, key, change).await.ok().flatten(),
        }
    }

    /// Says once that the store is away, and once that it is back.
    fn note(&self, error: Option<&StateError>) {
        let was_away = self.is_away.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !was_away => tracing::warn!(
                %error,
                "tries of passwords, PINs and keys are counted by each process for itself: the state store failed"
            ),
            None if was_away => tracing::info!("tries are counted in the state store again"),
            _ => {}
        }
    }
}

/// What becomes of a count; `None` leaves it.
type Change<'a> = dyn Fn(Count) -> Result<Option<Count>, (Duration, bool)> + Sync + 'a;
type Changed = Result<(Count, Count), (Duration, bool)>;

async fn change_in(
    state: &dyn State,
    rule: Rule,
    key: &str,
    change: &Change<'_>,
) -> Result<Option<Changed>, StateError> {
    for _ in 0..ATTEMPTS {
        let stored = state.get(key).await?;
        let before = Count::read(stored.as_ref());
        let after = match change(before) {
            Ok(Some(after)) => after,
            Ok(None) => return Ok(Some(Ok((before, before)))),
            Err(refusal) => return Ok(Some(Err(refusal))),
        };
        let value = after.write();
        if state
            .compare_and_set(key, stored.as_ref(), value, rule.lifetime())
            .await?
        {
            return Ok(Some(Ok((before, after))));
        }
    }
    Ok(None)
}
