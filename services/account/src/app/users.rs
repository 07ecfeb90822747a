//! The users of a tenant, and who may read them.

use jiff::Timestamp;
use kugel_auth::{Principal, Rights};
use kugel_error::{Error, Result, codes};
use kugel_proto::Permission;
use kugel_rpc::{Caller, List, View};
use kugel_store::{Query, Record, Stored};
use serde::{Deserialize, Serialize};

use super::App;
use crate::domain::{LastLogin, RoleGrant, User};

/// How users are listed.
pub const USERS: List = List::by("username:1", |field| User::COLLECTION.kind_of(field).is_some());

/// A user as answers show one.
#[derive(Debug, Serialize, Deserialize)]
pub struct UserView {
    /// The name, unique within the tenant.
    pub username: String,
    /// Owns the tenant.
    pub is_superuser: bool,
    /// What the user may do otherwise.
    #[serde(default)]
    pub roles: Vec<RoleGrant>,
    /// May log in.
    pub is_active: bool,
    /// Must change the password before the next login.
    #[serde(default)]
    pub must_change_password: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Option<Timestamp>,
    /// The last login, if there was one.
    pub last_login: Option<Timestamp>,
}

impl UserView {
    pub(super) fn new(user: &Stored<User>, last_login: Option<Timestamp>) -> Self {
        Self {
            username: user.username.clone(),
            is_superuser: user.is_superuser,
            roles: user.roles.clone(),
            is_active: user.is_active,
            must_change_password: user.must_change_password,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_login,
        }
    }
}

impl App {
    /// Reads oneself, or anybody for who is permitted.
    pub async fn user(&self, caller: &Caller, username: &str) -> Result<UserView> {
        if is_own(caller, username) {
            self.own_account(caller).await?;
        } else {
            self.permitted(caller, Permission::UsersRead).await?;
        }
        self.user_view(caller, username).await
    }

    /// A page of the tenant's users, and how many there are.
    pub async fn users(&self, caller: &Caller, view: &View) -> Result<(Vec<UserView>, u64)> {
        self.permitted(caller, Permission::UsersRead).await?;
        let scope = caller.scope();
        let listing = self
            .documents
            .find::<User>(&scope, Query::all().page(view.page).sort(view.sort.clone()))
            .await?;
        let names: Vec<String> = listing.rows.iter().map(|user| user.username.clone()).collect();
        let logins = self.documents.get_many::<LastLogin>(&scope, &names).await?;
        let rows = listing.rows.into_iter().zip(logins);
        let views = rows.map(|(user, login)| UserView::new(&user, login.map(|it| it.last_login)));
        Ok((views.collect(), listing.total))
    }

    /// What the caller may do, if he may write users and is permitted all that this one is. An absent user may be written by
    /// anybody who may write users, and is not found later.
    pub(super) async fn permitted_over(&self, caller: &Caller, username: &str) -> Result<Rights> {
        let own = self.permitted(caller, Permission::UsersWrite).await?;
        let scope = caller.scope();
        if let Some(user) = self.documents.get::<User>(&scope, username).await? {
            self.require_cover(&own, &self.rights_of(&scope, &user).await?)?;
        }
        Ok(own)
    }

    pub(super) async fn user_view(&self, caller: &Caller, username: &str) -> Result<UserView> {
        let user = self.stored_user(caller, username).await?;
        Ok(UserView::new(&user, self.last_login(caller, username).await?))
    }

    pub(super) async fn last_login(&self, caller: &Caller, username: &str) -> Result<Option<Timestamp>> {
        let login = self.documents.get::<LastLogin>(&caller.scope(), username).await?;
        Ok(login.map(|login| login.last_login))
    }

    pub(super) async fn stored_user(&self, caller: &Caller, username: &str) -> Result<Stored<User>> {
        let user = self.documents.get(&caller.scope(), username).await?;
        user.ok_or_else(|| missing(username))
    }
}

/// True if the account is the caller's.
pub(super) fn is_own(caller: &Caller, username: &str) -> bool {
    matches!(caller.principal(), Principal::User(claims) if claims.username == username)
}

/// The error for a name that nobody has.
pub(super) fn missing(username: &str) -> Error {
    codes::NOT_FOUND.error(format!("user {username} is not found"))
}
