//! Where the masters meet the wire and the account service.

pub(crate) mod clients;
pub(crate) mod grpc;
