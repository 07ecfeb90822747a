//! Where tenants and users meet the store and the wire.

pub(crate) mod documents;
pub(crate) mod grpc;
