//! Where the masters meet the wire.

pub(crate) mod grpc;
