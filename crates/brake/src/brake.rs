//! Taking a try, and how it ends.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kugel_error::{Error, codes};
use kugel_state::{State, StateError};
use kugel_types::Clock;

use crate::counts::Counts;
use crate::rule::{Count, Rule};
use crate::{Kind, Subject};

/// Counts the tries of one kind of credential. Replicas that share a state store share the counts. Cheap to clone.
#[derive(Clone)]
pub struct Brake {
    kind: Kind,
    counts: Arc<Counts>,
    clock: Arc<dyn Clock>,
}

impl Brake {
    /// A brake for credentials of a kind, whose counts are kept in `state`. If that does not answer, each process counts
    /// for itself until it does.
    pub fn new(kind: Kind, state: Arc<dyn State>, clock: Arc<dyn Clock>) -> Self {
        Self {
            kind,
            counts: Arc::new(Counts::new(state)),
            clock,
        }
    }

    /// Takes a try from each subject, or from none. Addresses come first, so that who is slowed locks no account. It
    /// stands as failed unless the [`Try`] is told otherwise: who hangs up has guessed too.
    pub async fn take(&self, subjects: &[Subject<'_>]) -> Result<Try<'_>, Braked> {
        let now = self.clock.now().as_microsecond();
        let mut one_try = Try {
            brake: self,
            taken: Vec::new(),
        };
        for subject in subjects {
            let Some((rule, key)) = subject.counted(self.kind) else {
                continue;
            };
            match self.counts.take(rule, &key, now).await {
                Ok((before, after)) => one_try.taken.push(Taken {
                    rule,
                    key,
                    before,
                    after,
                    is_account: matches!(subject, Subject::Account(_)),
                }),
                Err((pause, is_lock)) => {
                    one_try.withdrawn().await;
                    metrics::counter!("kugel_braked_total", "kind" => self.kind.name()).increment(1);
                    return Err(Braked { pause, is_lock });
                }
            }
        }
        Ok(one_try)
    }

    /// Forgets what was counted of a subject: unlocks an account. Fails if the state store does not answer.
    pub async fn release(&self, subject: Subject<'_>) -> Result<(), StateError> {
        match subject.counted(self.kind) {
            Some((_, key)) => self.counts.forget(&key).await,
            None => Ok(()),
        }
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
