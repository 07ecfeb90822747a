//! The store as its users see it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod conformance;
mod crash;
mod files;
mod model;
mod mongodb;
