//! The terminal service: tenants, stores, terminals, their sessions, their drawers and their credentials.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod adapters;
mod app;
mod domain;
mod ports;
