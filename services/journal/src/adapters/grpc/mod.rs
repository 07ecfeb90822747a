//! The gRPC face: admit, call, render.

mod convert;
mod journals;
mod render;

pub(crate) use journals::Journals;
