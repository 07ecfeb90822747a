//! The edge as clients see it.

mod oauth;
mod origins;
mod rest;
mod watch;
