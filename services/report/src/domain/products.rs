//! What was sold: categories and promotions, which are few, and items, which may be all of a shop's.
//!
//! With s as in [`super::totals`], over lines that are not cancelled:
//!
//! - gross = Σ s · (line amount + the line's own discounts − the line's share of included tax)
//! - discount = Σ s · (the line's own discounts + its shares of discounts on the whole transaction)
//! - net = gross − discount
//!
//! So all amounts are without tax, whether prices contain it or not, and net over all categories, or all items, is net
//! of the sales report to the last digit. A promotion's gross is that of its lines, its discount only what it gave.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::items::Items;
use super::log::{Line, Sign, Tax, Transaction};
use super::totals::entry;

/// The figures of a category, an item or a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductFigures {
    /// Before discounts, without tax.
    #[serde(skip_serializing_if = "Decimal::is_zero")]
    pub gross: Decimal,
    /// What discounts took off.
    #[serde(skip_serializing_if = "Decimal::is_zero")]
    pub discount: Decimal,
    /// The quantity.
    #[serde(skip_serializing_if = "Decimal::is_zero")]
    pub quantity: Decimal,
    /// The quantity of lines with any discount.
    #[serde(skip_serializing_if = "Decimal::is_zero")]
    pub discount_quantity: Decimal,
    /// How many transactions: one that was voided or returned takes its sale away.
    pub transactions: i64,
}

impl ProductFigures {
    /// Gross less discounts.
    pub fn net(&self) -> Decimal {
        self.gross - self.discount
    }
    /// Adds the figures of other lines.
    pub fn merge(&mut self, other: &Self) {
        self.gross += other.gross;
        self.discount += other.discount;
        self.quantity += other.quantity;
        self.discount_quantity += other.discount_quantity;
        self.transactions += other.transactions;
    }
    /// The sum of many.
    pub fn sum<'figures>(rows: impl IntoIterator<Item = &'figures Self>) -> Self {
        rows.into_iter().fold(Self::default(), |mut sum, row| {
            sum.merge(row);
            sum
        })
    }
}

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

/// Counts a transaction.
pub fn add(groups: &mut Groups, items: &mut Items, transaction: &Transaction<'_>) {
    if transaction.cancelled {
        return;
    }
    let sign = transaction.kind.sign();
    let included_tax = included_tax(transaction);
    for (position, line) in transaction.lines.iter().enumerate() {
        let earlier = &transaction.lines[..position];
        let first_of_category = !earlier.iter().any(|other| other.category == line.category);
        let first_of_item = !earlier
            .iter()
            .any(|other| other.category == line.category && other.item == line.item);
        let figures = LineFigures::new(sign, line, included_tax[position]);
        figures.count(entry(&mut groups.categories, line.category), first_of_category);
        let item = items.entry(line.category, line.item);
        item.name.hear(line.description);
        figures.count(&mut item.figures, first_of_item);
        groups.add_promotions(sign, line, &figures, earlier);
    }
}

impl Groups {
    fn add_promotions(&mut self, sign: Sign, line: &Line<'_>, figures: &LineFigures, earlier: &[Line<'_>]) {
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
            totals.transactions += sign.count(usize::from(first_of_transaction));
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

/// What one line adds.
struct LineFigures {
    sign: Sign,
    gross: Decimal,
    discount: Decimal,
    quantity: Decimal,
}

impl LineFigures {
    fn new(sign: Sign, line: &Line<'_>, included_tax: Decimal) -> Self {
        let own = line.own_discount();
        Self {
            sign,
            gross: sign.of(line.amount + own - included_tax),
            discount: sign.of(own + line.allocated_discount()),
            quantity: sign.of(line.quantity),
        }
    }

    fn count(&self, totals: &mut ProductFigures, first_of_transaction: bool) {
        totals.gross += self.gross;
        totals.discount += self.discount;
        totals.quantity += self.quantity;
        if !self.discount.is_zero() {
            totals.discount_quantity += self.quantity;
        }
        totals.transactions += self.sign.count(usize::from(first_of_transaction));
    }
}

/// The promotions of a line with what each took off.
fn promotions<'line>(line: &'line Line<'_>) -> impl Iterator<Item = ((&'line str, &'line str), Decimal)> {
    let discounts = line.discounts.iter().chain(&line.allocated);
    discounts.filter_map(|discount| Some((discount.promotion?, discount.amount)))
}

/// The share of each line in the taxes that its price contains.
///
/// A tax is known for all lines of a code together, already rounded. Each line takes what the rounded running total
/// grows by, so that the shares add up to the tax exactly.
fn included_tax(transaction: &Transaction<'_>) -> Vec<Decimal> {
    let mut shares = vec![Decimal::ZERO; transaction.lines.len()];
    for tax in transaction.taxes.iter().filter(|tax| tax.is_included()) {
        share_out(tax, &transaction.lines, &mut shares);
    }
    shares
}

fn share_out(tax: &Tax<'_>, lines: &[Line<'_>], shares: &mut [Decimal]) {
    let taxed: Vec<(usize, Decimal)> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.tax_code == tax.code)
        .map(|(position, line)| (position, line.amount - line.allocated_discount()))
        .collect();
    let total: Decimal = taxed.iter().map(|(_, base)| base).sum();
    let scales = taxed.iter().map(|(_, base)| base.scale());
    let places = scales.chain([tax.amount.scale()]).max().unwrap_or(0);
    let (mut base_so_far, mut shared) = (Decimal::ZERO, Decimal::ZERO);
    for (index, (position, base)) in taxed.iter().enumerate() {
        base_so_far += base;
        let due = if index + 1 == taxed.len() {
            tax.amount
        } else {
            portion(tax.amount, base_so_far, total, places)
        };
        shares[*position] += due - shared;
        shared = due;
    }
}

/// `amount · part / whole`, rounded. Where the product would not fit, the quotient is taken first.
fn portion(amount: Decimal, part: Decimal, whole: Decimal, places: u32) -> Decimal {
    let exact = match amount.checked_mul(part) {
        Some(product) => product.checked_div(whole),
        None => part
            .checked_div(whole)
            .and_then(|ratio| ratio.checked_mul(amount)),
    };
    exact
        .unwrap_or_default()
        .round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}
