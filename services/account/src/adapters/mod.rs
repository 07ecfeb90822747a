//! Where tenants and users meet the store and the wire.

mod documents;
pub(crate) mod grpc;
