//! Stores of a tenant.

use std::sync::Arc;

use kugel_bus::ChangeKind;
use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_store::{Changes, Direction, Listing, Missed, Page, Query, Scope, Sort, StoreError, Stored, retry};
use kugel_types::{BusinessDate, Currency, Money, StoreCode, TenantId};

use super::{App, TenantView};
use crate::domain::Status;
use crate::records::{OpenCloseLogDocument, StoreDocument, TerminalDocument};

/// A store to enter.
#[derive(Debug, Clone)]
pub struct NewStore {
    /// The new store's code.
    pub code: StoreCode,
    /// The name that receipts print.
    pub name: String,
    /// Free labels.
    pub tags: Vec<String>,
    /// The currency; `None` means the setting.
    pub currency: Option<Currency>,
    /// The smallest coin it takes; `None` means the currency's.
    pub cash_coin: Option<Money>,
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
    /// The smallest coin it takes.
    pub cash_coin: Option<Money>,
}

impl App {
    /// Enters a store.
    pub async fn create_store(&self, caller: &Caller, new: NewStore) -> Result<TenantView, Error> {
        let currency = self.currency_of(&caller.scope(), &new.code, new.currency).await?;
        let store = Arc::new(StoreDocument {
            store_code: new.code,
            store_name: new.name,
            status: "Idle".to_owned(),
            business_date: None,
            tags: new.tags,
            currency,
            cash_coin: new.cash_coin,
        });
        store.check_coin()?;
        let work = self.insert_store(caller, store);
        caller.once(&self.documents, work).await
    }

    async fn insert_store(&self, caller: &Caller, store: Arc<StoreDocument>) -> Result<TenantView, Error> {
        let mut view = self.tenant(caller.tenant()).await?;
        let code = store.store_code.clone();
        let changes = self.documents.changes(&caller.actor());
        view.stores.push(changes.inserted(Arc::clone(&store)));
        view.stores
            .sort_by(|left, right| left.store_code.cmp(&right.store_code));
        let changes = changes.insert_shared(store).answering(caller.request(), &view);
        match self.documents.commit(&caller.scope(), changes).await {
            Ok(()) => {}
            Err(StoreError::Duplicate { .. }) => {
                return Err(codes::STORE_EXISTS.error(format!("store {code} exists already")));
            }
            Err(error) => return Err(error.into()),
        }
        self.announce(caller.tenant(), ChangeKind::Store, code.to_string());
        Ok(view)
    }

    /// A page of stores.
    pub async fn list_stores(
        &self,
        tenant: &TenantId,
        sort: Sort,
        page: Page,
    ) -> Result<Listing<StoreDocument>, Error> {
        self.load_tenant(tenant).await?;
        let query = Query::all().sort(sort).page(page);
        Ok(self.documents.find(&Scope::from(tenant), query).await?)
    }

    /// One store.
    pub async fn store(&self, tenant: &TenantId, code: &StoreCode) -> Result<Stored<StoreDocument>, Error> {
        self.load_store(tenant, code).await
    }

    /// Changes a store. If somebody else was faster, the new values are put into what they left. What tills count in
    /// changes only between sessions.
    pub async fn update_store(
        &self,
        caller: &Caller,
        code: &StoreCode,
        patch: StorePatch,
    ) -> Result<Stored<StoreDocument>, Error> {
        let work = retry("store", code, || async {
            let stored = self.load_store(caller.tenant(), code).await?;
            let mut store = StoreDocument::clone(&stored);
            patch.apply(&mut store);
            store.check_coin().map_err(Error::from)?;
            let mut changes = self.documents.changes(&caller.actor());
            if (store.currency, store.coin()) != (stored.currency, stored.coin()) {
                let sells_in_another = store.currency != stored.currency;
                changes = self
                    .between_sessions(caller, code, sells_in_another, changes)
                    .await?;
            }
            let store = Arc::new(store);
            let answer = changes.replaced(Arc::clone(&store), &stored);
            let changes = changes
                .replace_shared(store, stored.revision)
                .answering(caller.request(), &answer);
            self.documents.commit(&caller.scope(), changes).await?;
            self.announce(caller.tenant(), ChangeKind::Store, code.to_string());
            Ok(answer)
        });
        caller.once(&self.documents, work).await
    }

    /// Refuses while a till of the store is open and, if it is to sell `in_another` currency, once one was: cash was counted
    /// and carts were opened in the store's currency then.
    ///
    /// Each till is replaced by itself in the same commit, and whoever opens one reads the store after the till. So an
    /// opening at the same time is overtaken by this change and reads the store again, or this change is overtaken by it.
    async fn between_sessions(
        &self,
        caller: &Caller,
        code: &StoreCode,
        in_another: bool,
        mut changes: Changes,
    ) -> Result<Changes, Missed> {
        let scope = caller.scope();
        let refuse = |why| Err(codes::STORE_CURRENCY_FIXED.error(why).into());
        let tills = Query::all().eq("store_code", code);
        for till in self.documents.find::<TerminalDocument>(&scope, tills).await?.rows {
            if till.terminal.status == Status::Opened {
                let id = &till.terminal.id;
                return refuse(format!(
                    "terminal {id} is open: close it, then change currency or coin"
                ));
            }
            changes = changes.replace_shared(till.value, till.revision);
        }
        if in_another && self.last_session(&scope, code).await?.is_some() {
            return refuse(format!(
                "store {code} has been open in its currency: enter a new store for another one"
            ));
        }
        Ok(changes)
    }

    async fn last_session(
        &self,
        scope: &Scope,
        code: &StoreCode,
    ) -> Result<Option<Stored<OpenCloseLogDocument>>, Error> {
        let logs = Query::all().eq("store_code", code);
        let logs = logs.sort(("generate_date_time", Direction::Descending));
        Ok(self.documents.first(scope, logs).await?)
    }

    /// The currency of a new store. One that was deleted and is entered again has the currency of its books.
    async fn currency_of(
        &self,
        scope: &Scope,
        code: &StoreCode,
        wish: Option<Currency>,
    ) -> Result<Currency, Error> {
        let last = self.last_session(scope, code).await?;
        let former = last.and_then(|log| log.value.0.currency_code.parse::<Currency>().ok());
        match (former, wish) {
            (Some(former), Some(wish)) if former != wish => Err(codes::STORE_CURRENCY_FIXED.error(format!(
                "store {code} has been open in {former} before: enter it with that, or under another code"
            ))),
            _ => Ok(former.or(wish).unwrap_or(self.currency)),
        }
    }

    /// Deletes a store in which no terminal stands.
    pub async fn delete_store(&self, caller: &Caller, code: &StoreCode) -> Result<(), Error> {
        let scope = caller.scope();
        let work = retry("store", code, || async {
            let stored = self.load_store(caller.tenant(), code).await?;
            let query = Query::all().eq("store_code", code);
            if let Some(stored) = self.documents.first::<TerminalDocument>(&scope, query).await? {
                let message = format!("terminal {} still stands in store {code}", stored.terminal.id);
                return Err(codes::CHILDREN_EXIST.error(message).into());
            }
            let changes = self
                .documents
                .changes(&caller.actor())
                .delete::<StoreDocument>(code.as_str(), Some(stored.revision))
                .answering(caller.request(), &());
            self.documents.commit(&scope, changes).await?;
            self.announce(caller.tenant(), ChangeKind::Store, code.to_string());
            Ok(())
        });
        caller.once(&self.documents, work).await
    }
}

impl StorePatch {
    fn apply(&self, store: &mut StoreDocument) {
        store.store_name.clone_from(&self.name);
        if let Some(status) = &self.status {
            store.status.clone_from(status);
        }
        store.business_date = self.business_date.or(store.business_date);
        if !self.tags.is_empty() {
            store.tags.clone_from(&self.tags);
        }
        store.currency = self.currency.unwrap_or(store.currency);
        store.cash_coin = self.cash_coin.or(store.cash_coin);
    }
}
