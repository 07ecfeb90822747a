//! The contract in Rust: types, servers and clients generated from `proto/`, their descriptors, and what the options on
//! each method say about its callers.
//!
//! Nothing here is written by hand but the conversions of [`Decimal`], the kind and the cash of a payment, and the traits over the
//! generated code. Start reading at `proto/kugel`.

mod content;
mod decimal;
mod payable;
mod payment;
mod policy;

pub use content::{Content, ContentReader, LIST_MAX, TEXT_MAX};
pub use payment::CashUnknown;
pub use policy::{
    Caller, IDEMPOTENT_METHODS, METHODS, PERMISSIONS, Permission, PermissionEntry, Policy, READING_METHODS,
    Scoped,
};

/// Everything of the contract as a `FileDescriptorSet` with options and source comments.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

include!(concat!(env!("OUT_DIR"), "/services.rs"));
include!(concat!(env!("OUT_DIR"), "/words.rs"));

#[expect(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/generated.rs"));
}

pub use generated::google;
pub use generated::google::r#type::Decimal;
pub use generated::kugel::*;
