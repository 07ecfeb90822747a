//! Adds lines to a cart.

use std::sync::Arc;

use kugel_error::Error;
use kugel_types::ItemCode;

use super::{App, Till};
use crate::domain::cart::{Cart, CartId};
use crate::domain::entry::{EntryMasters, LineEntry};

impl App {
    /// Adds a line for each entry, all or none. Masters are looked up before the cart is read: mostly they are in
    /// memory, and a cart that is read late is seldom overtaken.
    pub async fn add_line_items(
        &self,
        till: &Till,
        id: CartId,
        entries: Vec<LineEntry>,
    ) -> Result<Arc<Cart>, Error> {
        self.once(till, self.add_lines(till, id, entries)).await
    }

    async fn add_lines(&self, till: &Till, id: CartId, entries: Vec<LineEntry>) -> Result<Arc<Cart>, Error> {
        let codes: Vec<ItemCode> = entries.iter().map(|entry| entry.item_code.clone()).collect();
        let (items, taxes, promotions) = tokio::try_join!(
            self.masters.items(&till.tenant, &till.store, &codes),
            self.masters.taxes(&till.tenant),
            self.masters.promotions(&till.tenant),
        )?;
        let now = self.now().zoned().datetime();
        let masters = EntryMasters {
            items: &items,
            taxes: &taxes,
            promotions: &promotions,
            now,
        };
        self.carts
            .change(till, id, |cart| cart.add_lines(&entries, &masters))
            .await
    }
}
