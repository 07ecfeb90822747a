//! Reads levels and history.

use std::sync::Arc;

use futures::stream::{self, Stream, StreamExt};
use kugel_error::{Error, codes};
use kugel_store::{Direction, Documents, Listing, Page, Query, Scope, Sort, Stored};
use kugel_types::{ItemCode, StoreCode};

use crate::adapters::documents::{StockRecord, UpdateRecord, end_of_store, history_of, of_store};

/// Rows that a stream reads at once.
const STREAM_ROWS: u32 = 1000;

/// Which items of a store are listed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Selection {
    All,
    Low,
    ToReorder,
}

/// Items of a store, by item code.
pub(crate) async fn list_stock(
    documents: &Documents,
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
    Ok(documents.find(scope, query.page(page)).await?)
}

/// The stock of one item.
pub(crate) async fn get_stock(
    documents: &Documents,
    scope: &Scope,
    store: &StoreCode,
    item: &ItemCode,
) -> Result<Stored<StockRecord>, Error> {
    let stored = documents.get(scope, &StockRecord::key(store, item)).await?;
    stored.ok_or_else(|| {
        codes::STOCK_NOT_FOUND
            .error(format!("store {store} has no stock of item {item}"))
            .with("item_code", item)
    })
}

/// The changes of one item, newest first.
pub(crate) async fn list_history(
    documents: &Documents,
    scope: &Scope,
    store: &StoreCode,
    item: &ItemCode,
    page: Page,
) -> Result<Listing<UpdateRecord<'static>>, Error> {
    let newest_first = Sort(vec![("id".to_owned(), Direction::Descending)]);
    Ok(documents
        .find(scope, history_of(store, item).sort(newest_first).page(page))
        .await?)
}

/// Every change of a tenant or of one store, by store, item and sequence. It goes from key to key, so that changes that
/// arrive meanwhile neither shift nor repeat a row.
pub(crate) fn stream_history(
    documents: Documents,
    scope: Scope,
    store: Option<StoreCode>,
) -> impl Stream<Item = Result<Arc<UpdateRecord<'static>>, Error>> + Send + 'static {
    let pages = stream::unfold(Some(String::new()), move |after| {
        let (documents, scope) = (documents.clone(), scope.clone());
        let everything = store.as_ref().map_or_else(Query::all, of_store);
        async move {
            let query = everything.greater("id", after?).page(Page {
                limit: STREAM_ROWS,
                number: 1,
            });
            match documents.find::<UpdateRecord<'static>>(&scope, query).await {
                Ok(listing) => {
                    let last = listing
                        .rows
                        .last()
                        .map(|row| kugel_store::Record::id(&*row.value));
                    let rows: Vec<_> = listing.rows.into_iter().map(|row| Ok(row.value)).collect();
                    last.map(|last| (rows, Some(last)))
                }
                Err(error) => Some((vec![Err(Error::from(error))], None)),
            }
        }
    });
    pages.flat_map(stream::iter)
}

/// The stores that have stock. Each is found by one look behind the last key of the one before.
pub(crate) async fn stores_with_stock(documents: &Documents, scope: &Scope) -> Result<Vec<StoreCode>, Error> {
    let mut stores: Vec<StoreCode> = Vec::new();
    let mut query = Query::all();
    while let Some(stored) = documents.first::<StockRecord>(scope, query).await? {
        query = Query::all().at_least("id", end_of_store(&stored.store_code));
        stores.push(stored.store_code.parse()?);
    }
    Ok(stores)
}
