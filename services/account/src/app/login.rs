//! Login with name and password.

use std::sync::Arc;

use kugel_auth::{Passwords, Tokens};
use kugel_error::{Error, Result, codes};
use kugel_store::{Documents, Scope};
use kugel_types::{Clock, TenantId};

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
    /// Absent or `password`.
    pub grant_type: Option<String>,
}

/// Issues tokens to users.
#[derive(Clone)]
pub struct Login {
    documents: Documents,
    passwords: Passwords,
    tokens: Arc<Tokens>,
    clock: Arc<dyn Clock>,
}

impl Login {
    /// Checks passwords against the tenants' users.
    pub fn new(
        documents: Documents,
        passwords: Passwords,
        tokens: Arc<Tokens>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            documents,
            passwords,
            tokens,
            clock,
        }
    }

    /// A token for the user. Every refusal looks alike and costs one verification of a password.
    pub async fn token(&self, form: LoginForm) -> Result<String> {
        check_form(&form)?;
        let tenant: Option<TenantId> = form.client_id.parse().ok();
        let user = match &tenant {
            Some(tenant) => self.documents.get::<User>(&tenant.into(), &form.username).await?,
            None => None,
        };
        let hash = user.as_ref().map(|user| user.hashed_password.as_str());
        let is_right = self.passwords.verify(&form.password, hash).await;
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

fn check_form(form: &LoginForm) -> Result<()> {
    let required = |field: &'static str, value: &str| value.is_empty().then_some((field, "is required"));
    let grant = form
        .grant_type
        .as_deref()
        .filter(|grant| !matches!(*grant, "" | "password"));
    let mistakes = [
        required("username", &form.username),
        required("password", &form.password),
        grant.map(|_| ("grant_type", "must be `password`")),
    ];
    let mut error: Option<Error> = None;
    for (field, why) in mistakes.into_iter().flatten() {
        let sofar = error.unwrap_or_else(|| codes::INVALID_INPUT.error(format!("{field} {why}")));
        error = Some(sofar.field(field, why));
    }
    error.map_or(Ok(()), Err)
}
