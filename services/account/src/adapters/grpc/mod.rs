//! Accounts over gRPC: admit, call, render.

mod accounts;
mod convert;
mod render;

pub(crate) use accounts::Accounts;
