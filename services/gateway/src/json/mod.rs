//! JSON to protobuf and back, guided by the descriptors and without a message in between.

mod reader;
mod scalar;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use reader::{Reader, Refusal};
pub(crate) use writer::Writer;
