//! Login with name and password.

use std::net::IpAddr;

use kugel_error::{Result, codes};

use super::App;
use super::attempt::{Attempt, Outcome, refused};
use super::sessions::Issued;

/// The fields of an OAuth2 password form that matter.
#[derive(Debug, Clone, Default)]
pub struct LoginForm {
    /// The name of the user.
    pub username: String,
    /// The password.
    pub password: String,
    /// The tenant.
    pub client_id: String,
}

impl App {
    /// Tokens for the user. Every refusal looks alike, but who knows the password learns that it has to be changed.
    pub async fn issue_token(&self, form: LoginForm, address: Option<IpAddr>) -> Result<Issued> {
        let attempt = Attempt {
            tenant: &form.client_id,
            username: &form.username,
            password: &form.password,
            address,
        };
        match self.attempt(&attempt).await? {
            Outcome::Right(_, user) if user.must_change_password => {
                Err(codes::PASSWORD_CHANGE_REQUIRED.error(
                    "the password is temporary: change it with ChangePassword (POST /api/v1/accounts/password: tenantId, \
                     username, currentPassword, newPassword), then log in",
                ))
            }
            Outcome::Right(tenant, user) => {
                let begun = self.begin_session(&tenant, &user, address).await;
                // Whoever may look is let in all the same: a full disk keeps nobody out.
                let refresh = begun.inspect_err(|error| tracing::warn!(%error, "a session could not be stored"));
                self.issue(&tenant, &user, refresh.ok().as_ref()).await
            }
            Outcome::Wrong => Err(refused()),
            Outcome::Braked(braked) => Err(braked.into()),
        }
    }
}
