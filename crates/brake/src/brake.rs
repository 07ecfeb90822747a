//! Taking a try, and how it ends.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kugel_error::{Error, codes};
use kugel_state::{State, StateError};
use kugel_types::Clock;
use tokio::sync::OwnedMutexGuard;

use crate::counts::Counts;
use crate::rule::{Count, Rule};
use crate::turns::Turns;
use crate::{Kind, Subject};

/// Pause that is advised where too many wait.
const BUSY: Duration = Duration::from_secs(1);

/// Counts the tries of one kind of credential. Replicas that share a state store share the counts. Cheap to clone.
#[derive(Clone)]
pub struct Brake {
    kind: Kind,
    counts: Arc<Counts>,
    clock: Arc<dyn Clock>,
    turns: Arc<Turns>,
}

impl Brake {
    /// A brake for credentials of a kind, whose counts are kept in `state`. If that does not answer, each process counts
    /// for itself until it does.
    pub fn new(kind: Kind, state: Arc<dyn State>, clock: Arc<dyn Clock>) -> Self {
        Self {
            kind,
            counts: Arc::new(Counts::new(state)),
            clock,
            turns: Arc::default(),
        }
    }

    /// Takes a try from each subject, or from none. Addresses come first, so that who is slowed locks no account. It
    /// stands as failed unless the [`Try`] is told otherwise: who hangs up has guessed too. An account's next try waits
    /// until the one before has ended, so nobody holds two at a time.
    pub async fn take(&self, subjects: &[Subject<'_>]) -> Result<Try<'_>, Braked> {
        let mut one_try = Try {
            brake: self,
            taken: Vec::new(),
            turns: Vec::new(),
        };
        match self.count(subjects, &mut one_try).await {
            Ok(()) => Ok(one_try),
            Err(braked) => {
                one_try.withdrawn().await;
                metrics::counter!("kugel_braked_total", "kind" => self.kind.name()).increment(1);
                Err(braked)
            }
        }
    }

    /// Waits for the turn of every account, then counts the try of each subject.
    async fn count(&self, subjects: &[Subject<'_>], one_try: &mut Try<'_>) -> Result<(), Braked> {
        let counted = subjects.iter().flat_map(|subject| {
            let is_account = matches!(subject, Subject::Account(_));
            let counted = subject.counted(self.kind).into_iter();
            counted.map(move |(rule, key)| (rule, key, is_account))
        });
        let counted: Vec<_> = counted.collect();
        // In one order for all, so that no two wait for each other.
        let accounts: BTreeSet<&str> = counted
            .iter()
            .filter(|(_, _, is_account)| *is_account)
            .map(|(_, key, _)| key.as_str())
            .collect();
        for account in accounts {
            let turn = self.turns.wait(account).await;
            one_try.turns.push(turn.ok_or(Braked {
                pause: BUSY,
                is_lock: false,
            })?);
        }
        let now = self.clock.now().as_microsecond();
        for (rule, key, is_account) in counted {
            let (before, after) = self
                .counts
                .take(rule, &key, now)
                .await
                .map_err(|(pause, is_lock)| Braked { pause, is_lock })?;
            one_try.taken.push(Taken {
                rule,
                key,
                before,
                after,
                is_account,
            });
        }
        Ok(())
    }

    /// Forgets what was counted of a subject: unlocks an account. Fails if the state store does not answer.
    pub async fn release(&self, subject: Subject<'_>) -> Result<(), StateError> {
        for (_, key) in subject.counted(self.kind) {
            self.counts.forget(&key).await?;
        }
        Ok(())
    }
}

/// Refused without a look at the credential: a right one too would have to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Braked {
    /// How long to wait.
    pub pause: Duration,
    /// True if an account is locked, false if somebody is to slow down.
    pub is_lock: bool,
}

impl fmt::Display for Braked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.pause.as_micros().div_ceil(1_000_000);
        write!(formatter, "too many tries, the next is possible in {seconds} s")
    }
}

impl std::error::Error for Braked {}

impl From<Braked> for Error {
    fn from(braked: Braked) -> Self {
        codes::TOO_MANY_TRIES
            .error(braked.to_string())
            .retry_after(braked.pause)
    }
}

/// A try that was counted.
#[must_use = "the brake learns from how the try ends"]
pub struct Try<'brake> {
    brake: &'brake Brake,
    taken: Vec<Taken>,
    /// Held until the try has ended.
    turns: Vec<OwnedMutexGuard<()>>,
}

struct Taken {
    rule: Rule,
    key: String,
    before: Count,
    after: Count,
    is_account: bool,
}

impl Try<'_> {
    /// It was right: accounts begin anew, and addresses get it back. Other failures of an address stay: who knows one
    /// password buys no guesses at others with it.
    pub async fn succeeded(self) {
        for taken in &self.taken {
            if taken.is_account {
                // An outage is noted there; the count then ends with its lifetime.
                let _ = self.brake.counts.forget(&taken.key).await;
            } else {
                self.give_back(taken).await;
            }
        }
    }

    /// It was wrong. The same as dropping it.
    pub fn failed(self) {}

    /// Nothing was compared, so nothing was learnt: everybody gets it back.
    pub async fn withdrawn(self) {
        for taken in &self.taken {
            self.give_back(taken).await;
        }
    }

    /// True if an account is locked, should this try fail.
    pub fn locks(&self) -> bool {
        let mut taken = self.taken.iter();
        taken.any(|taken| taken.rule.locks(taken.after.tries))
    }

    async fn give_back(&self, taken: &Taken) {
        let counts = &self.brake.counts;
        counts
            .give_back(taken.rule, &taken.key, taken.before, taken.after)
            .await;
    }
}

#[cfg(test)]
mod tests;
