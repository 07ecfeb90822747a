//! Tests of the service as a whole, from logs to reports.

mod bills;
mod examples;
mod properties;
mod use_cases;
mod world;
