//! Tests of the service as a whole, from logs to reports.

mod asking;
mod bills;
mod counting;
mod examples;
mod paper;
mod properties;
mod rebuilding;
mod stand_ins;
mod world;
