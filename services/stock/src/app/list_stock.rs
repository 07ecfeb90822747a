//! Reads levels and history.

use kugel_error::{Error, codes};
use kugel_store::{Direction, Listing, Page, Query, Scope, Sort, Stored};
use kugel_types::{ItemCode, StoreCode};

use super::App;
use crate::records::{StockRecord, UpdateRecord, end_of_store, history_of, of_store};

/// Which items of a store are listed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Selection {
    All,
    Low,
    ToReorder,
}

impl App {
    /// Items of a store, by item code.
    pub(crate) async fn list_stock(
        &self,
        scope: &Scope,
        store: &StoreCode,
        selection: Selection,
        page: Page,
    ) -> Result<Listing<StockRecord>, Error> {
        let of_flag = |flag| Query::all().eq("store_code", store).eq(flag, true);
        // Keys begin with the store, so in the order of keys is in the order of item codes.
        let query = match selection {
            Selection::All => of_store(store),
            Selection::Low => of_flag("is_low"),
            Selection::ToReorder => of_flag("needs_reorder"),
        };
        Ok(self.documents.find(scope, query.page(page)).await?)
    }

    /// The stock of one item.
    pub(crate) async fn get_stock(
        &self,
        scope: &Scope,
        store: &StoreCode,
        item: &ItemCode,
    ) -> Result<Stored<StockRecord>, Error> {
        let stored = self.documents.get(scope, &StockRecord::key(store, item)).await?;
        stored.ok_or_else(|| {
            codes::STOCK_NOT_FOUND
                .error(format!("store {store} has no stock of item {item}"))
                .with("item_code", item)
        })
    }

    /// The changes of one item, newest first.
    pub(crate) async fn list_history(
        &self,
        scope: &Scope,
        store: &StoreCode,
        item: &ItemCode,
        page: Page,
    ) -> Result<Listing<UpdateRecord<'static>>, Error> {
        let newest_first = Sort(vec![("id".to_owned(), Direction::Descending)]);
        let query = history_of(store, item).sort(newest_first).page(page);
        Ok(self.documents.find(scope, query).await?)
    }

    /// The stores that have stock. Each is found by one look behind the last key of the one before.
    pub async fn stores_with_stock(&self, scope: &Scope) -> Result<Vec<StoreCode>, Error> {
        let mut stores: Vec<StoreCode> = Vec::new();
        let mut query = Query::all();
        while let Some(stored) = self.documents.first::<StockRecord>(scope, query).await? {
            query = Query::all().at_least("id", end_of_store(&stored.store_code));
            stores.push(stored.store_code.clone());
        }
        Ok(stores)
    }
}
