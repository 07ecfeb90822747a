//! Between the use cases and the wire: calls in, events in, calls out.

pub(crate) mod clients;
pub(crate) mod events;
pub(crate) mod grpc;
