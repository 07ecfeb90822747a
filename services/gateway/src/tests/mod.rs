//! The edge as clients see it.

mod login;
mod origins;
mod rest;
mod watch;
