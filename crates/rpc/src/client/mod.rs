//! How a service calls its neighbours, and what it keeps of theirs.
//!
//! [`Channel`] is a neighbour in the same process or across the network; generated clients take it either way. Across the
//! network, `remote.rs` is its client stack, `balance.rs` finds and chooses instances, and `instance.rs` keeps the
//! connections to one of them. [`Neighbour`] is what a service's own clients are made of, and [`ReadCache`] keeps what
//! they read. [`KnownTerminals`] is the one question that several services ask.

mod balance;
mod channel;
mod instance;
mod neighbour;
mod origin;
mod read_cache;
mod remote;
mod terminals;

pub use channel::{Channel, Neighbours, outgoing};
pub use neighbour::Neighbour;
pub use read_cache::ReadCache;
pub use terminals::KnownTerminals;
