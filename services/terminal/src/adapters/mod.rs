//! The edges: gRPC in, documents and other services out.

pub mod documents;

use kugel_bus::deliveries;
use kugel_store::Collection;

/// The delivery records of this service's events.
pub static TERMINAL_DELIVERIES: Collection = deliveries("status_terminal_delivery");
