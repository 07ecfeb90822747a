//! The use cases, one verb a file.

mod attempt;
mod change_password;
mod change_user;
mod create_user;
mod introspect_token;
mod issue_token;
mod log_out_user;
mod password_policy;
mod refresh_token;
mod register_tenant;
mod reset_password;
mod revoke_token;
mod rights;
mod roles;
mod security;
mod service_accounts;
mod service_keys;
mod sessions;
mod users;

use std::sync::Arc;

use jiff::tz::TimeZone;
use kugel_auth::{Passwords, Tokens};
use kugel_brake::Brake;
use kugel_bus::{Bus, Change, ChangeKind};
use kugel_config::Registration;
use kugel_rpc::Repeats;
use kugel_store::Documents;
use kugel_types::{Clock, TenantId};

pub(crate) use attempt::{account, refused};
pub use change_password::PasswordChange;
pub use change_user::UserChange;
pub use introspect_token::Introspection;
pub use issue_token::LoginForm;
pub use refresh_token::RefreshForm;
pub use register_tenant::NewTenant;
pub(crate) use security::keep_forgetting;
pub use security::{SECURITY_EVENTS, SecurityFilter};
pub use service_accounts::{ServiceAccountContent, ServiceAccountView};
pub use service_keys::{ClientCredentials, KeyContent, KeyView, permissions_of};
pub use sessions::Issued;
pub(crate) use sessions::keep_forgetting as keep_forgetting_sessions;
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
    /// How often keys of service accounts may be tried.
    pub service_keys: Brake,
    /// How often tenants may be registered.
    pub registrations: Brake,
    /// Who may register a tenant.
    pub registration: Registration,
    /// Serves clients of the older system.
    pub is_legacy: bool,
    /// Counts what the security log is told again and again.
    pub repeats: Repeats,
    /// Where changes are announced.
    pub bus: Arc<dyn Bus>,
    /// Issues tokens.
    pub tokens: Arc<Tokens>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The application's time zone.
    pub zone: TimeZone,
}

impl App {
    /// Tells all services that what they know of a user is out of date.
    fn announce_user(&self, tenant: &TenantId, username: &str) {
        self.announce(tenant, ChangeKind::User, username);
    }

    /// The same of a role.
    fn announce_role(&self, tenant: &TenantId, name: &str) {
        self.announce(tenant, ChangeKind::Role, name);
    }

    fn announce(&self, tenant: &TenantId, kind: ChangeKind, key: &str) {
        self.bus.announce(&Change {
            tenant: tenant.clone(),
            kind,
            key: key.to_owned(),
        });
    }
}
