//! The edges: gRPC in; documents, events and other services out.

pub mod clients;
pub mod documents;
pub mod grpc;
