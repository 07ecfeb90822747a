//! Registration of a tenant with its first user.

use kugel_auth::Passwords;
use kugel_error::{Result, codes};
use kugel_store::{Documents, Scope, StoreError};
use kugel_types::TenantId;

use super::UserView;
use crate::domain::{Credentials, Tenant, User, generated_tenant_id};

/// How many generated ids are tried before registration gives up. Of 234,000 ids nearly all must be taken for that.
const ATTEMPTS: usize = 64;

/// Registers tenants.
#[derive(Clone)]
pub struct Registration {
    documents: Documents,
    passwords: Passwords,
}

impl Registration {
    /// Keeps tenants in the shared documents and users in their tenant's.
    pub fn new(documents: Documents, passwords: Passwords) -> Self {
        Self { documents, passwords }
    }

    /// Registers a tenant under the wished id, or under a generated one if the wish is taken or absent.
    pub async fn register(
        &self,
        credentials: Credentials,
        wish: Option<TenantId>,
    ) -> Result<(TenantId, UserView)> {
        let Credentials { username, password } = credentials;
        let hashed_password = self.passwords.hash(&password).await;
        let tenant = self.take_id(&username, wish).await?;
        let user = User {
            username,
            hashed_password,
            is_superuser: true,
            is_active: true,
        };
        match self.insert(&tenant, user).await {
            Ok(user) => Ok((tenant, user)),
            Err(error) => {
                self.give_back(&tenant).await;
                Err(error.into())
            }
        }
    }

    /// Takes the first free id. The insert itself decides, so two who wish for the same cannot both have it.
    async fn take_id(&self, owner: &str, wish: Option<TenantId>) -> Result<TenantId> {
        let generated = std::iter::repeat_with(|| generated_tenant_id(rand::random(), rand::random()));
        for tenant in wish.into_iter().chain(generated).take(ATTEMPTS) {
            let record = Tenant {
                tenant_id: tenant.to_string(),
                owner: owner.to_owned(),
            };
            let changes = self.documents.changes(owner).insert(record);
            match self.documents.commit(&Scope::Commons, changes).await {
                Ok(()) => return Ok(tenant),
                Err(StoreError::Duplicate { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(codes::CREATE_FAILED.error("no free tenant id was found, try again or wish for one"))
    }

    async fn insert(&self, tenant: &TenantId, user: User) -> std::result::Result<UserView, StoreError> {
        let (scope, username) = (Scope::from(tenant), user.username.clone());
        let changes = self.documents.changes(&username).insert(user);
        self.documents.commit(&scope, changes).await?;
        let stored = self.documents.get(&scope, &username).await?;
        let vanished = || StoreError::Unavailable("the user was removed at once".to_owned());
        Ok(UserView {
            user: stored.ok_or_else(vanished)?,
            last_login: None,
        })
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
