//! The roles of a tenant, and who has them.

use std::sync::Arc;

use kugel_auth::{Grant, Rights, UserClaims};
use kugel_error::{Error, Result, codes};
use kugel_proto::Permission::UsersWrite;
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{Caller, SecurityEntry};
use kugel_store::{Query, Scope, StoreError, Stored, retry};

use super::users::missing;
use super::{App, UserView};
use crate::domain::{OWNER, PRESETS, Role, RoleGrant, ServiceAccount, User, preset};

/// Roles of its own that a tenant may have.
const ROLES_MAX: u64 = 100;

impl App {
    /// The presets, then the tenant's own roles by name.
    pub async fn roles(&self, caller: &Caller) -> Result<Vec<Role>> {
        self.own_rights(caller).await?;
        let own = self.documents.find::<Role>(&caller.scope(), Query::all()).await?;
        let mut own: Vec<_> = own.rows.iter().map(|role| (*role.value).clone()).collect();
        own.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(PRESETS.iter().map(|preset| preset.role()).chain(own).collect())
    }

    /// Adds a role of the tenant's own.
    pub async fn create_role(&self, caller: &Caller, role: Role) -> Result<Role> {
        let work = async {
            let own = self.permitted(caller, UsersWrite).await?;
            self.require_cover(&own, &for_tenant(&role))?;
            let scope = caller.scope();
            if let Some(taken) = preset(&role.name).map(|_| taken(&role.name)) {
                return Err(taken);
            }
            if self.documents.find::<Role>(&scope, Query::all()).await?.total >= ROLES_MAX {
                return Err(codes::OPERATION_NOT_ALLOWED
                    .error(format!("a tenant has at most {ROLES_MAX} roles of its own")));
            }
            let changes = self.documents.changes(&caller.actor()).insert(role.clone());
            let changes = changes.answering(caller.request(), &role);
            let entry = SecurityEntry::by(caller, SecurityEventKind::RoleCreated, &role.name);
            match self.commit(caller.tenant(), changes, &[entry]).await {
                Err(StoreError::Duplicate { .. }) => Err(taken(&role.name)),
                other => Ok(other.map(|()| role)?),
            }
        };
        caller.once(&self.documents, work).await
    }

    /// Replaces a role of the tenant's own. What was issued for whoever has it says what it permitted before, and is revoked.
    pub async fn update_role(&self, caller: &Caller, role: Role) -> Result<Role> {
        let work = async {
            let own = self.permitted(caller, UsersWrite).await?;
            self.require_cover(&own, &for_tenant(&role))?;
            let role = Arc::new(role);
            retry("role", &role.name, || async {
                let former = self.own_role(caller, &role.name).await?;
                self.require_cover(&own, &for_tenant(&former))?;
                let mut changes = self.documents.changes(&caller.actor());
                changes = changes
                    .replace_shared(Arc::clone(&role), former.revision)
                    .answering(caller.request(), &role);
                let is_same = role.permits() == former.permits();
                let (users, services) = match is_same {
                    true => (Vec::new(), Vec::new()),
                    false => self.holders(&caller.scope(), &role.name).await?,
                };
                for user in &users {
                    changes = self.revoking(&caller.scope(), user, changes).await?;
                }
                for service in &services {
                    let raised = (*service.value).clone().raised(changes.at());
                    changes = changes.replace(raised, service.revision);
                }
                let entry = SecurityEntry::by(caller, SecurityEventKind::RoleChanged, &role.name);
                self.commit(caller.tenant(), changes, &[entry]).await?;
                let users = users.iter().map(|user| user.username.clone());
                let services = services.iter().map(|service| UserClaims::name_of(&service.name));
                users
                    .chain(services)
                    .for_each(|name| self.announce_user(caller.tenant(), &name));
                self.announce_role(caller.tenant(), &role.name);
                Ok((*role).clone())
            })
            .await
        };
        caller.once(&self.documents, work).await
    }

    /// Removes a role of the tenant's own that nobody has.
    pub async fn delete_role(&self, caller: &Caller, name: &str) -> Result<()> {
        let work = async {
            let own = self.permitted(caller, UsersWrite).await?;
            retry("role", name, || async {
                let role = self.own_role(caller, name).await?;
                self.require_cover(&own, &for_tenant(&role))?;
                let (users, services) = self.holders(&caller.scope(), name).await?;
                let holders = users.len() + services.len();
                if holders > 0 {
                    let message = format!(
                        "{holders} users and service accounts have the role {name}: give them others first"
                    );
                    return Err(codes::OPERATION_NOT_ALLOWED.error(message).into());
                }
                let changes = self.documents.changes(&caller.actor());
                let changes = changes
                    .delete::<Role>(name, Some(role.revision))
                    .answering(caller.request(), &());
                let entry = SecurityEntry::by(caller, SecurityEventKind::RoleDeleted, name);
                self.commit(caller.tenant(), changes, &[entry]).await?;
                self.announce_role(caller.tenant(), name);
                Ok(())
            })
            .await
        };
        caller.once(&self.documents, work).await
    }

    /// Replaces the roles of a user.
    pub async fn set_roles(
        &self,
        caller: &Caller,
        username: &str,
        roles: Vec<RoleGrant>,
    ) -> Result<UserView> {
        let work = async {
            let own = self.permitted(caller, UsersWrite).await?;
            let (is_superuser, roles) = self.given(caller, &own, ("roles", roles)).await?;
            let user = self.stored_user(caller, username).await?;
            self.require_cover(&own, &self.rights_of(&caller.scope(), &user).await?)?;
            let edit = |user: User| {
                Some(User {
                    is_superuser,
                    roles: roles.clone(),
                    ..user
                })
            };
            self.edit_user(caller, username, edit, |view| view).await
        };
        let view: Option<UserView> = caller.once(&self.documents, work).await?;
        view.ok_or_else(|| missing(username))
    }

    /// Roles as accounts keep them, if there are such roles and the caller may give them: the owner's is a flag. What is wrong
    /// is named after the field they came in.
    pub(super) async fn given(
        &self,
        caller: &Caller,
        own: &Rights,
        (field, mut roles): (&str, Vec<RoleGrant>),
    ) -> Result<(bool, Vec<RoleGrant>)> {
        let scope = caller.scope();
        let mut unknown = Vec::new();
        for (row, given) in roles.iter().enumerate() {
            if self.role(&scope, &given.role).await?.is_none() {
                unknown.push((row, format!("is no role of the tenant: {}", given.role)));
            } else if given.role == OWNER && !given.store_codes.is_empty() {
                unknown.push((row, "is for the whole tenant: name no stores".to_owned()));
            }
        }
        if !unknown.is_empty() {
            let error = codes::INVALID_INPUT.error("there are no such roles");
            return Err(unknown.into_iter().fold(error, |error, (row, why)| {
                error.field(format!("{field}[{row}].role"), why)
            }));
        }
        let is_superuser = roles.iter().any(|given| given.role == OWNER);
        roles.retain(|given| given.role != OWNER);
        roles.sort();
        roles.dedup();
        self.require_cover(own, &self.rights(&scope, is_superuser, &roles).await?)?;
        Ok((is_superuser, roles))
    }

    /// A role that can be changed.
    async fn own_role(&self, caller: &Caller, name: &str) -> Result<Stored<Role>> {
        if preset(name).is_some() {
            return Err(codes::OPERATION_NOT_ALLOWED
                .error(format!("{name} is a preset: every tenant has it as it is")));
        }
        let role = self.documents.get::<Role>(&caller.scope(), name).await?;
        role.ok_or_else(|| codes::NOT_FOUND.error(format!("role {name} is not found")))
    }

    /// The users and the service accounts that have a role.
    async fn holders(
        &self,
        scope: &Scope,
        role: &str,
    ) -> Result<(Vec<Stored<User>>, Vec<Stored<ServiceAccount>>)> {
        let has = |roles: &[RoleGrant]| roles.iter().any(|given| given.role == role);
        let mut users = self.documents.find::<User>(scope, Query::all()).await?.rows;
        users.retain(|user| has(&user.roles));
        let services = self.documents.find::<ServiceAccount>(scope, Query::all());
        let mut services = services.await?.rows;
        services.retain(|service| has(&service.roles));
        Ok((users, services))
    }
}

fn for_tenant(role: &Role) -> Rights {
    Rights::of([Grant {
        permissions: role.permits(),
        stores: None,
    }])
}

/// The error for a name that a role has.
fn taken(name: &str) -> Error {
    codes::DUPLICATE_KEY
        .error(format!("role {name} exists already"))
        .with("key", name)
}
