//! What was sold: the figures that a line adds to its category, its item and its promotions.
//!
//! With s as in [`super::totals`], over lines that are not cancelled:
//!
//! - gross = Σ s · (line amount + the line's own discounts − the line's share of included tax)
//! - discount = Σ s · (the line's own discounts + its shares of discounts on the whole transaction)
//! - net = gross − discount
//!
//! So all amounts are without tax, whether prices contain it or not, and net over all categories, or all items, is net
//! of the sales report to the last digit. A promotion's gross is that of its lines, its discount only what it gave.

use kugel_types::{RoundMethod, Sign, TaxType};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::log::{Line, Tax, Transaction};

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
    /// What one line adds, apart from the count of its transaction.
    pub(super) fn of_line(sign: Sign, line: &Line<'_>, included_tax: Decimal) -> Self {
        let own = line.own_discount();
        let (discount, quantity) = (sign.of(own + line.allocated_discount()), sign.of(line.quantity));
        Self {
            gross: sign.of(line.amount + own - included_tax),
            discount,
            quantity,
            discount_quantity: if discount.is_zero() {
                Decimal::ZERO
            } else {
                quantity
            },
            transactions: 0,
        }
    }
    /// The same figures with a count of transactions.
    pub(super) fn counting(self, transactions: i64) -> Self {
        Self { transactions, ..self }
    }
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
    /// The figures without their names, as a row of items spells them.
    pub(super) fn cells(&self) -> Cells {
        let figures = [self.gross, self.discount, self.quantity, self.discount_quantity];
        (figures, self.transactions)
    }
    /// Reads [`Self::cells`].
    pub(super) fn from_cells(([gross, discount, quantity, discount_quantity], transactions): Cells) -> Self {
        Self {
            gross,
            discount,
            quantity,
            discount_quantity,
            transactions,
        }
    }
    /// The sum of many.
    pub fn sum<'figures>(rows: impl IntoIterator<Item = &'figures Self>) -> Self {
        rows.into_iter().fold(Self::default(), |mut sum, row| {
            sum.merge(row);
            sum
        })
    }
}

/// Gross, discount, quantity, discounted quantity; transactions.
pub(super) type Cells = ([Decimal; 4], i64);

/// The share of each line in the taxes that its price contains.
///
/// A tax is known for all lines of a code together, already rounded. Each line takes what the rounded running total
/// grows by, so that the shares add up to the tax exactly.
pub(super) fn included_tax(transaction: &Transaction<'_>) -> Vec<Decimal> {
    let mut shares = vec![Decimal::ZERO; transaction.lines.len()];
    let included = transaction
        .taxes
        .iter()
        .filter(|tax| tax.kind == TaxType::Internal);
    included.for_each(|tax| share_out(tax, &transaction.lines, &mut shares));
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
    RoundMethod::Round.apply(exact.unwrap_or_default(), places)
}
