//! Between the use cases and the wire: calls and events in.

pub(crate) mod events;
pub(crate) mod grpc;
