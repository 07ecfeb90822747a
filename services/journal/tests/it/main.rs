//! The service as its callers see it: the real handlers behind the real server stack, over the in-process store and bus.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod filing;
mod posting;
mod rebuilding;
mod searching;
mod support;
