//! A shop, set up and sold at from outside, as an office and its tills do it: through generated clients, at any address.
//!
//! An [`Owner`] registers a tenant and gives roles, and does nothing else. A [`Shop`] is the tenant in the hands of its
//! office, which enters masters, stores, stock and tills. A [`Till`] signs its cashier in, opens, sells, reverses and closes.
//! All speak over a [`Transport`], which any connection of a generated client can become. Nothing here knows how Kugel works
//! inside, and nothing decides what is sold: that is for the demonstration, the load generator and the tests above.

mod client;
mod failure;
mod owner;
mod shop;
mod till;

pub use client::{Client, Transport, transport};
pub use failure::{Failure, amount, while_doing};
pub use owner::Owner;
pub use shop::{Item, Shop};
pub use till::Till;
