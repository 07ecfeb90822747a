//! The state port: values by key with a lifetime, for speed and never as the only copy.
//!
//! Nothing that cannot be rebuilt from documents or forgotten lives only here. Start reading at [`State`]. [`MemoryState`] is the in-process adapter,
//! [`RedisState`] the mesh's, with [`Guarded`] before it; [`conformance`] says what every adapter must do.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

pub mod conformance;
mod guarded;
mod memory;
mod redis;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use guarded::Guarded;
pub use memory::MemoryState;
pub use redis::RedisState;

/// The state store did not answer, or cannot be used: says which one and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StateError(pub String);

/// Values by key. Keys name their tenant; values are opaque.
#[async_trait]
pub trait State: Send + Sync + 'static {
    /// The value, if it is there and alive.
    async fn get(&self, key: &str) -> Result<Option<Bytes>, StateError>;
    /// Sets the value for `lifetime` from now.
    async fn set(&self, key: &str, value: Bytes, lifetime: Duration) -> Result<(), StateError>;
    /// Removes the value.
    async fn delete(&self, key: &str) -> Result<(), StateError>;
    /// Sets the value if the present one equals `expected` (`None`: there is none). False: it does not.
    async fn compare_and_set(
        &self,
        key: &str,
        expected: Option<&Bytes>,
        value: Bytes,
        lifetime: Duration,
    ) -> Result<bool, StateError>;
    /// Whether it answers.
    async fn ping(&self) -> Result<(), StateError>;
    /// True if this is memory of the same process: then the document store's own cache is just as near, and a copy
    /// here would be a second copy for nothing.
    fn is_local(&self) -> bool;
}
