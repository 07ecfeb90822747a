//! Properties of the whole tree: which crate may know which, what no source may hold, and that the documents tell
//! what is there.

#![allow(clippy::unwrap_used)]

mod chart;
mod collections;
mod documents;
mod floor_plan;
mod layering;
mod readme_sale;
mod source;
mod tree;
