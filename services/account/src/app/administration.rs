//! Who may administer the users of a tenant, and that somebody always may.

use kugel_auth::Principal;
use kugel_error::{Result, codes};
use kugel_rpc::Caller;
use kugel_store::{Changes, Documents, Query, Stored};

use crate::domain::{SuperuserGuard, User};

/// The key of the one guard of a tenant.
pub const GUARD_KEY: &str = "superusers";

/// Answers questions of authority from the stored accounts, not from tokens: those are up to half an hour old.
#[derive(Clone)]
pub struct Administration(Documents);

impl Administration {
    /// Reads the tenants' users.
    pub fn new(documents: Documents) -> Self {
        Self(documents)
    }

    /// The caller's own account, if a user is calling whose account is active.
    pub async fn own_account(&self, caller: &Caller) -> Result<Stored<User>> {
        let account = match caller.principal() {
            Principal::User { username, .. } => self.0.get::<User>(&caller.scope(), username).await?,
            _ => None,
        };
        account
            .filter(|user| user.is_active)
            .ok_or_else(|| codes::UNAUTHENTICATED.error("the account behind the token is not active"))
    }

    /// Succeeds if the caller is an active superuser.
    pub async fn require(&self, caller: &Caller) -> Result<()> {
        let account = self.own_account(caller).await?;
        if account.is_administrator() {
            Ok(())
        } else {
            Err(codes::UNAUTHENTICATED.error("only an active superuser may do this"))
        }
    }

    /// Lets `changes` take the rights of `username` only if another active superuser remains. The guard is read before
    /// they are counted: if anybody else loses rights meanwhile, the commit is stale and begins anew.
    pub async fn losing_superuser(
        &self,
        caller: &Caller,
        username: &str,
        changes: Changes,
    ) -> Result<Changes> {
        let scope = caller.scope();
        let guard = self.0.get::<SuperuserGuard>(&scope, GUARD_KEY).await?;
        let administrators = Query::all().eq("is_superuser", true).eq("is_active", true);
        let administrators = self.0.find::<User>(&scope, administrators).await?.rows;
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
