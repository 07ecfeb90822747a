//! A shop, set up and sold at from outside, as an office and its tills do it: through generated clients, at any address.
//!
//! A [`Shop`] is a tenant in the hands of its administrator, who enters masters, stores, stock and tills. A [`Till`] signs
//! its cashier in, opens, sells, reverses and closes. Both speak over a [`Transport`], which any connection of a generated
//! client can become. Nothing here knows how Kugel works inside, and nothing decides what is sold: that is for the
//! demonstration, the load generator and the tests above.

mod client;
mod failure;
mod shop;
mod till;

pub use client::{Client, Transport, transport};
pub use failure::{Failure, amount, while_doing};
pub use shop::{Item, Shop};
pub use till::Till;
