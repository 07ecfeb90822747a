//! The gRPC face: admit, call, render.

mod books;
mod convert;
mod render;
mod reports;

pub(crate) use books::Books;
pub(crate) use reports::Reports;
