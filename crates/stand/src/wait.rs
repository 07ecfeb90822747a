//! Waiting for what happens behind an answer.

use std::time::{Duration, Instant};

/// Looks again and again until `look` finds something. Panics when `limit` has passed.
pub async fn eventually<T>(limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < limit, "it did not happen within {limit:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
