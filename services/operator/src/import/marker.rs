//! The marker of an import that has begun and not ended.

use kugel_host::Holding;
use kugel_store::{Action, Collection, Record, Scope, StoreError, Write};
use kugel_types::TenantId;
use serde::{Deserialize, Serialize};

/// Imports that have begun and not ended, among the account service's shared documents.
static IMPORTS: Collection = Collection {
    name: "imports",
    fields: &[],
    indexes: &[],
};

/// An import that has begun.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Marker {
    /// The key of the tenant's registration: two tenants that differ in capitals alone cannot both be here.
    key: String,
    /// The tenant.
    pub(super) tenant_id: String,
    /// The file.
    pub(super) sha256: String,
}

impl Record for Marker {
    const COLLECTION: &'static Collection = &IMPORTS;
    fn id(&self) -> String {
        self.key.clone()
    }
}

impl Marker {
    /// The marker of a tenant.
    pub(super) async fn find(account: &Holding, tenant: &TenantId) -> anyhow::Result<Option<Self>> {
        let stored = account
            .documents
            .get::<Self>(&Scope::Commons, &key(tenant))
            .await?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        anyhow::ensure!(
            stored.tenant_id == tenant.as_str(),
            "an import of tenant {}, whose name differs from {tenant} in capitals alone, was cut off here",
            stored.tenant_id
        );
        Ok(Some(Self {
            key: stored.key.clone(),
            tenant_id: stored.tenant_id.clone(),
            sha256: stored.sha256.clone(),
        }))
    }

    /// Begins an import. Of two at the same time one is refused.
    pub(super) async fn set(account: &Holding, tenant: &TenantId, sha256: &str) -> Result<(), StoreError> {
        let marker = Self {
            key: key(tenant),
            tenant_id: tenant.to_string(),
            sha256: sha256.to_owned(),
        };
        let changes = account.documents.changes("import").insert(marker);
        account.documents.commit(&Scope::Commons, changes).await
    }

    /// The change that ends it.
    pub(super) fn removal(tenant: &TenantId) -> Write {
        Write {
            collection: &IMPORTS,
            id: key(tenant),
            action: Action::Delete(None),
        }
    }
}

fn key(tenant: &TenantId) -> String {
    kugel_account::registration(tenant).1
}
