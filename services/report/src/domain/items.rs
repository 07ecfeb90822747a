//! The sums over items: a sorted list, because it is long, written often and merged often.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

    /// The sums over an item, made if need be.
    pub fn entry(&mut self, category: &str, code: &str) -> &mut ItemTotals {
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
/// code, name; gross, discount, quantity, discounted quantity; transactions.
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
            let ProductFigures {
                gross,
                discount,
                quantity,
                discount_quantity,
                transactions,
            } = item.figures;
            let name = item.name.as_str().into();
            let figures = [gross, discount, quantity, discount_quantity];
            (
                item.category.as_str().into(),
                item.code.as_str().into(),
                name,
                figures,
                transactions,
            )
        }))
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<Row<'de>>::deserialize(deserializer)?;
        let items = rows
            .into_iter()
            .map(|(category, code, name, figures, transactions)| {
                let [gross, discount, quantity, discount_quantity] = figures;
                ItemTotals {
                    category: category.into_owned(),
                    code: code.into_owned(),
                    name: Name::from(name.into_owned()),
                    figures: ProductFigures {
                        gross,
                        discount,
                        quantity,
                        discount_quantity,
                        transactions,
                    },
                }
            });
        Ok(Self(items.collect()))
    }
}
