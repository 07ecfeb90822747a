//! The gRPC face: admit, call, render.

mod convert;
mod render;
mod reports;

pub(crate) use reports::Reports;
