//! How a service is served, and how its callers are let in.
//!
//! [`serve`] puts the stack around a service's routes, one file a layer. [`admit`] is the only way for a handler to get a
//! [`Caller`]; it checks the policy that the method declares in proto. What the
//! request says is read with [`Checks`], and that of a list with [`List`].

mod admit;
mod api_keys;
mod approval;
mod authenticate;
mod checks;
mod content;
mod deadline;
mod finish;
mod health;
mod list;
mod observe;
mod panic_guard;
mod parts;
mod request_key;
mod routes;
mod security;
mod shed;
mod stack;
mod standing;
mod wire;

pub use admit::{Caller, Visitor, admit, welcome};
pub use api_keys::ApiKeys;
pub use checks::{Checks, in_order};
pub use health::{Dependency, REASON, Readiness};
pub use list::{List, View};
pub use parts::{Deps, Parts};
pub use routes::Routes;
pub use security::{Repeats, SECURITY_LOG_KEPT, SecurityEntry, SecurityLog, Telling, write_line};
pub use stack::{Layers, serve};
pub use standing::Standings;
