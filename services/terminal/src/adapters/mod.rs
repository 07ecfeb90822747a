//! Between the use cases and the wire: calls in, calls out.

pub(crate) mod clients;
pub(crate) mod grpc;
