//! The edges: gRPC, stored documents, events.

pub(crate) mod aside;
pub(crate) mod convert;
pub(crate) mod documents;
pub(crate) mod events;
pub(crate) mod grpc;
pub(crate) mod render;
