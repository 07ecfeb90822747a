//! What can be done with tenants and users, a file for each use case.

mod administration;
mod login;
mod registration;
mod users;

pub use administration::{Administration, GUARD_KEY};
pub use login::{Login, LoginForm};
pub use registration::Registration;
pub use users::{UserChange, UserView, Users};
