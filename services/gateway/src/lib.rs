//! The edge: REST, gRPC-Web, native gRPC and WebSocket clients reach every service through one port.
//!
//! Routes, JSON shapes and the API document are all read from the contract's descriptors: adding a method to `proto/`
//! needs no line here. Only the endpoint of OAuth2 (`oauth/`) and the WebSocket of the stock alerts (`websocket.rs`) are
//! written by hand, because neither is JSON over HTTP. The gateway holds no business rule, checks no credential and
//! opens no database. Start reading at [`build`], then `edge.rs`, then `rest.rs`.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod docs;
mod edge;
mod failure;
mod headers;
mod health;
mod hosts;
mod json;
mod oauth;
mod openapi;
mod passthrough;
mod prefer;
mod reply;
mod rest;
mod routes;
mod schema;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod upstream;
mod websocket;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use kugel_config::Settings;
use kugel_error::codes;
use kugel_rpc::Channel;
use kugel_types::Clock;
use prost_reflect::DescriptorPool;
use tokio::sync::Semaphore;
use tonic_health::pb::health_server::HealthServer;

pub use edge::Edge;
use failure::Failure;
use health::Health;
use routes::Routes;

/// What the gateway is built from.
pub struct GatewayDeps {
    /// The services that run, by short name: `cart`, `master-data`.
    pub channels: BTreeMap<String, Channel>,
    /// Everything that can be set.
    pub settings: Arc<Settings>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Renders all metrics for `/metrics` of the port for operations; without it that path does not exist.
    pub metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
}

/// The contract cannot be served as it is.
#[derive(Debug, thiserror::Error)]
#[error("the contract cannot be served: {0}")]
pub struct ContractError(String);

/// What a request finds.
pub(crate) struct Gateway {
    routes: Routes,
    settings: Arc<Settings>,
    /// The services' short names.
    services: Vec<String>,
    /// From a full gRPC service name to the service's short one.
    packages: Arc<HashMap<String, String>>,
    channels: Arc<BTreeMap<String, Channel>>,
    health: Health,
    /// Health, as gRPC asks for it.
    health_service: tonic::service::Routes,
    /// Reflection, built when it is first asked.
    reflection: OnceLock<tonic::service::Routes>,
    /// The contract with its comments, for reflection and the API document.
    descriptors: &'static [u8],
    metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    timers: edge::Timers,
    clock: Arc<dyn Clock>,
    /// A place for each WebSocket.
    watchers: Arc<Semaphore>,
    /// The API document of all services, written when it is first asked for.
    document: OnceLock<Bytes>,
}

/// Builds the gateway. It answers every path.
pub fn build(deps: GatewayDeps) -> Result<Edge, ContractError> {
    build_for(kugel_proto::DESCRIPTORS, deps).map(Edge::new)
}

fn build_for(descriptors: &'static [u8], deps: GatewayDeps) -> Result<Gateway, ContractError> {
    let bare = wire::without_comments(descriptors).map_err(|error| ContractError(error.to_string()))?;
    let pool = DescriptorPool::decode(bare.as_slice()).map_err(|error| ContractError(error.to_string()))?;
    let mut routes = Routes::read(&pool).map_err(ContractError)?;
    for name in websocket::SHOWN {
        if let Some(message) = pool.get_message_by_name(name) {
            routes.schema.add(&message);
        }
    }
    let packages: HashMap<String, String> = pool
        .services()
        .map(|service| {
            (
                service.full_name().to_owned(),
                routes::short_name(service.package_name()),
            )
        })
        .collect();
    let mut services: Vec<String> = packages.values().cloned().collect();
    services.sort_unstable();
    services.dedup();
    let packages = Arc::new(packages);
    let channels = Arc::new(deps.channels);
    let health = Health {
        channels: channels.clone(),
        packages: packages.clone(),
        clock: deps.clock.clone(),
    };
    Ok(Gateway {
        routes,
        settings: deps.settings,
        services,
        packages,
        channels,
        health_service: tonic::service::Routes::new(HealthServer::new(health.clone())).prepare(),
        reflection: OnceLock::new(),
        descriptors,
        health,
        metrics: deps.metrics,
        timers: edge::Timers::default(),
        clock: deps.clock,
        watchers: Arc::new(Semaphore::new(websocket::CONNECTIONS)),
        document: OnceLock::new(),
    })
}

impl Gateway {
    fn channel(&self, service: &str) -> Result<&Channel, Failure> {
        let absent = || {
            codes::OVERLOADED
                .error(format!("the service `{service}` is not running"))
                .into()
        };
        self.channels.get(service).ok_or_else(absent)
    }
}
