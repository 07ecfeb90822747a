//! Tenants: set-up and master record.

use jiff::Timestamp;
use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_store::{Query, Scope, StoreError, Stored};
use kugel_types::TenantId;

use super::App;
use crate::adapters::documents::{StoreDocument, TenantDocument};

/// A tenant to enter.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// The caller's tenant.
    pub tenant: TenantId,
    /// The name people know it by.
    pub name: String,
    /// Free labels.
    pub tags: Vec<String>,
}

/// A tenant with its stores, as answers show it.
#[derive(Debug, Clone)]
pub struct TenantView {
    /// The master record.
    pub tenant: TenantDocument,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// Its stores by code.
    pub stores: Vec<Stored<StoreDocument>>,
}

impl App {
    /// Prepares every service, then enters the record: so a tenant that has a record is ready, and a call that failed
    /// half-way is simply made again.
    pub async fn create_tenant(&self, caller: &Caller, new: NewTenant) -> Result<TenantView, Error> {
        let NewTenant { tenant, name, tags } = new;
        self.neighbourhood.set_up_tenant(&tenant).await?;
        let record = TenantDocument {
            tenant_id: tenant.to_string(),
            tenant_name: required("tenant_name", name)?,
            tags,
        };
        let changes = self.documents.changes(&caller.actor()).insert(record);
        match self.documents.commit(&Scope::from(&tenant), changes).await {
            Ok(()) => self.tenant(&tenant).await,
            Err(StoreError::Duplicate { .. }) => {
                Err(codes::TENANT_EXISTS.error(format!("tenant {tenant} exists already")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The tenant with its stores.
    pub async fn tenant(&self, tenant: &TenantId) -> Result<TenantView, Error> {
        let record = self.load_tenant(tenant).await?;
        let stores = self.documents.find(&Scope::from(tenant), Query::all()).await?;
        Ok(TenantView {
            tenant: TenantDocument::clone(&record),
            created_at: record.created_at,
            updated_at: record.updated_at,
            stores: stores.rows,
        })
    }

    /// Overwrites name and tags.
    pub async fn update_tenant(&self, caller: &Caller, new: NewTenant) -> Result<TenantView, Error> {
        let NewTenant { tenant, name, tags } = new;
        let name = required("tenant_name", name)?;
        let stored = self.load_tenant(&tenant).await?;
        let record = TenantDocument {
            tenant_id: tenant.to_string(),
            tenant_name: name,
            tags,
        };
        let changes = self
            .documents
            .changes(&caller.actor())
            .replace(record, stored.revision);
        self.documents.commit(&Scope::from(&tenant), changes).await?;
        self.tenant(&tenant).await
    }

    /// Deletes the record of a tenant that has no stores.
    pub async fn delete_tenant(&self, caller: &Caller, tenant: &TenantId) -> Result<(), Error> {
        let view = self.tenant(tenant).await?;
        if !view.stores.is_empty() {
            let message = format!("tenant {tenant} still has {} stores", view.stores.len());
            return Err(codes::CHILDREN_EXIST.error(message));
        }
        let changes = self
            .documents
            .changes(&caller.actor())
            .delete::<TenantDocument>(tenant.as_str(), None);
        Ok(self.documents.commit(&Scope::from(tenant), changes).await?)
    }

    /// The tenant's record, or *not found*.
    pub(super) async fn load_tenant(&self, tenant: &TenantId) -> Result<Stored<TenantDocument>, Error> {
        let found = self.documents.get(&Scope::from(tenant), tenant.as_str()).await?;
        found.ok_or_else(|| codes::TENANT_NOT_FOUND.error(format!("tenant {tenant} is not found")))
    }
}

/// Refuses a text that is missing.
pub(super) fn required(field: &'static str, text: String) -> Result<String, Error> {
    if text.trim().is_empty() {
        return Err(codes::INVALID_INPUT
            .error(format!("{field} is required"))
            .field(field, "is required"));
    }
    Ok(text)
}
