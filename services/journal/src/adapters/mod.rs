//! Between the use cases and the wire: calls in, events in.

pub(crate) mod events;
pub(crate) mod grpc;
