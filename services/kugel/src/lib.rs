//! Composition: all services in one process, or one of them, and the tools around a running Kugel.
//!
//! [`process`] joins what the service crates build; it holds no rule of its own. [`demo`] replays real sales through a
//! running Kugel and [`verify`] recomputes what must be conserved; both are ordinary clients of the gateway's port.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

pub mod cli;
pub mod demo;
pub mod events;
pub mod export;
pub mod import;
pub mod process;
pub mod rebuild;
mod secret;
mod streams;
pub mod verify;
