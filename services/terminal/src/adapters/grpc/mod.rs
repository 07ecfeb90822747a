//! The gRPC face: admit, call, render.

mod convert;
mod render;
mod sessions;
mod stores;
mod tenants;
mod terminals;

pub(crate) use sessions::Sessions;
pub(crate) use stores::Stores;
pub(crate) use tenants::Tenants;
pub(crate) use terminals::Terminals;
