//! Opening an account again: by forgetting its failures, or by a temporary password.

use kugel_error::{Result, codes};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{Caller, SecurityEntry};
use serde::{Deserialize, Serialize};

use super::attempt::account;
use super::users::missing;
use super::{App, UserView};
use crate::domain::User;

/// What is kept of a reset: the password itself is not.
#[derive(Serialize, Deserialize)]
struct Reset {
    seed: String,
    user: Option<UserView>,
}

impl App {
    /// Forgets the failed logins of a user of the caller's tenant.
    pub async fn unlock_user(&self, caller: &Caller, username: &str) -> Result<UserView> {
        let work = async {
            self.permitted_over(caller, username).await?;
            let user = self.user_view(caller, username).await?;
            self.forget_failures(caller, username).await?;
            let entry = SecurityEntry::by(caller, SecurityEventKind::UserUnlocked, username);
            let changes = self.documents.changes(&caller.actor());
            let changes = changes.answering(caller.request(), &user);
            self.commit(caller.tenant(), changes, &[entry]).await?;
            Ok(user)
        };
        caller.once(&self.documents, work).await
    }

    /// Gives a user a temporary password and forgets the failed logins. The operator's tools may do this too.
    pub async fn reset_password(&self, caller: &Caller, username: &str) -> Result<(UserView, String)> {
        let password = |seed: &str| {
            let tenant = caller.tenant().as_str();
            self.tokens.temporary_password(seed, tenant, username)
        };
        let work = async {
            self.permitted_over(caller, username).await?;
            self.stored_user(caller, username).await?;
            let seed = self.tokens.seed();
            let hashed_password = self.passwords.hash(&password(&seed)).await?;
            // First: what cannot be unlocked is not changed either, and the whole call is made again.
            self.forget_failures(caller, username).await?;
            let edit = |user: User| {
                Some(User {
                    hashed_password: hashed_password.clone(),
                    must_change_password: true,
                    ..user
                })
            };
            let answer = |user| Reset {
                seed: seed.clone(),
                user,
            };
            self.edit_user(caller, username, edit, answer).await
        };
        let reset: Reset = caller.once(&self.documents, work).await?;
        let user = reset.user.ok_or_else(|| missing(username))?;
        let password = password(&reset.seed);
        Ok((user, password))
    }

    async fn forget_failures(&self, caller: &Caller, username: &str) -> Result<()> {
        let names = [caller.tenant().as_str(), username];
        let released = self.logins.release(account(&names)).await;
        released.map_err(|error| {
            codes::OVERLOADED
                .error("failed logins cannot be forgotten while the state store does not answer, try again")
                .caused_by(error)
        })
    }
}
