//! Both buses, and the outbox over a real embedded store.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod forgetting;
mod outbox;
mod rabbitmq;
mod replicas;
mod world;
