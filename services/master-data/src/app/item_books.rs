//! Item books: keys by day, edits within the tree, and the answer that knows names and prices.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use kugel_error::{Result, codes};
use kugel_rpc::Caller;
use kugel_store::{Query, StoreError, Stored};
use kugel_types::{Clock, LocalTime};

use super::{Details, Items, Masters};
use crate::domain::item_book::ItemBook;

/// The last number of a day.
const NUMBER_MAX: u32 = 9999;
/// How often the next number is tried when others take numbers at the same time.
const ATTEMPTS: usize = 32;

/// The button pages.
#[derive(Clone)]
pub struct ItemBooks {
    masters: Masters,
    items: Items,
    clock: Arc<dyn Clock>,
    zone: TimeZone,
}

impl ItemBooks {
    /// The item books among the masters. Their keys begin with the day in `zone`.
    pub fn new(masters: Masters, items: Items, clock: Arc<dyn Clock>, zone: TimeZone) -> Self {
        Self {
            masters,
            items,
            clock,
            zone,
        }
    }

    /// Adds a book under the first free number of the day.
    pub async fn create(&self, caller: &Caller, book: ItemBook) -> Result<Stored<ItemBook>> {
        let book = book.checked()?;
        caller
            .once(self.masters.documents(), self.insert(caller, book))
            .await
    }

    async fn insert(&self, caller: &Caller, book: ItemBook) -> Result<Stored<ItemBook>> {
        for _ in 0..ATTEMPTS {
            let book = ItemBook {
                item_book_id: self.free_id(caller).await?,
                ..book.clone()
            };
            match self.masters.insert(caller, book).await {
                Ok(stored) => return Ok(stored),
                Err(error) if error.is_same_request() => return Err(error.into()),
                Err(StoreError::Duplicate { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(codes::CREATE_FAILED.error("others are adding item books, try again"))
    }

    /// Replaces title and pages.
    pub async fn update(&self, caller: &Caller, book: ItemBook) -> Result<Stored<ItemBook>> {
        let book = book.checked()?;
        self.masters
            .change(caller, &book.item_book_id, |_: &ItemBook| Ok(book.clone()))
            .await
    }

    /// Edits the tree of a book. The result is checked as a whole.
    pub async fn edit(
        &self,
        caller: &Caller,
        item_book_id: &str,
        edit: impl Fn(&mut ItemBook) -> Result<()>,
    ) -> Result<Stored<ItemBook>> {
        let edit = |current: &ItemBook| {
            let mut book = current.clone();
            edit(&mut book)?;
            book.checked()
        };
        self.masters.change(caller, item_book_id, edit).await
    }

    /// A book, and by item code what its buttons sell in a store.
    pub async fn details(
        &self,
        caller: &Caller,
        item_book_id: &str,
        store_code: &str,
    ) -> Result<(Stored<ItemBook>, HashMap<String, Details>)> {
        let book = self.masters.get::<ItemBook>(caller, item_book_id).await?;
        let mut codes: Vec<String> = book.item_codes().map(str::to_owned).collect();
        codes.sort_unstable();
        codes.dedup();
        let mut details = HashMap::with_capacity(codes.len());
        for batch in codes.chunks(Items::BATCH_MAX) {
            let found = self.items.batch_details(caller, store_code, batch).await?;
            details.extend(found.into_iter().map(|one| (one.item.item_code.clone(), one)));
        }
        Ok((book, details))
    }

    async fn free_id(&self, caller: &Caller) -> Result<String> {
        let day = LocalTime::new(self.clock.now(), &self.zone).business_date();
        // `.` is the character after `-`, so these are exactly the keys of the day, in order.
        let query = Query::all()
            .at_least("item_book_id", format!("{day}-"))
            .less("item_book_id", format!("{day}."));
        let taken = self
            .masters
            .documents()
            .find::<ItemBook>(&caller.scope(), query)
            .await?
            .rows;
        (1..=NUMBER_MAX)
            .map(|number| format!("{day}-{number:04}"))
            .zip(taken.iter().map(Some).chain(std::iter::repeat(None)))
            .find(|(id, book)| book.is_none_or(|book| book.item_book_id != *id))
            .map(|(id, _)| id)
            .ok_or_else(|| codes::CREATE_FAILED.error("all numbers of item books of this day are taken"))
    }
}
