//! Item books: button pages as a tree of categories, tabs and buttons, and edits within it.

use std::fmt::Debug;

use kugel_error::{Error, Result, codes};
use serde::{Deserialize, Serialize};

kugel_types::names!(
    /// How much room a button takes.
    ButtonSize, "button size" {
        /// One cell.
        Single,
        /// Two cells side by side.
        DoubleWidth,
        /// Two cells one above the other.
        DoubleHeight,
        /// Two by two cells.
        Quad,
    }
);

/// The button pages of a till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemBook {
    /// The key within the tenant, `YYYYMMDD-NNNN`.
    pub item_book_id: String,
    /// The name.
    pub title: String,
    /// The pages, in the order they were added.
    pub categories: Vec<Category>,
}

/// A top-level page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// The key within the book.
    pub category_number: i32,
    /// The caption.
    pub title: String,
    /// The colour.
    pub color: String,
    /// The tabs, in the order they were added.
    pub tabs: Vec<Tab>,
}

/// A tab of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tab {
    /// The key within the category.
    pub tab_number: i32,
    /// The caption.
    pub title: String,
    /// The colour.
    pub color: String,
    /// The buttons, in the order they were added.
    pub buttons: Vec<Button>,
}

/// A button that sells an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// The column; with the row it is the key within the tab.
    pub pos_x: i32,
    /// The row.
    pub pos_y: i32,
    /// How much room it takes.
    pub size: ButtonSize,
    /// Where the picture is.
    pub image_url: String,
    /// The colour of the caption.
    pub color_text: String,
    /// The item.
    pub item_code: String,
}

/// A part of the tree with a key among its siblings.
pub trait Part {
    /// What siblings differ by.
    type Key: Copy + PartialEq + Debug;
    /// The word for it in messages.
    const NOUN: &'static str;
    /// The field that holds the key, the first one if there are two.
    const FIELD: &'static str;

    /// Its key.
    fn key(&self) -> Self::Key;
    /// Takes over what lies in the part it replaces, if it brings nothing of its own: children have edits of their own,
    /// and a new caption must not cost a page its buttons.
    fn inherit(&mut self, replaced: Self);
}

impl Part for Category {
    type Key = i32;
    const NOUN: &'static str = "category";
    const FIELD: &'static str = "category_number";

    fn key(&self) -> i32 {
        self.category_number
    }
    fn inherit(&mut self, replaced: Self) {
        if self.tabs.is_empty() {
            self.tabs = replaced.tabs;
        }
    }
}

impl Part for Tab {
    type Key = i32;
    const NOUN: &'static str = "tab";
    const FIELD: &'static str = "tab_number";

    fn key(&self) -> i32 {
        self.tab_number
    }
    fn inherit(&mut self, replaced: Self) {
        if self.buttons.is_empty() {
            self.buttons = replaced.buttons;
        }
    }
}

impl Part for Button {
    type Key = (i32, i32);
    const NOUN: &'static str = "button";
    const FIELD: &'static str = "pos_x";

    fn key(&self) -> (i32, i32) {
        (self.pos_x, self.pos_y)
    }
    fn inherit(&mut self, _replaced: Self) {}
}

impl ItemBook {
    /// Checks that siblings have keys of their own on every level.
    pub fn checked(self) -> Result<Self> {
        distinct(&self.categories)?;
        for category in &self.categories {
            distinct(&category.tabs)?;
            for tab in &category.tabs {
                distinct(&tab.buttons)?;
            }
        }
        Ok(self)
    }
    /// The page with that number.
    pub fn category(&mut self, number: i32) -> Result<&mut Category> {
        find(&mut self.categories, number)
    }
    /// The tab with that number on that page.
    pub fn tab(&mut self, category_number: i32, number: i32) -> Result<&mut Tab> {
        find(&mut self.category(category_number)?.tabs, number)
    }
    /// Every item that has a button.
    pub fn item_codes(&self) -> impl Iterator<Item = &str> {
        let tabs = self.categories.iter().flat_map(|category| &category.tabs);
        tabs.flat_map(|tab| &tab.buttons)
            .map(|button| button.item_code.as_str())
    }
}

/// Adds a part; its key must be free.
pub fn add<T: Part>(siblings: &mut Vec<T>, part: T) -> Result<()> {
    if siblings.iter().any(|sibling| sibling.key() == part.key()) {
        return Err(codes::DUPLICATE_KEY.error(format!("{} {:?} exists already", T::NOUN, part.key())));
    }
    siblings.push(part);
    Ok(())
}

/// Puts a part in the place of the one with that key; it may bring another key, if no sibling has it.
pub fn put<T: Part>(siblings: &mut [T], key: T::Key, mut part: T) -> Result<()> {
    if part.key() != key && siblings.iter().any(|sibling| sibling.key() == part.key()) {
        return Err(taken(&part));
    }
    let place = find(siblings, key)?;
    std::mem::swap(place, &mut part);
    place.inherit(part);
    Ok(())
}

/// Removes the part with that key and no other.
pub fn remove<T: Part>(siblings: &mut Vec<T>, key: T::Key) -> Result<()> {
    let position = siblings.iter().position(|sibling| sibling.key() == key);
    siblings.remove(position.ok_or_else(|| missing::<T>(key))?);
    Ok(())
}

fn find<T: Part>(siblings: &mut [T], key: T::Key) -> Result<&mut T> {
    siblings
        .iter_mut()
        .find(|sibling| sibling.key() == key)
        .ok_or_else(|| missing::<T>(key))
}

fn distinct<T: Part>(siblings: &[T]) -> Result<()> {
    let twice = siblings.iter().enumerate().find(|(position, part)| {
        siblings[..*position]
            .iter()
            .any(|earlier| earlier.key() == part.key())
    });
    match twice {
        Some((_, part)) => Err(taken(part)),
        None => Ok(()),
    }
}

fn missing<T: Part>(key: T::Key) -> Error {
    codes::NOT_FOUND.error(format!("{} {key:?} is not found", T::NOUN))
}

fn taken<T: Part>(part: &T) -> Error {
    let why = format!("{} {:?} exists already", T::NOUN, part.key());
    codes::INVALID_INPUT.error(&why).field(T::FIELD, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn button(pos_x: i32, pos_y: i32) -> Button {
        Button {
            pos_x,
            pos_y,
            size: ButtonSize::Single,
            image_url: String::new(),
            color_text: String::new(),
            item_code: format!("{pos_x}{pos_y}"),
        }
    }

    fn tab(tab_number: i32, buttons: Vec<Button>) -> Tab {
        Tab {
            tab_number,
            title: "tab".to_owned(),
            color: String::new(),
            buttons,
        }
    }

    fn book() -> ItemBook {
        let tabs = vec![
            tab(1, vec![button(0, 0), button(0, 1), button(1, 0), button(1, 1)]),
            tab(2, Vec::new()),
        ];
        let category = Category {
            category_number: 1,
            title: "page".to_owned(),
            color: String::new(),
            tabs,
        };
        ItemBook {
            item_book_id: "20260611-0001".to_owned(),
            title: "book".to_owned(),
            categories: vec![category],
        }
    }

    #[test]
    fn removing_a_button_leaves_its_row_and_column() {
        let mut book = book();
        remove(&mut book.tab(1, 1).unwrap().buttons, (0, 1)).unwrap();
        assert_eq!(book.item_codes().collect::<Vec<_>>(), ["00", "10", "11"]);
        let error = remove(&mut book.tab(1, 1).unwrap().buttons, (0, 1)).unwrap_err();
        assert!(error.is(&codes::NOT_FOUND));
    }

    #[test]
    fn a_part_moves_to_a_free_key_only() {
        let mut book = book();
        let buttons = &mut book.tab(1, 1).unwrap().buttons;
        put(buttons, (1, 1), button(2, 0)).unwrap();
        assert!(
            put(buttons, (2, 0), button(0, 0))
                .unwrap_err()
                .is(&codes::INVALID_INPUT)
        );
        assert!(
            put(buttons, (9, 9), button(3, 3))
                .unwrap_err()
                .is(&codes::NOT_FOUND)
        );
        put(buttons, (0, 0), button(0, 0)).unwrap();
        assert_eq!(buttons.len(), 4);
    }

    #[test]
    fn a_new_caption_keeps_the_children() {
        let mut book = book();
        let tabs = &mut book.category(1).unwrap().tabs;
        put(
            tabs,
            1,
            Tab {
                title: "new".to_owned(),
                ..tab(0, Vec::new())
            },
        )
        .unwrap();
        let moved = book.tab(1, 0).unwrap();
        assert_eq!((moved.title.as_str(), moved.buttons.len()), ("new", 4));
        put(&mut book.category(1).unwrap().tabs, 0, tab(0, vec![button(5, 5)])).unwrap();
        assert_eq!(book.tab(1, 0).unwrap().buttons.len(), 1);
    }

    #[test]
    fn keys_are_unique_among_siblings_on_every_level() {
        assert!(book().checked().is_ok());
        let mut twice = book();
        twice.categories.push(twice.categories[0].clone());
        assert!(twice.checked().unwrap_err().is(&codes::INVALID_INPUT));
        let mut twice = book();
        twice.tab(1, 2).unwrap().buttons = vec![button(0, 0), button(0, 0)];
        assert_eq!(twice.checked().unwrap_err().fields()[0].field, "pos_x");
        let mut book = book();
        let again = tab(2, Vec::new());
        assert!(
            add(&mut book.category(1).unwrap().tabs, again)
                .unwrap_err()
                .is(&codes::DUPLICATE_KEY)
        );
        assert!(book.tab(1, 7).unwrap_err().is(&codes::NOT_FOUND));
        assert!(book.tab(7, 1).unwrap_err().is(&codes::NOT_FOUND));
    }
}
