//! Changing and removing a user.

use std::sync::Arc;

use kugel_error::{Result, codes};
use kugel_rpc::Caller;
use kugel_store::{Changes, Record, Stored, retry};

use super::users::missing;
use super::{App, UserView};
use crate::domain::{LastLogin, SuperuserGuard, User};

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

impl App {
    /// Changes an account: one's own password, or anything for a superuser.
    pub async fn change_user(
        &self,
        caller: &Caller,
        username: &str,
        change: &UserChange,
    ) -> Result<UserView> {
        let work = async {
            let new = self.changed(caller, username, change).await?;
            self.edit_user(caller, username, new).await
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
    pub async fn delete_user(&self, caller: &Caller, username: &str) -> Result<()> {
        let work = async {
            self.require_superuser(caller).await?;
            self.edit_user(caller, username, |_| None).await
        };
        caller.once(&self.documents, work).await.map(|_| ())
    }

    /// Replaces a user by what `edit` makes of it, or removes it if that is nothing.
    async fn edit_user(
        &self,
        caller: &Caller,
        username: &str,
        edit: impl Fn(User) -> Option<User>,
    ) -> Result<Option<UserView>> {
        retry("user", username, || async {
            let current = self.stored_user(caller, username).await?;
            let edited = edit((*current.value).clone());
            let keeps_rights = edited.as_ref().is_some_and(User::is_administrator);
            let loses_rights = current.is_administrator() && !keeps_rights;
            let (mut changes, view) = self.changes_of(caller, &current, edited).await?;
            if loses_rights {
                changes = self.losing_superuser(caller, username, changes).await?;
            }
            let committed = self.documents.commit(&caller.scope(), changes).await;
            committed.map_err(|error| error.or_taken(&[SuperuserGuard::COLLECTION]))?;
            Ok(view)
        })
        .await
    }

    /// The changes, and what they leave: nothing of a user who is removed.
    async fn changes_of(
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
        let stored = self.stored_user(caller, username).await?;
        if is_own {
            let current = change.current_password.as_deref().unwrap_or_default();
            if !self
                .passwords
                .verify(current, Some(&stored.hashed_password))
                .await?
            {
                return Err(codes::INVALID_INPUT
                    .error("current_password is wrong")
                    .field("current_password", "is wrong"));
            }
        }
        Ok(Some(self.passwords.hash(password).await?))
    }
}
