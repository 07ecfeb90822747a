//! What is done when somebody else was faster: the whole use case once more, from reading.

use std::fmt::Display;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use kugel_error::Error;
use kugel_types::{InvalidAmount, InvalidId, Overflow};

use crate::{Collection, StoreError};

/// Between two attempts. Whoever was first may still be committing: on a server far away that takes a while. Of many who
/// compete for one document each round has one winner, so there are many rounds; together they take a few seconds.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(1))
    .with_max_delay(Duration::from_millis(50))
    .with_max_times(100)
    .with_jitter();

/// Why an attempt did not commit.
#[derive(Debug)]
pub enum Missed<E = Error> {
    /// Somebody else has changed what it had read: the next attempt may succeed.
    Overtaken,
    /// The next attempt would end the same way.
    Refused(E),
}

/// Makes attempts until one commits or is refused. An attempt reads, decides and commits; `?` on the commit's outcome
/// tells a lost race, [`StoreError::Stale`], from a refusal, and [`StoreError::or_taken`] counts keys that somebody else
/// took meanwhile as a lost race too.
///
/// `noun` and `key` name what is contended, for the error of the one who loses every race. The first attempt costs
/// nothing besides itself. The pauses end with the future: a deadline around it is kept.
///
/// ```ignore
/// retry("terminal", id, || async {
///     let stored = self.load(id).await?;
///     let terminal = step(&stored)?;
///     let changes = self.documents.changes(&actor).replace(terminal, stored.revision);
///     self.documents.commit(&scope, changes).await?;
///     Ok(terminal)
/// })
/// .await
/// ```
pub async fn retry<T, E, Attempt>(
    noun: &'static str,
    key: impl Display,
    attempt: impl FnMut() -> Attempt,
) -> Result<T, E>
where
    Attempt: Future<Output = Result<T, Missed<E>>>,
    E: From<StoreError>,
{
    let attempts = attempt
        .retry(PAUSES)
        .when(|missed| matches!(missed, Missed::Overtaken));
    attempts.await.map_err(|missed| match missed {
        Missed::Refused(error) => error,
        Missed::Overtaken => StoreError::Contended {
            noun,
            key: key.to_string(),
        }
        .into(),
    })
}

impl StoreError {
    /// The outcome of an attempt that also lost its race if its key was taken in one of `collections`.
    pub fn or_taken<E: From<Self>>(self, collections: &[&Collection]) -> Missed<E> {
        if collections
            .iter()
            .any(|collection| self.is_duplicate_in(collection.name))
        {
            return Missed::Overtaken;
        }
        self.into()
    }
}

impl<E: From<StoreError>> From<StoreError> for Missed<E> {
    fn from(error: StoreError) -> Self {
        if error.is_stale() {
            Self::Overtaken
        } else {
            Self::Refused(error.into())
        }
    }
}

impl From<Error> for Missed {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<InvalidId> for Missed {
    fn from(error: InvalidId) -> Self {
        Self::Refused(error.into())
    }
}

impl From<InvalidAmount> for Missed {
    fn from(error: InvalidAmount) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Overflow> for Missed {
    fn from(error: Overflow) -> Self {
        Self::Refused(error.into())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use kugel_error::codes;

    use super::*;
    use crate::conformance::ITEMS;

    fn stale() -> StoreError {
        StoreError::Stale {
            collection: "items",
            id: "a".to_owned(),
        }
    }

    fn taken(collection: &'static str) -> StoreError {
        StoreError::Duplicate {
            collection,
            index: "id".to_owned(),
        }
    }

    /// Counts the attempts, each of which ends as `outcome` says.
    async fn attempts(
        outcome: impl Fn(u32) -> Result<&'static str, Missed>,
    ) -> (u32, Result<&'static str, Error>) {
        let made = AtomicU32::new(0);
        let attempt = || async { outcome(made.fetch_add(1, Ordering::SeqCst)) };
        let result = retry("item", 7, attempt).await;
        (made.into_inner(), result)
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_overtaken_tries_again_and_who_is_refused_does_not() {
        let begun = tokio::time::Instant::now();
        let (made, result) = attempts(|_| Ok("done")).await;
        assert_eq!((made, result.unwrap()), (1, "done"));
        let refusal = || codes::NOT_FOUND.error("item 7 is not found");
        let (made, result) = attempts(|_| Err(refusal().into())).await;
        assert!(made == 1 && result.unwrap_err().is(&codes::NOT_FOUND));
        assert_eq!(begun.elapsed(), Duration::ZERO, "nobody waits before losing");
        let (made, result) = attempts(|number| {
            if number < 3 {
                Err(stale().into())
            } else {
                Ok("done")
            }
        })
        .await;
        assert_eq!((made, result.unwrap()), (4, "done"));
        assert!(
            begun.elapsed() >= Duration::from_millis(7),
            "{:?}",
            begun.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_loses_every_race_is_told_what_about() {
        let begun = tokio::time::Instant::now();
        let (made, result) = attempts(|_| Err(stale().into())).await;
        assert_eq!(made, 101);
        let error = result.unwrap_err();
        assert!(error.is(&codes::UPDATE_REFUSED));
        assert_eq!(
            error.message(),
            "item 7 is changed by others all the time, try again"
        );
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_taken_key_is_a_lost_race_only_where_that_was_said() {
        let overtaken = |error: StoreError| matches!(error.or_taken::<Error>(&[&ITEMS]), Missed::Overtaken);
        assert!(overtaken(taken(ITEMS.name)) && overtaken(stale()));
        assert!(!overtaken(taken("processed_requests")));
        let (made, result) = attempts(|_| Err(taken(ITEMS.name).into())).await;
        assert!(made == 1 && result.unwrap_err().is(&codes::DUPLICATE_KEY));
    }
}
