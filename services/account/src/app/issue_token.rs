//! Login with name and password.

use kugel_error::{Result, codes};
use kugel_rpc::ending_with_caller;
use kugel_store::Scope;
use kugel_types::TenantId;

use super::App;
use crate::domain::{LastLogin, User};

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
    /// A token for the user. Every refusal looks alike and costs one verification of a password.
    pub async fn issue_token(&self, form: LoginForm) -> Result<String> {
        let tenant: Option<TenantId> = form.client_id.parse().ok();
        let user = match &tenant {
            Some(tenant) => self.documents.get::<User>(&tenant.into(), &form.username).await?,
            None => None,
        };
        let hash = user.as_ref().map(|user| user.hashed_password.as_str());
        let is_right = ending_with_caller(self.passwords.verify(&form.password, hash)).await?;
        match (tenant, user) {
            (Some(tenant), Some(user)) if is_right && user.is_active => {
                let token = self.tokens.issue_user(&tenant, &user.username, user.is_superuser);
                self.note_login(tenant, &user.username);
                Ok(token)
            }
            _ => Err(codes::UNAUTHENTICATED.error("username, password or tenant is wrong")),
        }
    }

    /// Stores the time of the login. Nobody waits for it, and its failure is no failure of the login.
    fn note_login(&self, tenant: TenantId, username: &str) {
        let login = LastLogin {
            username: username.to_owned(),
            last_login: self.clock.now(),
        };
        let documents = self.documents.clone();
        let changes = documents.changes(username).upsert(login);
        tokio::spawn(async move {
            if let Err(error) = documents.commit(&Scope::from(&tenant), changes).await {
                tracing::warn!(tenant.id = %tenant, error = %error, "time of a login could not be stored");
            }
        });
    }
}
