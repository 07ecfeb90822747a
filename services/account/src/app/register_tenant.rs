//! Registration of a tenant with its first user.

use std::sync::Arc;

use kugel_error::{Result, codes};
use kugel_rpc::ending_with_caller;
use kugel_store::{RequestKey, Scope, StoreError};
use kugel_types::TenantId;

use super::{App, UserView};
use crate::domain::{Credentials, Tenant, User, generated_tenant_id};

/// How many generated ids are tried before registration gives up. Of 234,000 ids nearly all must be taken for that.
const ATTEMPTS: usize = 64;

impl App {
    /// Registers a tenant under the wished id, or under a generated one if the wish is taken or absent. The two commits,
    /// of the id and of its user, are repeatable one by one: who was cut off in between goes on with the id it has.
    pub async fn register_tenant(
        &self,
        request: Option<&RequestKey>,
        credentials: Credentials,
        wish: Option<TenantId>,
    ) -> Result<(TenantId, UserView)> {
        let Credentials { username, password } = credentials;
        let hashed_password = ending_with_caller(self.passwords.hash(&password)).await?;
        let owner = User {
            username,
            hashed_password,
            is_superuser: true,
            is_active: true,
        };
        let take_id = self.take_id(request, &owner.username, wish);
        let tenant: TenantId = self
            .documents
            .once(&Scope::Commons, request, take_id)
            .await?
            .parse()?;
        let scope = Scope::from(&tenant);
        let insert = self.insert_owner(request, &scope, owner);
        match self.documents.once(&scope, request, insert).await {
            Ok(user) => Ok((tenant, user)),
            Err(error) => {
                if request.is_none() {
                    self.give_back(&tenant).await;
                }
                Err(error)
            }
        }
    }

    /// Takes the first free id. The insert itself decides, so two who wish for the same cannot both have it.
    async fn take_id(
        &self,
        request: Option<&RequestKey>,
        owner: &str,
        wish: Option<TenantId>,
    ) -> Result<String> {
        let generated = std::iter::repeat_with(|| generated_tenant_id(rand::random(), rand::random()));
        for tenant in wish.into_iter().chain(generated).take(ATTEMPTS) {
            let record = Tenant {
                tenant_id: tenant.to_string(),
                owner: owner.to_owned(),
            };
            let changes = self.documents.changes(owner).insert(record);
            let changes = changes.answering(request, tenant.as_str());
            match self.documents.commit(&Scope::Commons, changes).await {
                Ok(()) => return Ok(tenant.to_string()),
                Err(error) if error.is_same_request() => return Err(error.into()),
                Err(StoreError::Duplicate { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(codes::CREATE_FAILED.error("no free tenant id was found, try again or wish for one"))
    }

    async fn insert_owner(
        &self,
        request: Option<&RequestKey>,
        scope: &Scope,
        owner: User,
    ) -> Result<UserView> {
        let changes = self.documents.changes(&owner.username);
        let user = Arc::new(owner);
        let view = UserView::new(&changes.inserted(Arc::clone(&user)), None);
        let changes = changes.insert_shared(user).answering(request, &view);
        self.documents.commit(scope, changes).await?;
        Ok(view)
    }

    /// Frees an id whose user could not be stored. If this fails too the id stays taken, which harms nobody.
    async fn give_back(&self, tenant: &TenantId) {
        let changes = self
            .documents
            .changes("account")
            .delete::<Tenant>(&Tenant::key(tenant.as_str()), None);
        if let Err(error) = self.documents.commit(&Scope::Commons, changes).await {
            tracing::warn!(tenant.id = %tenant, error = %error, "tenant id could not be given back");
        }
    }
}
