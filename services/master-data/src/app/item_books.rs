//! Item books: keys by day, edits within the tree, and the answer that knows names and prices.

use std::collections::HashMap;

use kugel_error::{Result, codes};
use kugel_rpc::Caller;
use kugel_store::{Query, Record, Stored, retry};
use kugel_types::LocalTime;

use super::items::BATCH_MAX;
use super::{App, Details};
use crate::domain::item_book::ItemBook;
use crate::records::Master;

/// The last number of a day.
const NUMBER_MAX: u32 = 9999;

impl App {
    /// Adds a book under the first free number of the day.
    pub async fn create_item_book(&self, caller: &Caller, book: ItemBook) -> Result<Stored<ItemBook>> {
        let book = book.checked()?;
        caller
            .once(&self.documents, self.insert_item_book(caller, book))
            .await
    }

    async fn insert_item_book(&self, caller: &Caller, book: ItemBook) -> Result<Stored<ItemBook>> {
        retry(ItemBook::NOUN, &book.title, || async {
            let book = ItemBook {
                item_book_id: self.free_book_id(caller).await?,
                ..book.clone()
            };
            let inserted = self.insert(caller, book).await;
            inserted.map_err(|error| error.or_taken(&[ItemBook::COLLECTION]))
        })
        .await
    }

    /// Replaces title and pages.
    pub async fn update_item_book(&self, caller: &Caller, book: ItemBook) -> Result<Stored<ItemBook>> {
        self.replace(caller, book.checked()?).await
    }

    /// Edits the tree of a book. The result is checked as a whole.
    pub async fn edit_item_book(
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
        self.change(caller, item_book_id, edit).await
    }

    /// A book, and by item code what its buttons sell in a store.
    pub async fn item_book_details(
        &self,
        caller: &Caller,
        item_book_id: &str,
        store_code: &str,
    ) -> Result<(Stored<ItemBook>, HashMap<String, Details>)> {
        let book = self.get::<ItemBook>(caller, item_book_id).await?;
        let mut codes: Vec<String> = book.item_codes().map(str::to_owned).collect();
        codes.sort_unstable();
        codes.dedup();
        let mut details = HashMap::with_capacity(codes.len());
        for batch in codes.chunks(BATCH_MAX) {
            let found = self.batch_item_details(caller, store_code, batch).await?;
            details.extend(found.0.into_iter().map(|one| (one.item.item_code.clone(), one)));
        }
        Ok((book, details))
    }

    async fn free_book_id(&self, caller: &Caller) -> Result<String> {
        let day = LocalTime::new(self.clock.now(), &self.zone).business_date();
        // `.` is the character after `-`, so these are exactly the keys of the day, in order.
        let query = Query::all()
            .at_least("item_book_id", format!("{day}-"))
            .less("item_book_id", format!("{day}."));
        let taken = self
            .documents
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
