//! The edges: gRPC in; documents, events and other services out.

pub mod clients;
pub mod documents;
pub mod grpc;

use kugel_bus::{Topic, deliveries};
use kugel_store::Collection;

/// The delivery records of this service's events.
pub static TERMINAL_DELIVERIES: Collection = deliveries("status_terminal_delivery");

/// What this service publishes.
pub const TOPICS: &[Topic] = &[Topic::CashlogReport, Topic::OpencloselogReport];
