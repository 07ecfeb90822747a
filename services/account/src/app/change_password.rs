//! Changing a password by the current one, without a token.

use std::net::IpAddr;
use std::sync::Arc;

use kugel_error::{Error, Result, codes};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{SecurityEntry, ending_with_caller};
use kugel_store::{RequestKey, Scope};
use kugel_types::TenantId;

use super::attempt::{Attempt, Outcome, refused};
use super::{App, UserView};
use crate::domain::{LastLogin, User};

/// What is changed, and by whom.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    /// The tenant that was named.
    pub tenant: String,
    /// The name of the user.
    pub username: String,
    /// The password so far.
    pub current_password: String,
    /// The new one.
    pub new_password: String,
}

impl App {
    /// Changes a password for who knows the current one. A temporary one is then none any more.
    pub async fn change_password(
        &self,
        request: Option<&RequestKey>,
        address: Option<IpAddr>,
        change: &PasswordChange,
    ) -> Result<(TenantId, UserView)> {
        let work = self.exchange(request, address, change);
        let Ok(tenant) = change.tenant.parse::<TenantId>() else {
            // Takes its time and is counted like any other.
            work.await?;
            return Err(refused());
        };
        let view = self.documents.once(&Scope::from(&tenant), request, work).await?;
        Ok((tenant, view))
    }

    async fn exchange(
        &self,
        request: Option<&RequestKey>,
        address: Option<IpAddr>,
        change: &PasswordChange,
    ) -> Result<UserView> {
        let attempt = Attempt {
            tenant: &change.tenant,
            username: &change.username,
            password: &change.current_password,
            address,
        };
        let (tenant, user) = match self.attempt(&attempt).await? {
            Outcome::Right(tenant, user) => (tenant, user),
            Outcome::Wrong => return Err(refused()),
            Outcome::Braked(braked) => return Err(braked.into()),
        };
        let scope = Scope::from(&tenant);
        let new = &change.new_password;
        if *new == change.current_password {
            return Err(bad_password(
                "new_password",
                "must be another than the current one",
            ));
        }
        self.require_good(&scope, tenant.as_str(), &change.username, ("new_password", new))
            .await?;
        let changed = User {
            hashed_password: ending_with_caller(self.passwords.hash(new)).await?,
            must_change_password: false,
            ..(*user.value).clone()
        };
        let changed = Arc::new(changed.following(&user, self.clock.now()));
        let login = self.documents.get::<LastLogin>(&scope, &change.username).await?;
        let changes = self.documents.changes(&change.username);
        let stored = changes.replaced(Arc::clone(&changed), &user);
        let view = UserView::new(&stored, login.map(|login| login.last_login));
        let changes = changes.replace_shared(changed, user.revision);
        let username = &change.username;
        let changes = self.ending_sessions(&scope, username, changes).await?;
        let entry = SecurityEntry::by_anybody(address, SecurityEventKind::PasswordChanged, username);
        let changes = changes.answering(request, &view);
        self.commit(&tenant, changes, &[entry.of(username)]).await?;
        self.announce_user(&tenant, username);
        Ok(view)
    }

    /// Refuses a new password that the tenant's policy does not allow or that is easy to guess. It is named by its field.
    pub(super) async fn require_good(
        &self,
        scope: &Scope,
        tenant: &str,
        username: &str,
        (field, password): (&'static str, &str),
    ) -> Result<()> {
        let policy = self.policy(scope).await?;
        match policy.refusal(password, &[username, tenant]) {
            Some(why) => Err(bad_password(field, &why)),
            None => Ok(()),
        }
    }
}

fn bad_password(field: &'static str, why: &str) -> Error {
    codes::INVALID_INPUT
        .error("this password cannot be used")
        .field(field, why)
}
