//! Pricing from outside: the contract's worked examples, the edges, money that can be paid, laws that hold for every basket, and an
//! independent calculation in exact fractions.

#![allow(clippy::unwrap_used)]

mod contract_basket;
mod contract_payment;
mod edges;
mod laws;
mod money;
mod oracle;
mod random;
mod support;
