//! The sums over items: a sorted list, because it is long, written often and merged often.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use kugel_types::Sign;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::log::Line;
use super::products::ProductFigures;
use super::totals::Name;

/// The sums over items of one or many sessions, by category code and item code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Items(Vec<ItemTotals>);

/// The sums over one item of one category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemTotals {
    /// The category; empty for none.
    pub category: String,
    /// The item.
    pub code: String,
    /// The item's description at the sale.
    pub name: Name,
    /// The figures.
    pub figures: ProductFigures,
}

impl ItemTotals {
    fn key(&self) -> (&str, &str) {
        (&self.category, &self.code)
    }
}

impl Items {
    /// The items, by category code and item code.
    pub fn as_slice(&self) -> &[ItemTotals] {
        &self.0
    }
    /// The items by category, in order.
    pub fn by_category(&self) -> impl Iterator<Item = &[ItemTotals]> {
        self.0.chunk_by(|one, other| one.category == other.category)
    }
    /// True if nothing was sold.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts a line of a transaction; `earlier` are the lines before it.
    pub(super) fn add(&mut self, sign: Sign, line: &Line<'_>, figures: ProductFigures, earlier: &[Line<'_>]) {
        let first_of_item = !earlier
            .iter()
            .any(|other| other.category == line.category && other.item == line.item);
        let item = self.entry(line.category, line.item);
        item.name.hear(line.description);
        let transactions = sign.of(i64::from(first_of_item));
        item.figures.merge(&figures.counting(transactions));
    }

    /// The sums over an item, made if need be.
    fn entry(&mut self, category: &str, code: &str) -> &mut ItemTotals {
        let found = self.0.binary_search_by(|item| item.key().cmp(&(category, code)));
        let position = found.unwrap_or_else(|position| {
            let item = ItemTotals {
                category: category.to_owned(),
                code: code.to_owned(),
                name: Name::default(),
                figures: ProductFigures::default(),
            };
            self.0.insert(position, item);
            position
        });
        &mut self.0[position]
    }

    /// The sums over the logs of many parts.
    pub fn sum<'part>(parts: impl IntoIterator<Item = &'part Self>) -> Self {
        let mut sums: Vec<ItemTotals> = Vec::new();
        // By hash first and by order at the end: parts name the same items again and again.
        let mut positions = HashMap::new();
        for item in parts.into_iter().flat_map(|part| &part.0) {
            match positions.entry(item.key()) {
                Entry::Vacant(vacant) => {
                    vacant.insert(sums.len());
                    sums.push(item.clone());
                }
                Entry::Occupied(known) => {
                    let sum = &mut sums[*known.get()];
                    sum.name.hear(item.name.as_str());
                    sum.figures.merge(&item.figures);
                }
            }
        }
        sums.sort_unstable_by(|one, other| one.key().cmp(&other.key()));
        Self(sums)
    }
}

/// An item in a document: a list without the names of its fields, which would be longer than what they name. Category,
/// code, name; the figures.
type Row<'text> = (
    Cow<'text, str>,
    Cow<'text, str>,
    Cow<'text, str>,
    [Decimal; 4],
    i64,
);

impl Serialize for Items {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|item| -> Row<'_> {
            let texts = [&item.category, &item.code, item.name.as_str()].map(Cow::Borrowed);
            let ([category, code, name], (figures, transactions)) = (texts, item.figures.cells());
            (category, code, name, figures, transactions)
        }))
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<Row<'de>>::deserialize(deserializer)?.into_iter();
        let items = rows.map(|(category, code, name, figures, transactions)| ItemTotals {
            category: category.into_owned(),
            code: code.into_owned(),
            name: Name::from(name.into_owned()),
            figures: ProductFigures::from_cells((figures, transactions)),
        });
        Ok(Self(items.collect()))
    }
}
