//! Adding a user to a tenant.

use std::sync::Arc;

use kugel_error::{Error, Result, codes};
use kugel_proto::Permission;
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{Caller, SecurityEntry, ending_with_caller};
use kugel_store::StoreError;

use super::{App, UserView};
use crate::domain::{Credentials, RoleGrant, User};

impl App {
    /// Adds a user to the caller's tenant.
    pub async fn create_user(
        &self,
        caller: &Caller,
        credentials: Credentials,
        roles: Vec<RoleGrant>,
    ) -> Result<UserView> {
        let work = self.insert_user(caller, credentials, roles);
        caller.once(&self.documents, work).await
    }

    async fn insert_user(
        &self,
        caller: &Caller,
        credentials: Credentials,
        roles: Vec<RoleGrant>,
    ) -> Result<UserView> {
        let own = self.permitted(caller, Permission::UsersWrite).await?;
        let (is_superuser, roles) = self.given(caller, &own, ("roles", roles)).await?;
        let Credentials { username, password } = credentials;
        if self
            .documents
            .get::<User>(&caller.scope(), &username)
            .await?
            .is_some()
        {
            return Err(taken(&username));
        }
        self.require_good(
            &caller.scope(),
            caller.tenant().as_str(),
            &username,
            ("password", &password),
        )
        .await?;
        let hashed_password = ending_with_caller(self.passwords.hash(&password)).await?;
        let user = Arc::new(User {
            username: username.clone(),
            hashed_password,
            is_superuser,
            roles,
            is_active: true,
            must_change_password: false,
            generation: self.clock.now().as_microsecond(),
        });
        let changes = self.documents.changes(&caller.actor());
        let view = UserView::new(&changes.inserted(Arc::clone(&user)), None);
        let changes = changes.insert_shared(user).answering(caller.request(), &view);
        let entry = SecurityEntry::by(caller, SecurityEventKind::UserCreated, &username);
        match self.commit(caller.tenant(), changes, &[entry]).await {
            Ok(()) => Ok(view),
            Err(StoreError::Duplicate { .. }) => Err(taken(&username)),
            Err(error) => Err(error.into()),
        }
    }
}

fn taken(username: &str) -> Error {
    codes::DUPLICATE_KEY
        .error(format!("user {username} exists already"))
        .with("key", username)
}
