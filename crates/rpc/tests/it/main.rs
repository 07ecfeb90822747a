//! Neighbours across real sockets: instances that come and go, certificates, and what the wire may bring.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod balance;
mod certificates;
mod layers;
mod lines;
mod stand;
mod tls;
mod wire;
