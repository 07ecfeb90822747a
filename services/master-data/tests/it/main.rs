//! The master data service behind its server stack, driven by generated clients.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod item_books;
mod items;
mod promotions;
mod security;
mod settings;
mod small_masters;
mod staff_roles;
mod taxes;
mod world;
