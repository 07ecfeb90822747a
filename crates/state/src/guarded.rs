//! A state store behind a circuit breaker.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use kugel_breaker::CircuitBreaker;

use crate::{State, StateError};

/// Asks a state store only while it answers: an outage costs three calls a minute the patience of one call, and the
/// others nothing.
pub struct Guarded {
    state: Arc<dyn State>,
    breaker: CircuitBreaker,
}

impl Guarded {
    /// Puts a breaker before `state`; `name` stands for it in log and metrics.
    pub fn new(name: &'static str, state: Arc<dyn State>) -> Self {
        Self {
            state,
            breaker: CircuitBreaker::new(name),
        }
    }

    async fn guard<T>(
        &self,
        call: impl Future<Output = Result<T, StateError>> + Send,
    ) -> Result<T, StateError> {
        let left_alone = || StateError("did not answer lately and is left alone".to_owned());
        let trial = self.breaker.admit().ok_or_else(left_alone)?;
        let answer = call.await;
        trial.ended(answer.is_err());
        if let Err(error) = &answer {
            tracing::warn!(%error, "a state store failed");
        }
        answer
    }
}

#[async_trait]
impl State for Guarded {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, StateError> {
        self.guard(self.state.get(key)).await
    }
    async fn set(&self, key: &str, value: Bytes, lifetime: Duration) -> Result<(), StateError> {
        self.guard(self.state.set(key, value, lifetime)).await
    }
    async fn delete(&self, key: &str) -> Result<(), StateError> {
        self.guard(self.state.delete(key)).await
    }
    async fn compare_and_set(
        &self,
        key: &str,
        expected: Option<&Bytes>,
        value: Bytes,
        lifetime: Duration,
    ) -> Result<bool, StateError> {
        self.guard(self.state.compare_and_set(key, expected, value, lifetime))
            .await
    }
    /// Goes past the breaker: who asks wants to know how it is now.
    async fn ping(&self) -> Result<(), StateError> {
        self.state.ping().await
    }
    fn is_local(&self) -> bool {
        self.state.is_local()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::MemoryState;

    /// A state store that fails as long as it is told to, and counts how often it is asked.
    #[derive(Default)]
    struct Shaky {
        memory: MemoryState,
        asked: AtomicUsize,
        failures: AtomicUsize,
    }

    impl Shaky {
        fn answer(&self) -> Result<&MemoryState, StateError> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let left = self
                .failures
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            match left {
                Ok(_) => Err(StateError("gone".to_owned())),
                Err(_) => Ok(&self.memory),
            }
        }
    }

    #[async_trait]
    impl State for Shaky {
        async fn get(&self, key: &str) -> Result<Option<Bytes>, StateError> {
            self.answer()?.get(key).await
        }
        async fn set(&self, key: &str, value: Bytes, lifetime: Duration) -> Result<(), StateError> {
            self.answer()?.set(key, value, lifetime).await
        }
        async fn delete(&self, key: &str) -> Result<(), StateError> {
            self.answer()?.delete(key).await
        }
        async fn compare_and_set(
            &self,
            key: &str,
            expected: Option<&Bytes>,
            value: Bytes,
            lifetime: Duration,
        ) -> Result<bool, StateError> {
            self.answer()?
                .compare_and_set(key, expected, value, lifetime)
                .await
        }
        async fn ping(&self) -> Result<(), StateError> {
            self.answer().map(drop)
        }
        fn is_local(&self) -> bool {
            false
        }
    }

    #[tokio::test]
    async fn conforms_while_there_is_no_outage() {
        let guarded = Guarded::new("memory", Arc::<Shaky>::default());
        crate::conformance::run(&guarded, "guarded").await;
        assert!(!guarded.is_local());
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_costs_three_calls_and_then_one_a_minute() {
        let shaky = Arc::new(Shaky::default());
        shaky.failures.store(4, Ordering::SeqCst);
        let guarded = Guarded::new("memory", shaky.clone());
        let asked = || shaky.asked.load(Ordering::SeqCst);
        for _ in 0..10 {
            assert!(guarded.get("k").await.is_err());
        }
        assert_eq!(asked(), 3);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(guarded.get("k").await.is_err(), "the probe fails");
        assert!(guarded.get("k").await.is_err());
        assert_eq!(asked(), 4);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(guarded.get("k").await.is_ok());
        assert!(guarded.get("k").await.is_ok());
        assert_eq!(asked(), 6);
    }
}
