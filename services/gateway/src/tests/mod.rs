//! The edge as clients see it.

mod login;
mod rest;
mod watch;
