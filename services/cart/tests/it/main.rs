//! The service behind its real stack, with neighbours that the test plays.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod carts;
mod checkout;
mod concurrency;
mod copies;
mod neighbours;
mod requests;
mod reversal;
mod sealing;
mod support;
