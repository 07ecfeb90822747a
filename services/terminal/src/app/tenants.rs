//! Tenants: set-up and master record.

use std::sync::Arc;

use kugel_auth::TillRights;
use kugel_bus::ChangeKind;
use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_store::{Query, Scope, StoreError, Stored, retry};
use kugel_types::TenantId;
use serde::{Deserialize, Serialize};

use super::App;
use crate::records::{StoreDocument, TenantDocument};

/// A tenant to enter.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// The caller's tenant.
    pub tenant: TenantId,
    /// The name people know it by.
    pub name: String,
    /// Free labels.
    pub tags: Vec<String>,
    /// What its tills may do; `None` leaves it as it is.
    pub till_rights: Option<TillRights>,
}

impl NewTenant {
    fn record(&self, former: TillRights) -> Arc<TenantDocument> {
        Arc::new(TenantDocument {
            tenant_id: self.tenant.clone(),
            tenant_name: self.name.clone(),
            tags: self.tags.clone(),
            till_rights: self.till_rights.unwrap_or(former),
        })
    }
}

/// A tenant with its stores, as answers show it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TenantView {
    /// The master record.
    pub tenant: Stored<TenantDocument>,
    /// Its stores by code.
    pub stores: Vec<Stored<StoreDocument>>,
}

impl App {
    /// Prepares every service, then enters the record: so a tenant that has a record is ready, and a call that failed
    /// half-way is simply made again.
    pub async fn create_tenant(&self, caller: &Caller, new: NewTenant) -> Result<TenantView, Error> {
        caller
            .once(&self.documents, self.set_up_and_insert(caller, new))
            .await
    }

    async fn set_up_and_insert(&self, caller: &Caller, new: NewTenant) -> Result<TenantView, Error> {
        let tenant = new.tenant.clone();
        self.neighbourhood.set_up_tenant(&tenant).await?;
        let record = new.record(TillRights::default());
        let changes = self.documents.changes(&caller.actor());
        let view = TenantView {
            tenant: changes.inserted(Arc::clone(&record)),
            stores: self.stores(&tenant).await?,
        };
        let changes = changes.insert_shared(record).answering(caller.request(), &view);
        match self.documents.commit(&Scope::from(&tenant), changes).await {
            Ok(()) => Ok(view),
            Err(StoreError::Duplicate { .. }) => {
                Err(codes::TENANT_EXISTS.error(format!("tenant {tenant} exists already")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The tenant with its stores.
    pub async fn tenant(&self, tenant: &TenantId) -> Result<TenantView, Error> {
        Ok(TenantView {
            tenant: self.load_tenant(tenant).await?,
            stores: self.stores(tenant).await?,
        })
    }

    async fn stores(&self, tenant: &TenantId) -> Result<Vec<Stored<StoreDocument>>, Error> {
        Ok(self
            .documents
            .find(&Scope::from(tenant), Query::all())
            .await?
            .rows)
    }

    /// Overwrites name and tags, and what tills may do.
    pub async fn update_tenant(&self, caller: &Caller, new: NewTenant) -> Result<TenantView, Error> {
        let tenant = new.tenant.clone();
        let work = retry("tenant", &tenant, || async {
            let former = self.tenant(&tenant).await?;
            let record = new.record(former.tenant.till_rights);
            let changes = self.documents.changes(&caller.actor());
            let view = TenantView {
                tenant: changes.replaced(Arc::clone(&record), &former.tenant),
                ..former
            };
            let changes = changes
                .replace_shared(record, former.tenant.revision)
                .answering(caller.request(), &view);
            self.documents.commit(&Scope::from(&tenant), changes).await?;
            self.announce(&tenant, ChangeKind::Tenant, tenant.to_string());
            Ok(view)
        });
        caller.once(&self.documents, work).await
    }

    /// What the tenant lets its tills do; nothing if it has no record.
    pub async fn till_rights(&self, tenant: &TenantId) -> Result<TillRights, Error> {
        let found = self.documents.get(&Scope::from(tenant), tenant.as_str()).await?;
        let found: Option<Stored<TenantDocument>> = found;
        Ok(found.map(|record| record.till_rights).unwrap_or_default())
    }

    /// Deletes the record of a tenant that has no stores.
    pub async fn delete_tenant(&self, caller: &Caller, tenant: &TenantId) -> Result<(), Error> {
        let work = async {
            let view = self.tenant(tenant).await?;
            if !view.stores.is_empty() {
                let message = format!("tenant {tenant} still has {} stores", view.stores.len());
                return Err(codes::CHILDREN_EXIST.error(message));
            }
            let changes = self
                .documents
                .changes(&caller.actor())
                .delete::<TenantDocument>(tenant.as_str(), None)
                .answering(caller.request(), &());
            Ok(self.documents.commit(&Scope::from(tenant), changes).await?)
        };
        caller.once(&self.documents, work).await
    }

    /// The tenant's record, or *not found*.
    pub(super) async fn load_tenant(&self, tenant: &TenantId) -> Result<Stored<TenantDocument>, Error> {
        let found = self.documents.get(&Scope::from(tenant), tenant.as_str()).await?;
        found.ok_or_else(|| codes::TENANT_NOT_FOUND.error(format!("tenant {tenant} is not found")))
    }
}
