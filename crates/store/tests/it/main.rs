//! The store as its users see it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod conformance;
mod crash;
mod damage;
#[cfg(target_os = "linux")]
mod disk;
mod files;
mod logs;
mod model;
mod mongodb;
mod takeover;
