//! The gRPC face: admit, call, render.

mod convert;
mod render;
mod stock;

pub(crate) use stock::Stock;
