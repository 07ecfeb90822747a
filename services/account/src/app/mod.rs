//! The use cases, one verb a file.

mod administration;
mod change_user;
mod create_user;
mod issue_token;
mod register_tenant;
mod users;

use std::sync::Arc;

use jiff::tz::TimeZone;
use kugel_auth::{Passwords, Tokens};
use kugel_store::Documents;
use kugel_types::Clock;

pub use change_user::UserChange;
pub use issue_token::LoginForm;
pub use users::{USERS, UserView};

/// Everything the use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The registered tenants, and the users of each.
    pub documents: Documents,
    /// Hashes and verifies passwords.
    pub passwords: Passwords,
    /// Issues tokens.
    pub tokens: Arc<Tokens>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The application's time zone.
    pub zone: TimeZone,
}
