//! The gRPC services: admit, parse, call, render.

mod parse;
mod render;
mod sessions;
mod stores;
mod tenants;
mod terminals;

pub use sessions::Sessions;
pub use stores::Stores;
pub use tenants::Tenants;
pub use terminals::Terminals;
