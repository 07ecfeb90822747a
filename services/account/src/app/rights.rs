//! What the users of a tenant may do now.
//!
//! The stored accounts decide here, not the tokens: those say what was so when they were issued.

use kugel_auth::{Grant, Principal, Reach, Rights, UserClaims};
use kugel_error::{Error, Result, codes};
use kugel_proto::Permission;
use kugel_rpc::Caller;
use kugel_store::{Changes, Query, Scope, Stored};
use kugel_types::TenantId;

use super::App;
use crate::domain::{Role, RoleGrant, SuperuserGuard, User, preset};
use crate::records::GUARD_KEY;

impl App {
    /// The caller's own account, if a user is calling whose account is active.
    pub async fn own_account(&self, caller: &Caller) -> Result<Stored<User>> {
        let account = match caller.principal() {
            Principal::User(claims) => {
                self.documents
                    .get::<User>(&caller.scope(), &claims.username)
                    .await?
            }
            _ => None,
        };
        account.filter(|user| user.is_active).ok_or_else(inactive)
    }

    /// What the caller may do, if the account behind the credential is good; for services, everything.
    pub async fn own_rights(&self, caller: &Caller) -> Result<Rights> {
        match caller.principal() {
            Principal::Service { .. } => Ok(Rights::all()),
            Principal::User(claims) if claims.service_account().is_some() => {
                let standing = self.standing(&caller.scope(), &claims.username).await?;
                // Its key may be permitted less than the account, and any change of either ends its tokens.
                standing
                    .filter(|standing| standing.accepts(claims.generation, None))
                    .map(|_| claims.rights.clone())
                    .ok_or_else(inactive)
            }
            _ => {
                let account = self.own_account(caller).await?;
                self.rights_of(&caller.scope(), &account).await
            }
        }
    }

    /// What the caller may do, if that is permitted for the whole tenant.
    pub(super) async fn permitted(&self, caller: &Caller, permission: Permission) -> Result<Rights> {
        let rights = self.own_rights(caller).await?;
        if rights.allow(permission, Reach::Tenant) {
            Ok(rights)
        } else {
            let name = permission.name();
            Err(codes::PERMISSION_DENIED
                .error(format!("this needs the permission {name} for the tenant"))
                .with("permission", name))
        }
    }

    /// Succeeds if the caller may have to do with somebody who has, or will have, these rights.
    pub(super) fn require_cover(&self, own: &Rights, others: &Rights) -> Result<()> {
        if own.cover(others) {
            return Ok(());
        }
        Err(codes::PERMISSION_DENIED
            .error("nobody gives, changes or takes more than he is permitted himself"))
    }

    /// What a user may do.
    pub(super) async fn rights_of(&self, scope: &Scope, user: &User) -> Result<Rights> {
        self.rights(scope, user.is_superuser, &user.roles).await
    }

    /// What roles permit together.
    pub(super) async fn rights(
        &self,
        scope: &Scope,
        is_superuser: bool,
        roles: &[RoleGrant],
    ) -> Result<Rights> {
        if is_superuser {
            return Ok(Rights::all());
        }
        let mut grants = Vec::with_capacity(roles.len());
        for given in roles {
            // A role that is gone permits nothing.
            if let Some(role) = self.role(scope, &given.role).await? {
                let stores = (!given.store_codes.is_empty()).then(|| given.store_codes.clone());
                grants.push(Grant {
                    permissions: role.permits(),
                    stores,
                });
            }
        }
        Ok(Rights::of(grants))
    }

    /// A preset, or a role of the tenant's own.
    pub(super) async fn role(&self, scope: &Scope, name: &str) -> Result<Option<Role>> {
        if let Some(role) = preset(name) {
            return Ok(Some(role));
        }
        let stored = self.documents.get::<Role>(scope, name).await?;
        Ok(stored.map(|role| (*role.value).clone()))
    }

    /// What a token says of a user.
    pub(super) async fn claims(&self, tenant: TenantId, user: &User) -> Result<UserClaims> {
        Ok(UserClaims {
            rights: self.rights_of(&Scope::from(&tenant), user).await?,
            tenant,
            username: user.username.clone(),
            is_superuser: user.is_superuser,
            generation: user.generation,
            session: None,
        })
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
            return Err(last_superuser(username));
        }
        Ok(match guard {
            Some(guard) => changes.replace(SuperuserGuard {}, guard.revision),
            None => changes.insert(SuperuserGuard {}),
        })
    }
}

fn inactive() -> Error {
    codes::UNAUTHENTICATED.error("the account behind the token is not active")
}

fn last_superuser(username: &str) -> Error {
    codes::OPERATION_NOT_ALLOWED.error(format!("{username} is the last active superuser of the tenant"))
}
