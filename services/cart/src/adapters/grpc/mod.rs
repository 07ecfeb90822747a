//! The gRPC face: admit, call, render.

mod carts;
mod convert;
mod render;
mod transactions;

pub(crate) use carts::Carts;
pub(crate) use transactions::Transactions;
