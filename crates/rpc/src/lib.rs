//! The mesh in one place: how a service is served, how its callers are admitted, and how it calls its neighbours.
//!
//! A service's crate gives [`Parts`] for [`Deps`]. Start reading at `server/`: [`serve`] puts the server stack around its
//! routes, and [`admit`] lets callers in. `client/` is the other end: [`Channel`] is a neighbour. `server` knows `client`,
//! and both know what a call hands on (`call.rs`), a service of the same process (`local.rs`), generated code
//! (`generated.rs`) and certificates (`tls.rs`);
//! no arrow points back. No business rule is known here, and no services but the two that say what a credential is worth: the
//! terminal's, which checks API keys and tells how tills stand, and account, which tells how users do.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

use std::net::{AddrParseError, IpAddr};
use std::str::FromStr;

mod call;
mod client;
mod generated;
mod local;
mod server;
mod tls;

pub use call::ending_with_caller;
pub use client::{Channel, KnownTerminals, Neighbour, Neighbours, ReadCache, outgoing};
pub use generated::{Client, Server};
pub use local::LocalService;
pub use server::{
    ApiKeys, Caller, Checks, Dependency, Deps, Layers, List, Parts, REASON, Readiness, Repeats, Routes,
    SECURITY_LOG_KEPT, SecurityEntry, SecurityLog, Standings, Telling, View, Visitor, admit, in_order, serve,
    welcome, write_line,
};
pub use tls::{Misconfiguration, Tls, TlsStream};

/// The metadata that names the terminal of an API key.
pub const TERMINAL_ID: &str = "x-terminal-id";
/// The metadata that carries an API key.
pub const API_KEY: &str = "x-api-key";
/// The metadata that carries what another person approved, for one call: see `SessionService.CreateApproval`.
pub const APPROVAL: &str = "x-approval";
/// The metadata under which a fresh terminal token comes back.
pub const NEW_TOKEN: &str = "x-new-token";
/// The metadata that makes a mutating call repeatable; in HTTP it is called `Idempotency-Key`.
pub const REQUEST_ID: &str = "request_id";

/// The metadata that tells services where the client is, an IP address. The gateway writes it and takes no client's word
/// for it; who can reach a service's own port is trusted with it.
pub const CLIENT_ADDRESS: &str = "x-client-address";

/// Where a client is, in the one way of writing it: an address of version 4 that came as one of version 6 is the former. In
/// the extensions of each request that the gateway is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The address.
    pub fn get(self) -> IpAddr {
        self.0
    }
    /// What belongs to one client as a whole: the address, or by version 6 its network of 64 bits.
    pub fn network(self) -> IpAddr {
        kugel_brake::network(self.0)
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }
}

impl FromStr for ClientAddress {
    type Err = AddrParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<IpAddr>().map(Self::from)
    }
}

/// How the paths of questions about health begin.
const HEALTH: &str = "/grpc.health.v1.";
