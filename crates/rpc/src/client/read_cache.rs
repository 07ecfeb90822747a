//! A cache of what belongs to a neighbour: read through, bounded, dropped at once when the owner announces a change.

use std::future::Future;
use std::hash::Hash;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::sync::Cache;
use parking_lot::RwLock;

/// Read-through cache. A value that was loaded before an invalidation and arrives after it is used once and not kept,
/// so a reader that races a writer never leaves the old value behind.
pub struct ReadCache<K, V> {
    values: Cache<K, V>,
    generation: RwLock<u64>,
}

impl<K, V> ReadCache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A cache of at most `capacity` values, none older than `lifetime`. A lifetime of zero keeps nothing.
    pub fn new(capacity: u64, lifetime: Duration) -> Self {
        Self::weighed(capacity, lifetime, |_| 1)
    }

    /// A cache of values that together weigh at most `capacity`. A value that takes another's place is as old as that one:
    /// it may hold parts of it.
    pub fn weighed(
        capacity: u64,
        lifetime: Duration,
        weight: impl Fn(&V) -> u32 + Send + Sync + 'static,
    ) -> Self {
        let capacity = if lifetime.is_zero() { 0 } else { capacity };
        let values = Cache::builder()
            .max_capacity(capacity)
            .weigher(move |_, value| weight(value))
            .expire_after(Lifetime(lifetime));
        let values = values.support_invalidation_closures().build();
        Self {
            values,
            generation: RwLock::new(0),
        }
    }

    /// The value, from memory or from `load`.
    pub async fn get_or_load<E>(&self, key: K, load: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        if let Some(value) = self.values.get(&key) {
            return Ok(value);
        }
        let generation = *self.generation.read();
        let value = load.await?;
        let now = self.generation.read();
        if *now == generation {
            self.values.insert(key, value.clone());
        }
        Ok(value)
    }

    /// The value if it is in memory.
    pub fn get(&self, key: &K) -> Option<V> {
        self.values.get(key)
    }

    /// Keeps a value that was loaded by a batch begun at `generation` (see [`Self::generation`]).
    pub fn insert_loaded(&self, generation: u64, key: K, value: V) {
        let now = self.generation.read();
        if *now == generation {
            self.values.insert(key, value);
        }
    }

    /// The present generation: taken before a batch is loaded, given to [`Self::insert_loaded`] afterwards.
    pub fn generation(&self) -> u64 {
        *self.generation.read()
    }

    /// Drops one value.
    pub fn invalidate(&self, key: &K) {
        let mut generation = self.generation.write();
        *generation += 1;
        self.values.invalidate(key);
    }

    /// Drops every value.
    pub fn invalidate_all(&self) {
        let mut generation = self.generation.write();
        *generation += 1;
        self.values.invalidate_all();
    }

    /// Drops every value whose key matches.
    pub fn invalidate_if(&self, matches: impl Fn(&K) -> bool + Send + Sync + 'static) {
        let mut generation = self.generation.write();
        *generation += 1;
        // Only fails without `support_invalidation_closures`, which `new` sets.
        let _ = self.values.invalidate_entries_if(move |key, _| matches(key));
    }
}

/// Counts from when there was no value.
struct Lifetime(Duration);

impl<K, V> Expiry<K, V> for Lifetime {
    fn expire_after_create(&self, _key: &K, _value: &V, _created_at: Instant) -> Option<Duration> {
        Some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_loaded_before_a_change_is_not_kept() {
        let cache = ReadCache::new(10, Duration::from_secs(60));
        let load = async {
            cache.invalidate(&"item");
            Ok::<_, ()>("old price")
        };
        assert_eq!(cache.get_or_load("item", load).await, Ok("old price"));
        assert_eq!(cache.get(&"item"), None);
        assert_eq!(
            cache
                .get_or_load("item", async { Ok::<_, ()>("new price") })
                .await,
            Ok("new price")
        );
        assert_eq!(
            cache.get_or_load("item", async { Err(()) }).await,
            Ok("new price"),
            "from memory"
        );
        cache.invalidate_if(|key| key.starts_with("it"));
        assert_eq!(cache.get(&"item"), None);
        let load = async {
            cache.invalidate_all();
            Ok::<_, ()>("old price")
        };
        assert_eq!(cache.get_or_load("item", load).await, Ok("old price"));
        assert_eq!(
            cache.get(&"item"),
            None,
            "whatever was loaded before is not kept either"
        );
    }

    #[tokio::test]
    async fn what_grows_gets_no_older_than_what_it_grew_from() {
        let cache = ReadCache::weighed(10, Duration::from_millis(400), |stores: &Vec<u8>| {
            stores.len() as u32
        });
        let begun = Instant::now();
        cache.insert_loaded(cache.generation(), "item", vec![1]);
        while let Some(stores) = cache.get(&"item") {
            assert!(begun.elapsed() < Duration::from_secs(10), "it is kept for ever");
            // Not only its presence: what it weighs counts, too.
            assert!(stores.len() <= 10);
            cache.insert_loaded(cache.generation(), "item", stores);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        cache.insert_loaded(cache.generation(), "item", vec![0; 11]);
        cache.values.run_pending_tasks();
        assert_eq!(cache.get(&"item"), None, "heavier than all that may be kept");
    }
}
