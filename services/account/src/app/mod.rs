//! The use cases, one verb a file.

mod attempt;
mod change_password;
mod change_user;
mod create_user;
mod issue_token;
mod password_policy;
mod register_tenant;
mod reset_password;
mod rights;
mod roles;
mod security;
mod users;

use std::sync::Arc;

use jiff::tz::TimeZone;
use kugel_auth::{Passwords, Tokens};
use kugel_brake::Brake;
use kugel_config::Registration;
use kugel_rpc::Repeats;
use kugel_store::Documents;
use kugel_types::Clock;

pub(crate) use attempt::account;
pub use change_password::PasswordChange;
pub use change_user::UserChange;
pub use issue_token::LoginForm;
pub use register_tenant::NewTenant;
pub(crate) use security::keep_forgetting;
pub use security::{SECURITY_EVENTS, SecurityFilter};
pub use users::{USERS, UserView};

/// Everything the use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The registered tenants, and the users of each.
    pub documents: Documents,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// How often passwords may be tried.
    pub logins: Brake,
    /// How often tenants may be registered.
    pub registrations: Brake,
    /// Who may register a tenant.
    pub registration: Registration,
    /// Serves clients of the older system.
    pub is_legacy: bool,
    /// Counts what the security log is told again and again.
    pub repeats: Repeats,
    /// Issues tokens.
    pub tokens: Arc<Tokens>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The application's time zone.
    pub zone: TimeZone,
}
