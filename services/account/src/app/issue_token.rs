//! Login with name and password.

use std::net::IpAddr;

use kugel_error::{Result, codes};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::SecurityEntry;
use kugel_types::TenantId;

use super::App;
use super::attempt::{Attempt, Outcome, refused};
use crate::domain::LastLogin;

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
    /// A token for the user. Every refusal looks alike, but who knows the password learns that it has to be changed.
    pub async fn issue_token(&self, form: LoginForm, address: Option<IpAddr>) -> Result<String> {
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
                let claims = self.claims(tenant.clone(), &user).await?;
                let token = self.tokens.issue_user(&claims);
                self.note_login(tenant, &user.username, address);
                Ok(token)
            }
            Outcome::Wrong => Err(refused()),
            Outcome::Braked(braked) => Err(braked.into()),
        }
    }

    /// Stores the time of the login. Nobody waits for it, and its failure is no failure of the login.
    fn note_login(&self, tenant: TenantId, username: &str, address: Option<IpAddr>) {
        let login = LastLogin {
            username: username.to_owned(),
            last_login: self.clock.now(),
        };
        let entry = SecurityEntry::by_anybody(address, SecurityEventKind::Login, username).of(username);
        let app = self.clone();
        let changes = app.documents.changes(username).upsert(login);
        tokio::spawn(async move {
            if let Err(error) = app.commit(&tenant, changes, &[entry]).await {
                tracing::warn!(tenant.id = %tenant, error = %error, "time of a login could not be stored");
            }
        });
    }
}
