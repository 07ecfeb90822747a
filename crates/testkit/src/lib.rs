//! The real server under test, clients for all of its doors, and shops that read like sentences.
//!
//! [`World`] runs Kugel inside the test, [`ServerProcess`] runs the executable beside it, so that it can be killed. Both
//! come in the [`Size`] that is tested, one process or the mesh on real servers, and are a [`Site`]: an address with a
//! [`Rest`] and a [`Grpc`] client. From a site grow a [`Tenant`], its [`Store`]s and their [`Till`]s, each with its
//! credentials. Nothing here knows how Kugel works inside, so a shop can be built at any
//! address:
//!
//! ```no_run
//! # async fn example() {
//! let world = kugel_testkit::World::start().await;
//! let tenant = world.tenant().await;
//! tenant.item("8801", "298", "01").await;
//! let till = tenant.store("tk01").await.till(1).await;
//! let sale = till.sell(&[("8801", 3)]).await;
//! assert_eq!(sale["totalAmountWithTax"], 983);
//! world.finish().await;
//! # }
//! ```
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod contract;
mod grpc;
mod namespace;
mod ports;
mod process;
mod relay;
mod rest;
mod shop;
mod site;
mod size;
mod world;

pub use contract::{Binding, Rpc, contract};
pub use grpc::{Door, Grpc};
pub use kugel_shop::Transport;
pub use kugel_stand::eventually;
pub use process::ServerProcess;
pub use relay::Relay;
pub use rest::{Reply, Rest};
pub use shop::{Store, Tenant, Till};
pub use site::Site;
pub use size::{Servers, Size};
pub use world::World;
