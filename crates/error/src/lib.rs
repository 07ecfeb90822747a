//! Public errors: one table of six-digit codes, one error type, one translation into a gRPC status.
//!
//! A use case answers `codes::CART_NOT_FOUND.error("cart 12 is not found")`; the gateway finds the row again by its
//! reason. The table is central on purpose: codes are public and must be unique, and the gateway and the documents need
//! them all. This crate knows no service, and without its feature `status` no transport. Start reading at [`codes`].

pub mod codes;
mod error;
mod invalid;
#[cfg(feature = "status")]
mod status;

pub use codes::ErrorSpec;
pub use error::{Error, FieldViolation, Result, short};
#[cfg(feature = "status")]
pub use status::{DOMAIN, pause_of, reason_of};
