//! Pricing from outside: the contract's worked examples, the edges, laws that hold for every basket, and an
//! independent calculation in exact fractions.

#![allow(clippy::unwrap_used)]

mod contract_basket;
mod contract_payment;
mod edges;
mod laws;
mod oracle;
mod random;
mod support;
