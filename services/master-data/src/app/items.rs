//! Items: what is live and what is not, and the merge of common record and store price.

use kugel_error::{Result, codes};
use kugel_rpc::Caller;
use kugel_store::Stored;

use super::{App, live, missing};
use crate::domain::masters::{Item, StoreItem};

/// The most items that may be asked for at once.
pub(super) const BATCH_MAX: usize = 1000;

/// An item as one store sells it.
pub struct Details {
    /// The record common to all stores.
    pub item: Stored<Item>,
    /// The store's own price, if it has one.
    pub store: Option<Stored<StoreItem>>,
}

impl App {
    /// The item with that code, if its deletion mark is as asked.
    pub async fn item(&self, caller: &Caller, item_code: &str, is_deleted: bool) -> Result<Stored<Item>> {
        let item = self.get::<Item>(caller, item_code).await?;
        match is_deleted {
            false => _ = live(&*item)?,
            true if !item.is_deleted => return Err(missing::<Item>(item_code)),
            true => {}
        }
        Ok(item)
    }

    /// Replaces the content of a live item.
    pub async fn update_item(&self, caller: &Caller, item: Item) -> Result<Stored<Item>> {
        let edit = |current: &Item| live(current).map(|_| item.clone());
        self.change(caller, &item.item_code, edit).await
    }

    /// Marks a live item as deleted, or removes an item for good.
    pub async fn delete_item(&self, caller: &Caller, item_code: &str, is_logical: bool) -> Result<()> {
        if !is_logical {
            return self.delete::<Item>(caller, item_code).await;
        }
        let edit = |current: &Item| {
            live(current).map(|item| Item {
                is_deleted: true,
                ..item.clone()
            })
        };
        self.change(caller, item_code, edit).await.map(|_| ())
    }

    /// Takes the mark of deletion off an item.
    pub async fn restore_item(&self, caller: &Caller, item_code: &str) -> Result<Stored<Item>> {
        let edit = |current: &Item| {
            Ok(Item {
                is_deleted: false,
                ..current.clone()
            })
        };
        self.change(caller, item_code, edit).await
    }

    /// Gives a live item a price of the store's own.
    pub async fn create_store_item(&self, caller: &Caller, item: StoreItem) -> Result<Stored<StoreItem>> {
        let work = async {
            self.item(caller, &item.item_code, false).await?;
            self.create(caller, item).await
        };
        caller.once(&self.documents, work).await
    }

    /// A live item as the store sells it. Both reads are of documents in memory: tills do this at every scan.
    pub async fn item_details(&self, caller: &Caller, store_code: &str, item_code: &str) -> Result<Details> {
        let item = self.item(caller, item_code, false).await?;
        let store = self.find(caller, &StoreItem::key(store_code, item_code)).await?;
        Ok(Details { item, store })
    }

    /// The live ones of several items as the store sells them, in the order asked for, and the codes of deleted ones.
    pub async fn batch_item_details(
        &self,
        caller: &Caller,
        store_code: &str,
        item_codes: &[String],
    ) -> Result<(Vec<Details>, Vec<String>)> {
        if item_codes.len() > BATCH_MAX {
            return Err(codes::INVALID_INPUT
                .error(format!("at most {} items can be read at once", BATCH_MAX))
                .field("item_codes", format!("holds more than {} codes", BATCH_MAX)));
        }
        let scope = caller.scope();
        let keys: Vec<_> = item_codes
            .iter()
            .map(|code| StoreItem::key(store_code, code))
            .collect();
        let items = self.documents.get_many::<Item>(&scope, item_codes).await?;
        let stores = self.documents.get_many::<StoreItem>(&scope, &keys).await?;
        let (mut live, mut deleted) = (Vec::new(), Vec::new());
        for (item, store) in items.into_iter().zip(stores) {
            match item {
                Some(item) if item.is_deleted => deleted.push(item.item_code.clone()),
                Some(item) => live.push(Details { item, store }),
                None => {}
            }
        }
        Ok((live, deleted))
    }
}
