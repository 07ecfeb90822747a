//! The shape of item books on the wire.

use std::collections::HashMap;

use kugel_error::Result;
use kugel_proto::master_data::v1 as pb;
use kugel_store::Stored;

use super::{Checks, Service};
use crate::app::Details;
use crate::domain::item_book::{Button, Category, ItemBook, Tab};
use crate::domain::names::ButtonSize;

/// What a button shows whose item is not sold.
const ITEM_MISSING: &str = "not found";

pub(super) fn parse_book(sent: Option<pb::ItemBook>) -> Result<ItemBook> {
    let sent = sent.unwrap_or_default();
    let mut checks = Checks::default();
    checks.within("item_book.");
    let title = checks.name("title", sent.title);
    let book = ItemBook {
        item_book_id: sent.item_book_id,
        title,
        categories: checks.each("item_book.", "categories", sent.categories, Checks::category),
    };
    checks.done().map(|()| book)
}

pub(super) fn parse_store_code(store_code: String) -> Result<String> {
    let mut checks = Checks::default();
    let store_code = checks.name("store_code", store_code);
    checks.done().map(|()| store_code)
}

pub(super) fn parse_category(category: Option<pb::ItemBookCategory>) -> Result<Category> {
    let mut checks = Checks::default();
    let category = checks.category("category.", category.unwrap_or_default());
    checks.done().map(|()| category)
}

pub(super) fn parse_tab(tab: Option<pb::ItemBookTab>) -> Result<Tab> {
    let mut checks = Checks::default();
    let tab = checks.tab("tab.", tab.unwrap_or_default());
    checks.done().map(|()| tab)
}

pub(super) fn parse_button(button: Option<pb::ItemBookButton>) -> Result<Button> {
    let mut checks = Checks::default();
    let button = checks.button("button.", button.unwrap_or_default());
    checks.done().map(|()| button)
}

impl Checks {
    /// Checks parts in a list, each under its own path.
    fn each<W, T>(
        &mut self,
        path: &str,
        field: &str,
        parts: Vec<W>,
        check: fn(&mut Self, &str, W) -> T,
    ) -> Vec<T> {
        let numbered = parts.into_iter().enumerate();
        numbered
            .map(|(position, part)| check(self, &format!("{path}{field}[{position}]."), part))
            .collect()
    }

    fn category(&mut self, path: &str, category: pb::ItemBookCategory) -> Category {
        let tabs = self.each(path, "tabs", category.tabs, Self::tab);
        self.within(path);
        Category {
            category_number: self.required("category_number", category.category_number),
            title: self.name("title", category.title),
            color: self.text("color", category.color),
            tabs,
        }
    }

    fn tab(&mut self, path: &str, tab: pb::ItemBookTab) -> Tab {
        let buttons = self.each(path, "buttons", tab.buttons, Self::button);
        self.within(path);
        Tab {
            tab_number: self.required("tab_number", tab.tab_number),
            title: self.name("title", tab.title),
            color: self.text("color", tab.color),
            buttons,
        }
    }

    fn button(&mut self, path: &str, button: pb::ItemBookButton) -> Button {
        self.within(path);
        let size = ButtonSize::from_name(&button.size);
        Button {
            pos_x: self.required("pos_x", button.pos_x),
            pos_y: self.required("pos_y", button.pos_y),
            size: self.one_of("size", &button.size, ButtonSize::NAMES, size, ButtonSize::Single),
            image_url: self.text("image_url", button.image_url),
            color_text: self.text("color_text", button.color_text),
            item_code: self.key("item_code", button.item_code),
        }
    }
}

impl Service {
    /// The book as it was laid out.
    pub(super) fn item_book(&self, book: &Stored<ItemBook>) -> pb::ItemBook {
        self.render_book(book, |_| (None, None))
    }

    /// The book with what its buttons sell in a store.
    pub(super) fn detailed_item_book(
        &self,
        book: &Stored<ItemBook>,
        items: &HashMap<String, Details>,
    ) -> pb::ItemBook {
        self.render_book(book, |item_code| match items.get(item_code) {
            None => (None, Some(ITEM_MISSING.to_owned())),
            Some(Details { item, store }) => {
                let price = store.as_ref().map_or(item.unit_price, |store| store.store_price);
                (Some(price.into()), Some(item.description.clone()))
            }
        })
    }

    fn render_book(
        &self,
        book: &Stored<ItemBook>,
        sells: impl Fn(&str) -> (Option<kugel_proto::Decimal>, Option<String>),
    ) -> pb::ItemBook {
        let render_button = |button: &Button| {
            let (unit_price, description) = sells(&button.item_code);
            pb::ItemBookButton {
                pos_x: Some(button.pos_x),
                pos_y: Some(button.pos_y),
                size: button.size.name().to_owned(),
                image_url: Some(button.image_url.clone()),
                color_text: Some(button.color_text.clone()),
                item_code: button.item_code.clone(),
                unit_price,
                description,
            }
        };
        let render_tab = |tab: &Tab| pb::ItemBookTab {
            tab_number: Some(tab.tab_number),
            title: tab.title.clone(),
            color: Some(tab.color.clone()),
            buttons: tab.buttons.iter().map(render_button).collect(),
        };
        let render_category = |category: &Category| pb::ItemBookCategory {
            category_number: Some(category.category_number),
            title: category.title.clone(),
            color: Some(category.color.clone()),
            tabs: category.tabs.iter().map(render_tab).collect(),
        };
        let (entry_datetime, last_update_datetime) = self.times(book);
        pb::ItemBook {
            item_book_id: book.item_book_id.clone(),
            title: book.title.clone(),
            categories: book.categories.iter().map(render_category).collect(),
            entry_datetime,
            last_update_datetime,
        }
    }
}
