//! The sums over groups of items: categories and promotions, which are few.

use std::collections::BTreeMap;

use kugel_types::Sign;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::log::Line;
use super::products::ProductFigures;
use super::totals::entry;

/// Figures by two keys.
pub type Nested<V> = BTreeMap<String, BTreeMap<String, V>>;

/// The sums over groups of items of one or many sessions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Groups {
    /// By category code; the empty code stands for none.
    pub categories: BTreeMap<String, ProductFigures>,
    /// By promotion code and promotion type.
    pub promotions: Nested<ProductFigures>,
}

impl Groups {
    /// Counts a line of a transaction; `earlier` are the lines before it.
    pub(super) fn add(&mut self, sign: Sign, line: &Line<'_>, figures: ProductFigures, earlier: &[Line<'_>]) {
        let first_of_category = !earlier.iter().any(|other| other.category == line.category);
        let transactions = sign.of(i64::from(first_of_category));
        entry(&mut self.categories, line.category).merge(&figures.counting(transactions));
        let given: Vec<_> = promotions(line).collect();
        for (position, (promotion, amount)) in given.iter().enumerate() {
            let (code, kind) = *promotion;
            let totals = entry(entry(&mut self.promotions, code), kind);
            totals.discount += sign.of(*amount);
            if given[..position].iter().any(|(other, _)| other == promotion) {
                continue;
            }
            totals.gross += figures.gross;
            totals.quantity += figures.quantity;
            let first_of_transaction = !earlier
                .iter()
                .any(|line| promotions(line).any(|(other, _)| other == *promotion));
            totals.transactions += sign.of(i64::from(first_of_transaction));
        }
    }

    /// Adds the sums over other logs.
    pub fn merge(&mut self, other: &Self) {
        for (category, figures) in &other.categories {
            entry(&mut self.categories, category).merge(figures);
        }
        for (code, kinds) in &other.promotions {
            let mine = entry(&mut self.promotions, code);
            for (kind, figures) in kinds {
                entry(mine, kind).merge(figures);
            }
        }
    }
}

/// The promotions of a line with what each took off.
fn promotions<'line>(line: &'line Line<'_>) -> impl Iterator<Item = ((&'line str, &'line str), Decimal)> {
    let discounts = line.discounts.iter().chain(&line.allocated);
    discounts.filter_map(|discount| Some((discount.promotion?, discount.amount)))
}
