//! The edge: REST, gRPC-Web, native gRPC and WebSocket clients reach every service through one port.
//!
//! Routes, JSON shapes and the API document are all read from the contract's descriptors: adding a method to `proto/`
//! needs no line here. Only the OAuth2 form login ([`login`]) and the WebSocket of the stock alerts ([`websocket`]) are
//! written by hand, because neither is JSON over HTTP. The gateway holds no business rule, checks no credential and
//! opens no database. Start reading at [`build`], then `rest.rs`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod failure;
mod headers;
mod hosts;
mod json;
mod reply;
mod rest;
mod routes;
mod schema;
#[cfg(test)]
mod testing;
mod upstream;
mod wire;

use std::collections::HashMap;
use std::sync::Arc;

use kugel_config::Settings;
use kugel_error::codes;

use failure::Failure;
use routes::Routes;
use upstream::Channel;

/// What the gateway needs to know.
pub(crate) struct Gateway {
    routes: Routes,
    settings: Arc<Settings>,
    /// The services' short names, longest first.
    services: Vec<String>,
    channels: HashMap<String, Channel>,
}

impl Gateway {
    fn channel(&self, service: &str) -> Result<&Channel, Failure> {
        let unknown = || codes::OVERLOADED.error(format!("the service `{service}` is not running")).into();
        self.channels.get(service).ok_or_else(unknown)
    }
}
