//! Accounts over gRPC: admit, call, render.

mod accounts;
mod convert;
mod keys;
mod render;
mod roles;
mod service_accounts;

pub(crate) use accounts::Accounts;
pub(crate) use keys::Keys;
pub(crate) use roles::Roles;
pub(crate) use service_accounts::ServiceAccounts;
