//! The service accounts of a tenant.

use std::sync::Arc;

use jiff::Timestamp;
use kugel_auth::{Rights, UserClaims};
use kugel_error::{Error, Result, codes};
use kugel_proto::Permission::{UsersRead, UsersWrite};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{Caller, SecurityEntry};
use kugel_store::{Changes, Query, Scope, StoreError, Stored, retry};
use serde::{Deserialize, Serialize};

use super::App;
use crate::domain::{ACCOUNTS_MAX, KeyUse, RoleGrant, ServiceAccount};
use crate::records::key_use_id;

/// What a service account is to be.
#[derive(Debug, Clone)]
pub struct ServiceAccountContent {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub roles: Vec<RoleGrant>,
    /// May get tokens.
    pub is_active: bool,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A service account as answers show one.
#[derive(Debug, Serialize, Deserialize)]
pub struct ServiceAccountView {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub roles: Vec<RoleGrant>,
    /// May get tokens.
    pub is_active: bool,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Option<Timestamp>,
}

impl ServiceAccountView {
    fn new(account: &Stored<ServiceAccount>) -> Self {
        Self {
            name: account.name.clone(),
            description: account.description.clone(),
            roles: account.roles.clone(),
            is_active: account.is_active,
            expires_at: account.expires_at,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

impl App {
    /// All of them, by name.
    pub async fn service_accounts(&self, caller: &Caller) -> Result<Vec<ServiceAccountView>> {
        self.permitted(caller, UsersRead).await?;
        let all = Query::all();
        let found = self
            .documents
            .find::<ServiceAccount>(&caller.scope(), all)
            .await?;
        let mut views: Vec<_> = found.rows.iter().map(ServiceAccountView::new).collect();
        views.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(views)
    }

    /// One of them.
    pub async fn service_account(&self, caller: &Caller, name: &str) -> Result<ServiceAccountView> {
        self.permitted(caller, UsersRead).await?;
        let account = self.stored_service_account(&caller.scope(), name).await?;
        Ok(ServiceAccountView::new(&account))
    }

    /// Adds one, which has no key yet.
    pub async fn create_service_account(
        &self,
        caller: &Caller,
        new: ServiceAccountContent,
    ) -> Result<ServiceAccountView> {
        let work = async {
            let own = self.permitted(caller, UsersWrite).await?;
            let roles = self.given_to_service(caller, &own, new.roles.clone()).await?;
            let all = Query::all();
            let others = self
                .documents
                .find::<ServiceAccount>(&caller.scope(), all)
                .await?;
            if others.rows.iter().any(|other| other.name == new.name) {
                return Err(taken(&new.name));
            }
            if others.total >= ACCOUNTS_MAX {
                return Err(codes::OPERATION_NOT_ALLOWED
                    .error(format!("a tenant has at most {ACCOUNTS_MAX} service accounts")));
            }
            let account = Arc::new(ServiceAccount {
                name: new.name.clone(),
                description: new.description.clone(),
                roles,
                is_active: new.is_active,
                expires_at: new.expires_at,
                generation: self.clock.now().as_microsecond(),
                keys: Vec::new(),
            });
            let changes = self.documents.changes(&caller.actor());
            let view = ServiceAccountView::new(&changes.inserted(Arc::clone(&account)));
            let changes = changes.insert_shared(account).answering(caller.request(), &view);
            let entry = entry(caller, SecurityEventKind::ServiceAccountCreated, &new.name);
            match self.commit(caller.tenant(), changes, &[entry]).await {
                Err(StoreError::Duplicate { .. }) => Err(taken(&new.name)),
                other => Ok(other.map(|()| view)?),
            }
        };
        caller.once(&self.documents, work).await
    }

    /// Replaces all but the keys of one.
    pub async fn update_service_account(
        &self,
        caller: &Caller,
        new: ServiceAccountContent,
    ) -> Result<ServiceAccountView> {
        let work = async {
            let own = self.permitted(caller, UsersWrite).await?;
            let roles = self.given_to_service(caller, &own, new.roles.clone()).await?;
            let edit = |account: ServiceAccount| {
                Ok(ServiceAccount {
                    description: new.description.clone(),
                    roles: roles.clone(),
                    is_active: new.is_active,
                    expires_at: new.expires_at,
                    ..account
                })
            };
            let kind = SecurityEventKind::ServiceAccountChanged;
            self.edit_service_account(caller, &own, &new.name, kind, edit, ServiceAccountView::new)
                .await
        };
        caller.once(&self.documents, work).await
    }

    /// Removes one with its keys.
    pub async fn delete_service_account(&self, caller: &Caller, name: &str) -> Result<()> {
        let work = async {
            let own = self.permitted(caller, UsersWrite).await?;
            retry("service account", name, || async {
                let account = self.covered_service_account(caller, &own, name).await?;
                let changes = self.documents.changes(&caller.actor());
                let changes = account.keys.iter().fold(changes, |changes, key| {
                    changes.delete::<KeyUse>(&key_use_id(name, &key.id), None)
                });
                let changes = changes
                    .delete::<ServiceAccount>(name, Some(account.revision))
                    .answering(caller.request(), &());
                let entry = entry(caller, SecurityEventKind::ServiceAccountDeleted, name);
                self.commit(caller.tenant(), changes, &[entry]).await?;
                self.announce_service_account(caller, name);
                Ok(())
            })
            .await
        };
        caller.once(&self.documents, work).await
    }

    /// Replaces one by what `edit` makes of it, and keeps what `answer` makes of that. What was issued for it before is revoked
    /// if need be.
    pub(super) async fn edit_service_account<A: Serialize>(
        &self,
        caller: &Caller,
        own: &Rights,
        name: &str,
        kind: SecurityEventKind,
        edit: impl Fn(ServiceAccount) -> Result<ServiceAccount>,
        answer: impl Fn(&Stored<ServiceAccount>) -> A,
    ) -> Result<A> {
        retry("service account", name, || async {
            let account = self.covered_service_account(caller, own, name).await?;
            let edited = edit((*account.value).clone())?.following(&account, self.clock.now());
            let is_revoked = edited.generation != account.generation;
            let (edited, changes) = (Arc::new(edited), self.documents.changes(&caller.actor()));
            let answer = answer(&changes.replaced(Arc::clone(&edited), &account));
            let changes = self.forgetting_uses(&account, &edited, changes);
            let changes = changes
                .replace_shared(edited, account.revision)
                .answering(caller.request(), &answer);
            self.commit(caller.tenant(), changes, &[entry(caller, kind, name)])
                .await?;
            if is_revoked {
                self.announce_service_account(caller, name);
            }
            Ok(answer)
        })
        .await
    }

    /// With the keys that are gone goes what is known of their use.
    fn forgetting_uses(&self, former: &ServiceAccount, edited: &ServiceAccount, changes: Changes) -> Changes {
        let gone = former.keys.iter().filter(|key| !edited.keys.contains(key));
        gone.fold(changes, |changes, key| {
            changes.delete::<KeyUse>(&key_use_id(&former.name, &key.id), None)
        })
    }

    /// One that the caller may have to do with: that is permitted nothing that the caller is not.
    async fn covered_service_account(
        &self,
        caller: &Caller,
        own: &Rights,
        name: &str,
    ) -> Result<Stored<ServiceAccount>> {
        let scope = caller.scope();
        let account = self.stored_service_account(&scope, name).await?;
        self.require_cover(own, &self.rights(&scope, false, &account.roles).await?)?;
        Ok(account)
    }

    /// Roles as accounts keep them, if the caller may give them.
    async fn given_to_service(
        &self,
        caller: &Caller,
        own: &Rights,
        roles: Vec<RoleGrant>,
    ) -> Result<Vec<RoleGrant>> {
        let field = "service_account.roles";
        let (is_superuser, roles) = self.given(caller, own, (field, roles)).await?;
        if is_superuser {
            return Err(codes::INVALID_INPUT
                .error("a service account owns no tenant")
                .field(field, "must not hold the role `owner`"));
        }
        Ok(roles)
    }

    pub(super) async fn stored_service_account(
        &self,
        scope: &Scope,
        name: &str,
    ) -> Result<Stored<ServiceAccount>> {
        let account = self.documents.get(scope, name).await?;
        account.ok_or_else(|| codes::NOT_FOUND.error(format!("service account {name} is not found")))
    }

    fn announce_service_account(&self, caller: &Caller, name: &str) {
        self.announce_user(caller.tenant(), &UserClaims::name_of(name));
    }
}

fn entry(caller: &Caller, kind: SecurityEventKind, name: &str) -> SecurityEntry {
    SecurityEntry::by(caller, kind, UserClaims::name_of(name))
}

/// The error for a name that a service account has.
fn taken(name: &str) -> Error {
    codes::DUPLICATE_KEY
        .error(format!("service account {name} exists already"))
        .with("key", name)
}
