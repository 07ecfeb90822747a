//! Stores of a tenant.

use std::sync::Arc;

use kugel_bus::ChangeKind;
use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_store::{Listing, Page, Query, Scope, Sort, StoreError, Stored};
use kugel_types::{BusinessDate, Currency, StoreCode, TenantId};

use super::tenants::required;
use super::{App, TenantView};
use crate::records::{StoreDocument, TerminalDocument};

/// A store to enter.
#[derive(Debug, Clone)]
pub struct NewStore {
    /// The caller's tenant.
    pub tenant: TenantId,
    /// The new store's code.
    pub code: StoreCode,
    /// The name that receipts print.
    pub name: String,
    /// Free labels.
    pub tags: Vec<String>,
    /// The currency; `None` means the setting.
    pub currency: Option<Currency>,
}

/// New values of a store; `None` and empty leave the former ones.
#[derive(Debug, Clone)]
pub struct StorePatch {
    /// The name, the one value that is required.
    pub name: String,
    /// The back office's status.
    pub status: Option<String>,
    /// The back office's business date.
    pub business_date: Option<BusinessDate>,
    /// The labels.
    pub tags: Vec<String>,
    /// The currency.
    pub currency: Option<Currency>,
}

/// Which stores to list.
#[derive(Debug, Clone)]
pub struct ListStores {
    /// The caller's tenant.
    pub tenant: TenantId,
    /// The order.
    pub sort: Sort,
    /// The page.
    pub page: Page,
}

impl App {
    /// Enters a store.
    pub async fn create_store(&self, caller: &Caller, new: NewStore) -> Result<TenantView, Error> {
        let NewStore {
            tenant,
            code,
            name,
            tags,
            currency,
        } = new;
        let store = StoreDocument {
            store_code: code,
            store_name: required("store_name", name)?,
            status: "Idle".to_owned(),
            business_date: None,
            tags,
            currency: currency.unwrap_or(self.currency),
        };
        let work = self.insert_store(caller, &tenant, Arc::new(store));
        caller.once(&self.documents, work).await
    }

    async fn insert_store(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        store: Arc<StoreDocument>,
    ) -> Result<TenantView, Error> {
        let mut view = self.tenant(tenant).await?;
        let code = store.store_code.clone();
        let changes = self.documents.changes(&caller.actor());
        view.stores.push(changes.inserted(Arc::clone(&store)));
        view.stores
            .sort_by(|left, right| left.store_code.cmp(&right.store_code));
        let changes = changes.insert_shared(store).answering(caller.request(), &view);
        match self.documents.commit(&Scope::from(tenant), changes).await {
            Ok(()) => {}
            Err(StoreError::Duplicate { .. }) => {
                return Err(codes::STORE_EXISTS.error(format!("store {code} exists already")));
            }
            Err(error) => return Err(error.into()),
        }
        self.announce(tenant, ChangeKind::Store, code.to_string());
        Ok(view)
    }

    /// A page of stores.
    pub async fn list_stores(&self, list: ListStores) -> Result<Listing<StoreDocument>, Error> {
        self.load_tenant(&list.tenant).await?;
        let query = Query::all().sort(list.sort).page(list.page);
        Ok(self.documents.find(&Scope::from(&list.tenant), query).await?)
    }

    /// One store.
    pub async fn store(&self, tenant: &TenantId, code: &StoreCode) -> Result<Stored<StoreDocument>, Error> {
        self.load_store(tenant, code.as_str()).await
    }

    /// Changes a store.
    pub async fn update_store(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        code: &StoreCode,
        patch: StorePatch,
    ) -> Result<Stored<StoreDocument>, Error> {
        let work = self.replace_store(caller, tenant, code, patch);
        caller.once(&self.documents, work).await
    }

    async fn replace_store(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        code: &StoreCode,
        patch: StorePatch,
    ) -> Result<Stored<StoreDocument>, Error> {
        let stored = self.load_store(tenant, code.as_str()).await?;
        let mut store = StoreDocument::clone(&stored);
        store.store_name = required("store_name", patch.name)?;
        if let Some(status) = patch.status.filter(|status| !status.is_empty()) {
            store.status = status;
        }
        if let Some(date) = patch.business_date {
            store.business_date = Some(date);
        }
        if !patch.tags.is_empty() {
            store.tags = patch.tags;
        }
        if let Some(currency) = patch.currency {
            store.currency = currency;
        }
        let (store, changes) = (Arc::new(store), self.documents.changes(&caller.actor()));
        let answer = changes.replaced(Arc::clone(&store), &stored);
        let changes = changes
            .replace_shared(store, stored.revision)
            .answering(caller.request(), &answer);
        self.documents.commit(&Scope::from(tenant), changes).await?;
        self.announce(tenant, ChangeKind::Store, code.to_string());
        Ok(answer)
    }

    /// Deletes a store in which no terminal stands.
    pub async fn delete_store(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        code: &StoreCode,
    ) -> Result<(), Error> {
        let work = self.remove_store(caller, tenant, code);
        caller.once(&self.documents, work).await
    }

    async fn remove_store(&self, caller: &Caller, tenant: &TenantId, code: &StoreCode) -> Result<(), Error> {
        let scope = Scope::from(tenant);
        let stored = self.load_store(tenant, code.as_str()).await?;
        let query = Query::all().eq("store_code", code);
        if let Some(terminal) = self.documents.first::<TerminalDocument>(&scope, query).await? {
            let message = format!("terminal {} still stands in store {code}", terminal.terminal.id);
            return Err(codes::CHILDREN_EXIST.error(message));
        }
        let changes = self
            .documents
            .changes(&caller.actor())
            .delete::<StoreDocument>(code.as_str(), Some(stored.revision))
            .answering(caller.request(), &());
        self.documents.commit(&scope, changes).await?;
        self.announce(tenant, ChangeKind::Store, code.to_string());
        Ok(())
    }
}
