//! The account service behind its server stack, driven by the generated client.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod floods;
mod guessing;
mod recovery;
mod registration;
mod revocation;
mod roles;
mod security;
mod service_accounts;
mod service_keys;
mod sessions;
mod tokens;
mod users;
mod world;
