//! The edges: gRPC in, documents and other services out.

pub mod documents;
