//! The service as its callers see it: use cases over a real store and bus, and calls through the whole server stack.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod approvals;
mod brakes;
mod calls;
mod credentials;
mod currency;
mod drawer;
mod events;
mod floods;
mod keys;
mod registry;
mod sessions;
mod support;
