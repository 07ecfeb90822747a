//! The edge as clients see it.

mod oauth;
mod origins;
mod repeating;
mod rest;
mod strict;
mod watch;
