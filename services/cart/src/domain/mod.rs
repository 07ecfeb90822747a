//! The rules of carts and transactions. Pure: no clock, no storage, no transport.

pub mod by_hand;
pub mod cart;
pub mod entry;
#[cfg(test)]
mod laws;
pub mod masters;
pub mod numbering;
pub mod payment;
mod pricing;
pub mod reversal;
pub mod session;
pub mod settings;
pub mod state;
pub mod status;
pub mod terminal;
pub mod transaction;
