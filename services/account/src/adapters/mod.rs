//! Where tenants and users meet the wire.

pub(crate) mod grpc;
