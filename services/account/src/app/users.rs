//! The users of a tenant: create, read, list, change and delete.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kugel_auth::{Passwords, Principal};
use kugel_error::{Error, Result, codes};
use kugel_rpc::Caller;
use kugel_store::{Changes, Documents, Page, Query, Record, Sort, StoreError, Stored};
use kugel_types::Direction;
use serde::{Deserialize, Serialize};

use super::Administration;
use crate::domain::{Credentials, LastLogin, SuperuserGuard, User, password_mistake};

/// How often a change is tried again when somebody else changed the same account in between.
const ATTEMPTS: u32 = 8;
/// The pause after the first of them; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(1);

/// A user as answers show one.
#[derive(Debug, Serialize, Deserialize)]
pub struct UserView {
    /// The name, unique within the tenant.
    pub username: String,
    /// Administers the tenant's users.
    pub is_superuser: bool,
    /// May log in.
    pub is_active: bool,
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
            is_active: user.is_active,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_login,
        }
    }
}

/// What a change of an account changes; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// The new password.
    pub password: Option<String>,
    /// The password so far, which one's own change needs.
    pub current_password: Option<String>,
    /// May log in.
    pub is_active: Option<bool>,
    /// Administers the tenant's users.
    pub is_superuser: Option<bool>,
}

/// Keeps the users of each tenant.
#[derive(Clone)]
pub struct Users {
    documents: Documents,
    passwords: Passwords,
    administration: Administration,
}

impl Users {
    /// Keeps users as documents of their tenant.
    pub fn new(documents: Documents, passwords: Passwords) -> Self {
        let administration = Administration::new(documents.clone());
        Self {
            documents,
            passwords,
            administration,
        }
    }

    /// Adds a user to the caller's tenant.
    pub async fn create(&self, caller: &Caller, credentials: Credentials) -> Result<UserView> {
        caller
            .once(&self.documents, self.insert(caller, credentials))
            .await
    }

    async fn insert(&self, caller: &Caller, credentials: Credentials) -> Result<UserView> {
        self.administration.require(caller).await?;
        let Credentials { username, password } = credentials;
        if self
            .documents
            .get::<User>(&caller.scope(), &username)
            .await?
            .is_some()
        {
            return Err(taken(&username));
        }
        let hashed_password = self.passwords.hash(&password).await;
        let user = Arc::new(User {
            username: username.clone(),
            hashed_password,
            is_superuser: false,
            is_active: true,
        });
        let changes = self.documents.changes(&caller.actor());
        let view = UserView::new(&changes.inserted(Arc::clone(&user)), None);
        let changes = changes.insert_shared(user).answering(caller.request(), &view);
        match self.documents.commit(&caller.scope(), changes).await {
            Ok(()) => Ok(view),
            Err(StoreError::Duplicate { .. }) => Err(taken(&username)),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads oneself, or anybody for a superuser.
    pub async fn get(&self, caller: &Caller, username: &str) -> Result<UserView> {
        self.authorize(caller, username).await?;
        self.view(caller, username).await
    }

    /// A page of the tenant's users, and how many there are.
    pub async fn list(&self, caller: &Caller, page: Page, sort: Sort) -> Result<(Vec<UserView>, u64)> {
        self.administration.require(caller).await?;
        let scope = caller.scope();
        let listing = self
            .documents
            .find::<User>(&scope, Query::all().page(page).sort(sort))
            .await?;
        let names: Vec<String> = listing.rows.iter().map(|user| user.username.clone()).collect();
        let logins = self.documents.get_many::<LastLogin>(&scope, &names).await?;
        let rows = listing.rows.into_iter().zip(logins);
        let views = rows.map(|(user, login)| UserView::new(&user, login.map(|it| it.last_login)));
        Ok((views.collect(), listing.total))
    }

    /// The order that a list has unless told otherwise, or the one asked for.
    pub fn order(sort: Option<&str>) -> Result<Sort> {
        let sort = match sort {
            Some(text) => Sort::parse(text)?,
            None => Sort(vec![("username".to_owned(), Direction::Ascending)]),
        };
        match sort
            .0
            .iter()
            .find(|(field, _)| User::COLLECTION.kind_of(field).is_none())
        {
            Some((field, _)) => Err(codes::INVALID_INPUT
                .error(format!("users cannot be sorted by {field}"))
                .field("sort", format!("{field} is not a field of this list"))),
            None => Ok(sort),
        }
    }

    /// Changes an account: one's own password, or anything for a superuser.
    pub async fn change(&self, caller: &Caller, username: &str, change: UserChange) -> Result<UserView> {
        let work = async {
            let new = self.changed(caller, username, &change).await?;
            self.edit(caller, username, new).await
        };
        let view = caller.once(&self.documents, work).await?;
        view.ok_or_else(|| missing(username))
    }

    /// How an account is changed, if the caller may do that.
    async fn changed(
        &self,
        caller: &Caller,
        username: &str,
        change: &UserChange,
    ) -> Result<impl Fn(User) -> Option<User>> {
        let is_own = self.authorize(caller, username).await?;
        if change.is_active.is_some() || change.is_superuser.is_some() {
            self.require_administrator(caller).await?;
        }
        let hashed_password = self.new_hash(caller, username, change, is_own).await?;
        let (is_active, is_superuser) = (change.is_active, change.is_superuser);
        Ok(move |user: User| {
            Some(User {
                hashed_password: hashed_password.clone().unwrap_or(user.hashed_password),
                is_active: is_active.unwrap_or(user.is_active),
                is_superuser: is_superuser.unwrap_or(user.is_superuser),
                username: user.username,
            })
        })
    }

    /// Removes an account.
    pub async fn delete(&self, caller: &Caller, username: &str) -> Result<()> {
        let work = async {
            self.administration.require(caller).await?;
            self.edit(caller, username, |_| None).await
        };
        caller.once(&self.documents, work).await.map(|_| ())
    }

    /// Replaces a user by what `edit` makes of it, or removes it if that is nothing.
    async fn edit(
        &self,
        caller: &Caller,
        username: &str,
        edit: impl Fn(User) -> Option<User>,
    ) -> Result<Option<UserView>> {
        for attempt in 0..ATTEMPTS {
            let current = self.stored(caller, username).await?;
            let edited = edit((*current.value).clone());
            let keeps_rights = edited.as_ref().is_some_and(User::is_administrator);
            let loses_rights = current.is_administrator() && !keeps_rights;
            let (mut changes, view) = self.changes(caller, &current, edited).await?;
            if loses_rights {
                changes = self
                    .administration
                    .losing_superuser(caller, username, changes)
                    .await?;
            }
            match self.documents.commit(&caller.scope(), changes).await {
                Ok(()) => return Ok(view),
                // Whoever was first may still be committing: on a server far away that takes a while.
                Err(error) if error.is_stale() || is_guard(&error) => {
                    tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(codes::UPDATE_REFUSED.error(format!("user {username} is being changed by others, try again")))
    }

    /// The changes, and what they leave: nothing of a user who is removed.
    async fn changes(
        &self,
        caller: &Caller,
        current: &Stored<User>,
        edited: Option<User>,
    ) -> Result<(Changes, Option<UserView>)> {
        let changes = self.documents.changes(&caller.actor());
        let (changes, view) = match edited.map(Arc::new) {
            Some(user) => {
                let stored = changes.replaced(Arc::clone(&user), current);
                let view = UserView::new(&stored, self.last_login(caller, &user.username).await?);
                (changes.replace_shared(user, current.revision), Some(view))
            }
            None => {
                let changes = changes
                    .delete::<User>(&current.username, Some(current.revision))
                    .delete::<LastLogin>(&current.username, None);
                (changes, None)
            }
        };
        Ok((changes.answering(caller.request(), &view), view))
    }

    /// Succeeds for the account's owner (true) and for superusers (false).
    async fn authorize(&self, caller: &Caller, username: &str) -> Result<bool> {
        let is_own = matches!(caller.principal(), Principal::User { username: own, .. } if own == username);
        if is_own {
            self.administration.own_account(caller).await?;
        } else {
            self.require_administrator(caller).await?;
        }
        Ok(is_own)
    }

    /// Like [`Administration::require`], but who never claimed to be a superuser is told that this is not permitted.
    async fn require_administrator(&self, caller: &Caller) -> Result<()> {
        match caller.principal() {
            Principal::User {
                is_superuser: true, ..
            } => self.administration.require(caller).await,
            _ => Err(codes::PERMISSION_DENIED.error("only a superuser may do this")),
        }
    }

    /// The hash of the new password, if there is one. Whoever changes the own one proves to know the old one: a till
    /// left unattended must not give the account away.
    async fn new_hash(
        &self,
        caller: &Caller,
        username: &str,
        change: &UserChange,
        is_own: bool,
    ) -> Result<Option<String>> {
        let Some(password) = &change.password else {
            return Ok(None);
        };
        if let Some((field, why)) = password_mistake(password) {
            return Err(codes::INVALID_INPUT
                .error(format!("{field} {why}"))
                .field(field, why));
        }
        let stored = self.stored(caller, username).await?;
        if is_own {
            let current = change.current_password.as_deref().unwrap_or_default();
            if !self
                .passwords
                .verify(current, Some(&stored.hashed_password))
                .await
            {
                return Err(codes::INVALID_INPUT
                    .error("current_password is wrong")
                    .field("current_password", "is wrong"));
            }
        }
        Ok(Some(self.passwords.hash(password).await))
    }

    async fn view(&self, caller: &Caller, username: &str) -> Result<UserView> {
        let user = self.stored(caller, username).await?;
        Ok(UserView::new(&user, self.last_login(caller, username).await?))
    }

    async fn last_login(&self, caller: &Caller, username: &str) -> Result<Option<Timestamp>> {
        let login = self.documents.get::<LastLogin>(&caller.scope(), username).await?;
        Ok(login.map(|login| login.last_login))
    }

    async fn stored(&self, caller: &Caller, username: &str) -> Result<Stored<User>> {
        let user = self.documents.get(&caller.scope(), username).await?;
        user.ok_or_else(|| missing(username))
    }
}

fn missing(username: &str) -> Error {
    codes::NOT_FOUND.error(format!("user {username} is not found"))
}

fn is_guard(error: &StoreError) -> bool {
    error.is_duplicate_in(SuperuserGuard::COLLECTION.name)
}

fn taken(username: &str) -> Error {
    codes::DUPLICATE_KEY
        .error(format!("user {username} exists already"))
        .with("key", username)
}
