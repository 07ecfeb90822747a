//! The mesh in one place: how a service is served, how its callers are admitted, and how it calls its neighbours.
//!
//! A service's crate gives [`Parts`] for [`Deps`]. [`serve`] puts the server stack around its routes: panic guard,
//! metrics and log, load shedding, deadline, wire, authentication, one file each. [`admit`] is the only way for a
//! handler to get a [`Caller`], and it checks the policy that the method declares in proto. [`Channel`] is a neighbour
//! in the same process or across the network; generated clients take it either way. Across the network, `remote.rs` is
//! its client stack, `balance.rs` finds and chooses instances, and `tls.rs` shows and checks certificates.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod admit;
mod api_keys;
mod authenticate;
mod balance;
mod call;
mod channel;
mod deadline;
mod finish;
mod health;
mod instance;
mod local;
mod observe;
mod origin;
mod panic_guard;
mod parts;
mod remote;
mod request_key;
mod routes;
mod shed;
mod stack;
mod tls;
mod wire;

pub use admit::{Caller, Visitor, admit, welcome};
pub use api_keys::ApiKeys;
pub use channel::{Channel, Neighbours, outgoing};
pub use health::{Dependency, Readiness};
pub use local::LocalService;
pub use parts::{Deps, Parts};
pub use routes::Routes;
pub use stack::{Layers, serve};
pub use tls::{Misconfiguration, Tls, TlsListener, TlsStream};

/// The metadata that names the terminal of an API key.
pub const TERMINAL_ID: &str = "x-terminal-id";
/// The metadata that carries an API key.
pub const API_KEY: &str = "x-api-key";
/// The metadata under which a fresh terminal token comes back.
pub const NEW_TOKEN: &str = "x-new-token";
/// The metadata that makes a mutating call repeatable; in HTTP it is called `Idempotency-Key`.
pub const REQUEST_ID: &str = "request_id";

/// How the paths of questions about health begin.
const HEALTH: &str = "/grpc.health.v1.";
