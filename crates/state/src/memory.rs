//! State in the memory of the process.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use moka::Expiry;
use moka::ops::compute::Op;
use moka::sync::Cache;

use crate::{State, StateError};

#[derive(Clone)]
struct Entry {
    value: Bytes,
    lifetime: Duration,
}

struct Lifetime;

impl Expiry<String, Entry> for Lifetime {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.lifetime)
    }
    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.lifetime)
    }
}

/// The in-process adapter: bounded, oldest values go first.
pub struct MemoryState(Cache<String, Entry>);

impl MemoryState {
    /// Bytes that keys and values may take together.
    const CAPACITY: u64 = 64 << 20;
}

impl Default for MemoryState {
    fn default() -> Self {
        let weigh =
            |key: &String, entry: &Entry| u32::try_from(key.len() + entry.value.len()).unwrap_or(u32::MAX);
        Self(
            Cache::builder()
                .max_capacity(Self::CAPACITY)
                .weigher(weigh)
                .expire_after(Lifetime)
                .build(),
        )
    }
}

#[async_trait]
impl State for MemoryState {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, StateError> {
        Ok(self.0.get(key).map(|entry| entry.value))
    }
    async fn set(&self, key: &str, value: Bytes, lifetime: Duration) -> Result<(), StateError> {
        self.0.insert(key.to_owned(), Entry { value, lifetime });
        Ok(())
    }
    async fn delete(&self, key: &str) -> Result<(), StateError> {
        self.0.invalidate(key);
        Ok(())
    }
    async fn compare_and_set(
        &self,
        key: &str,
        expected: Option<&Bytes>,
        value: Bytes,
        lifetime: Duration,
    ) -> Result<bool, StateError> {
        let mut done = false;
        self.0.entry_by_ref(key).and_compute_with(|present| {
            done = present.map(|entry| entry.into_value().value).as_ref() == expected;
            if done {
                Op::Put(Entry { value, lifetime })
            } else {
                Op::Nop
            }
        });
        Ok(done)
    }
    async fn ping(&self) -> Result<(), StateError> {
        Ok(())
    }
    fn is_local(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conforms() {
        crate::conformance::run(&MemoryState::default(), "memory").await;
    }
}
