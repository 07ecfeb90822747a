//! The edges: gRPC, events, documents and neighbours.

pub mod clients;
pub mod documents;
pub mod events;
pub mod grpc;
pub mod logs;
pub mod requests;
