//! Where tenants and users meet the wire.

pub(crate) mod events;
pub(crate) mod grpc;
