//! The cart service: carts that are filled and paid at terminals, and the transactions that they become.
//!
//! Invariants:
//! - A cart belongs to the terminal that opened it; to everybody else it does not exist.
//! - A command is one commit. Two at the same time on one cart are two in a row: the second starts again from what the
//!   first left.
//! - Numbers, transaction log, event and the finished cart are one commit, so that a terminal's transaction numbers have
//!   no hole and no repeat, and every transaction's event is delivered.
//! - A cart is priced from the masters it has kept; a neighbour that does not answer is an error, never a guess.
//! - The log is never changed. Whether a transaction still stands is said by its status, changed by the reversal's own
//!   commit.
//!
//! Events out: `tranlog_report` (sales, cancelled carts, voids, returns). In: announcements of changed masters.
//! Start reading at [`domain`], then [`app`].

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod app;
pub mod domain;
pub mod ports;
mod records;
