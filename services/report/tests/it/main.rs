//! The report service behind its real stack, over a real store and bus, from logs to reports.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod asking;
mod bills;
mod counting;
mod examples;
mod paper;
mod posting;
mod properties;
mod rebuilding;
mod world;
