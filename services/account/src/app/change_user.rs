//! Changing and removing a user.

use std::sync::Arc;

use kugel_auth::Rights;
use kugel_error::{Result, codes};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{Caller, SecurityEntry};
use kugel_store::{Changes, Record, Stored, retry};
use serde::Serialize;

use super::attempt::{Attempt, Outcome};
use super::users::{is_own, missing};
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
    /// Must change the password before the next login.
    pub must_change_password: Option<bool>,
}

impl App {
    /// Changes an account: one's own password, or anything for who is permitted.
    pub async fn change_user(
        &self,
        caller: &Caller,
        username: &str,
        change: &UserChange,
    ) -> Result<UserView> {
        let work = async {
            let new = self.changed(caller, username, change).await?;
            self.edit_user(caller, username, new, |view| view).await
        };
        let view: Option<UserView> = caller.once(&self.documents, work).await?;
        view.ok_or_else(|| missing(username))
    }

    /// How an account is changed, if the caller may do that.
    async fn changed(
        &self,
        caller: &Caller,
        username: &str,
        change: &UserChange,
    ) -> Result<impl Fn(User) -> Option<User>> {
        let is_own = is_own(caller, username);
        let rights = [change.is_active, change.is_superuser, change.must_change_password];
        if is_own && rights.iter().all(Option::is_none) {
            self.own_account(caller).await?;
        } else {
            let own = self.permitted_over(caller, username).await?;
            if change.is_superuser.is_some() {
                self.require_cover(&own, &Rights::all())?;
            }
        }
        let hashed_password = self.new_hash(caller, username, change, is_own).await?;
        let [is_active, is_superuser, must_change_password] = rights;
        let is_cleared = is_own && hashed_password.is_some();
        Ok(move |user: User| {
            let must_change = user.must_change_password && !is_cleared;
            Some(User {
                must_change_password: must_change_password.unwrap_or(must_change),
                hashed_password: hashed_password.clone().unwrap_or(user.hashed_password),
                is_active: is_active.unwrap_or(user.is_active),
                is_superuser: is_superuser.unwrap_or(user.is_superuser),
                roles: user.roles,
                generation: user.generation,
                username: user.username,
            })
        })
    }

    /// Removes an account.
    pub async fn delete_user(&self, caller: &Caller, username: &str) -> Result<()> {
        let work = async {
            self.permitted_over(caller, username).await?;
            self.edit_user(caller, username, |_| None, |view| view).await
        };
        caller.once::<Option<UserView>>(&self.documents, work).await?;
        Ok(())
    }

    /// Replaces a user by what `edit` makes of it, or removes it if that is nothing, and keeps what `answer` makes of what
    /// is left for a repeated request. What was issued for the user before is revoked if need be.
    pub(super) async fn edit_user<A: Serialize>(
        &self,
        caller: &Caller,
        username: &str,
        edit: impl Fn(User) -> Option<User>,
        answer: impl Fn(Option<UserView>) -> A,
    ) -> Result<A> {
        retry("user", username, || async {
            let current = self.stored_user(caller, username).await?;
            let edited = edit((*current.value).clone());
            let edited = edited.map(|edited| edited.following(&current, self.clock.now()));
            let is_revoked = edited
                .as_ref()
                .is_none_or(|edited| edited.generation != current.generation);
            let keeps_rights = edited.as_ref().is_some_and(User::is_administrator);
            let loses_rights = current.is_administrator() && !keeps_rights;
            let entries = entries(caller, &current, edited.as_ref());
            let (mut changes, view) = self.changes_of(caller, &current, edited).await?;
            if is_revoked {
                changes = self.ending_sessions(&caller.scope(), username, changes).await?;
            }
            if loses_rights {
                changes = self.losing_superuser(caller, username, changes).await?;
            }
            let answer = answer(view);
            let changes = changes.answering(caller.request(), &answer);
            let committed = self.commit(caller.tenant(), changes, &entries).await;
            committed.map_err(|error| error.or_taken(&[SuperuserGuard::COLLECTION]))?;
            if is_revoked {
                self.announce_user(caller.tenant(), username);
            }
            Ok(answer)
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
        Ok(match edited.map(Arc::new) {
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
        })
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
        self.stored_user(caller, username).await?;
        if is_own {
            self.prove(caller, username, change).await?;
        }
        let tenant = caller.tenant().as_str();
        self.require_good(&caller.scope(), tenant, username, ("password", password))
            .await?;
        Ok(Some(self.passwords.hash(password).await?))
    }

    async fn prove(&self, caller: &Caller, username: &str, change: &UserChange) -> Result<()> {
        let attempt = Attempt {
            tenant: caller.tenant().as_str(),
            username,
            password: change.current_password.as_deref().unwrap_or_default(),
            address: caller.address(),
        };
        match self.attempt(&attempt).await? {
            Outcome::Right(..) => Ok(()),
            Outcome::Wrong => Err(codes::INVALID_INPUT
                .error("current_password is wrong")
                .field("current_password", "is wrong")),
            Outcome::Braked(braked) => Err(braked.into()),
        }
    }
}

/// What the security log is told of a change.
fn entries(caller: &Caller, current: &User, edited: Option<&User>) -> Vec<SecurityEntry> {
    let entry = |kind| SecurityEntry::by(caller, kind, &current.username);
    let Some(edited) = edited else {
        return vec![entry(SecurityEventKind::UserDeleted)];
    };
    let mut entries = Vec::new();
    // Any other change that revokes is told by its own entry.
    if edited.generation != current.generation
        && (edited
            == &User {
                generation: edited.generation,
                ..current.clone()
            })
    {
        entries.push(entry(SecurityEventKind::LoggedOutEverywhere));
    }
    let is_another_password = edited.hashed_password != current.hashed_password;
    let is_own = is_own(caller, &current.username);
    if is_another_password && is_own {
        entries.push(entry(SecurityEventKind::PasswordChanged));
    } else if is_another_password {
        entries.push(entry(SecurityEventKind::PasswordReset));
    }
    // A new password settles by itself whether it must be changed.
    let rights = |user: &User| {
        let must_change = user.must_change_password && !is_another_password;
        (user.is_superuser, user.is_active, must_change)
    };
    if rights(edited) != rights(current) || edited.roles != current.roles {
        entries.push(entry(SecurityEventKind::UserRightsChanged));
    }
    entries
}
