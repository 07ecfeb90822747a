//! Whole sales through the doors of a running server.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod doors;
mod sale;
