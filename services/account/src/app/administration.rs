//! Who may administer the users of a tenant, and that somebody always may.
//!
//! The stored accounts decide, not the tokens: those are up to half an hour old.

use kugel_auth::Principal;
use kugel_error::{Result, codes};
use kugel_rpc::Caller;
use kugel_store::{Changes, Query, Stored};

use super::App;
use crate::domain::{SuperuserGuard, User};
use crate::records::GUARD_KEY;

impl App {
    /// The caller's own account, if a user is calling whose account is active.
    pub async fn own_account(&self, caller: &Caller) -> Result<Stored<User>> {
        let account = match caller.principal() {
            Principal::User { username, .. } => self.documents.get::<User>(&caller.scope(), username).await?,
            _ => None,
        };
        account
            .filter(|user| user.is_active)
            .ok_or_else(|| codes::UNAUTHENTICATED.error("the account behind the token is not active"))
    }

    /// Succeeds if the caller is an active superuser.
    pub(super) async fn require_superuser(&self, caller: &Caller) -> Result<()> {
        let account = self.own_account(caller).await?;
        if account.is_administrator() {
            Ok(())
        } else {
            Err(codes::UNAUTHENTICATED.error("only an active superuser may do this"))
        }
    }

    /// Lets `changes` take the rights of `username` only if another active superuser remains. The guard is read before
    /// they are counted: if anybody else loses rights meanwhile, the commit is stale and the change starts again.
    pub(super) async fn losing_superuser(
        &self,
        caller: &Caller,
        username: &str,
        changes: Changes,
    ) -> Result<Changes> {
        let scope = caller.scope();
        let guard = self.documents.get::<SuperuserGuard>(&scope, GUARD_KEY).await?;
        let administrators = Query::all().eq("is_superuser", true).eq("is_active", true);
        let administrators = self.documents.find::<User>(&scope, administrators).await?.rows;
        if administrators.iter().all(|user| user.username == username) {
            return Err(codes::OPERATION_NOT_ALLOWED
                .error(format!("{username} is the last active superuser of the tenant")));
        }
        Ok(match guard {
            Some(guard) => changes.replace(SuperuserGuard {}, guard.revision),
            None => changes.insert(SuperuserGuard {}),
        })
    }
}
