//! The small totals of a session: sales, discounts, taxes, payments and the drawer.
//!
//! With s = +1 for sales and voided returns, −1 for returns and voided sales, over transactions that are not cancelled:
//!
//! - sales = Σ over sales less voided sales of (total with tax + discounts)
//! - returns = Σ over returns less voided returns of the same. Returns are taken *before* discounts so that a
//!   discounted sale and its return leave nothing behind.
//! - discounts, taxes and payments = Σ s · amount. Cancelled lines count nowhere.
//! - net = sales − returns − line discounts − subtotal discounts − taxes
//! - payments = net + taxes + rounding, where rounding = Σ s · what the payments are more than the total because cash is
//!   rounded to coins

use std::collections::BTreeMap;

use kugel_types::{Sign, TransactionType};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::log::{Cash, Counted, Line, Transaction};

/// An amount with the quantity and the number of cases behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Figure {
    /// The amount.
    pub amount: Decimal,
    /// The quantity of items.
    pub quantity: Decimal,
    /// How many.
    pub count: i64,
}

impl Figure {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            amount: self.amount + other.amount,
            quantity: self.quantity + other.quantity,
            count: self.count + other.count,
        }
    }
    /// What remains after the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            amount: self.amount - other.amount,
            quantity: self.quantity - other.quantity,
            count: self.count - other.count,
        }
    }
}

/// A name that came with the logs. If they disagree the first in the alphabet stands, whatever the order they came in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

impl From<String> for Name {
    fn from(name: String) -> Self {
        Self(name)
    }
}

impl Name {
    /// The name, empty if no log had one.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Hears another name.
    pub fn hear(&mut self, name: &str) {
        if !name.is_empty() && (self.0.is_empty() || name < self.0.as_str()) {
            name.clone_into(&mut self.0);
        }
    }
}

/// The taxes of one tax code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TaxTotals {
    /// The tax's name.
    pub name: Name,
    /// `External`, `Internal` or `Exempt`.
    pub kind: Name,
    /// The tax.
    pub amount: Decimal,
    /// The amount that was taxed.
    pub target: Decimal,
    /// The quantity that was taxed.
    pub quantity: Decimal,
}

/// The payments of one payment code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PaymentTotals {
    /// The payment method's name.
    pub name: Name,
    /// What was settled, net of change.
    pub amount: Decimal,
    /// How many payments.
    pub entries: i64,
    /// How many transactions used it: twice in one counts once.
    pub transactions: i64,
}

/// Movements of the drawer in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Movements {
    /// The sum with its sign.
    pub amount: Decimal,
    /// How many.
    pub count: i64,
}

/// The totals of one or many sessions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// The store's name.
    pub store_name: Name,
    /// The currency code.
    pub currency: Name,
    /// Sales less voided sales, before discounts, with tax.
    pub sales: Figure,
    /// Returns less voided returns, before discounts, with tax.
    pub returns: Figure,
    /// Discounts on lines.
    pub line_discounts: Figure,
    /// Discounts on whole transactions.
    pub subtotal_discounts: Figure,
    /// Taxes by tax code.
    pub taxes: BTreeMap<String, TaxTotals>,
    /// Payments by payment code.
    pub payments: BTreeMap<String, PaymentTotals>,
    /// What the payments are more than what was owed, because cash is rounded to coins.
    pub rounding: Decimal,
    /// Cash that the payments brought into the drawer, less the change that was handed out of it.
    pub paid_in_cash: Decimal,
    /// Money put into the drawer.
    pub cash_in: Movements,
    /// Money taken out of it.
    pub cash_out: Movements,
    /// What was counted at closes.
    pub counts: Counts,
}

/// What closes said of the drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Closes at which somebody counted.
    pub counted: i64,
    /// Closes at which nobody did.
    pub uncounted: i64,
    /// The cash that was counted.
    pub cash: Decimal,
    /// What was over or short of what was expected.
    pub over_short: Decimal,
}

impl Counts {
    /// Counts a close.
    pub fn add(&mut self, counted: Option<Counted>) {
        let Some(Counted { cash, over_short }) = counted else {
            self.uncounted += 1;
            return;
        };
        self.counted += 1;
        self.cash += cash;
        self.over_short += over_short;
    }
    fn merge(&mut self, other: &Self) {
        self.counted += other.counted;
        self.uncounted += other.uncounted;
        self.cash += other.cash;
        self.over_short += other.over_short;
    }
    /// A figure of counted drawers; `None` if there is none, which is not the same as nothing in it.
    pub fn known(&self, figure: Decimal) -> Option<Decimal> {
        (self.counted > 0).then_some(figure)
    }
}

impl Totals {
    /// Counts a transaction.
    pub fn add(&mut self, transaction: &Transaction<'_>) {
        self.store_name.hear(transaction.store_name);
        if let Some(currency) = &transaction.currency {
            self.currency.hear(currency.code());
        }
        if transaction.cancelled {
            return;
        }
        let sign = transaction.kind.money();
        match transaction.kind {
            TransactionType::Sale | TransactionType::VoidSale => {
                self.sales = self.sales.plus(turnover(transaction, sign));
            }
            TransactionType::Return | TransactionType::VoidReturn => {
                self.returns = self.returns.plus(turnover(transaction, sign.turned()));
            }
        }
        self.add_discounts(transaction, sign);
        self.add_taxes(transaction, sign);
        self.add_payments(transaction, sign);
    }

    /// Counts a cash log. A change fund of 0 moves nothing.
    pub fn add_cash(&mut self, cash: &Cash) {
        let movements = if cash.amount > Decimal::ZERO {
            &mut self.cash_in
        } else if cash.amount < Decimal::ZERO {
            &mut self.cash_out
        } else {
            return;
        };
        movements.amount += cash.amount;
        movements.count += 1;
    }

    fn add_discounts(&mut self, transaction: &Transaction<'_>, sign: Sign) {
        let own: Decimal = transaction.lines.iter().map(Line::own_discount).sum();
        let entries: usize = transaction.lines.iter().map(|line| line.discounts.len()).sum();
        let quantity = quantity_of(transaction, |line| !line.discounts.is_empty());
        self.line_discounts = self.line_discounts.plus(figure(sign, own, quantity, entries));

        let amount: Decimal = transaction.subtotal_discounts.iter().sum();
        let quantity = quantity_of(transaction, |line| !line.allocated.is_empty());
        let entries = transaction.subtotal_discounts.len();
        self.subtotal_discounts = self
            .subtotal_discounts
            .plus(figure(sign, amount, quantity, entries));
    }

    fn add_taxes(&mut self, transaction: &Transaction<'_>, sign: Sign) {
        for tax in &transaction.taxes {
            let totals = entry(&mut self.taxes, tax.code);
            totals.name.hear(tax.name);
            totals.kind.hear(tax.kind.name());
            totals.amount += sign.of(tax.amount);
            totals.target += sign.of(tax.target);
            totals.quantity += sign.of(tax.quantity);
        }
    }

    fn add_payments(&mut self, transaction: &Transaction<'_>, sign: Sign) {
        for (position, payment) in transaction.payments.iter().enumerate() {
            let first_of_code = !transaction.payments[..position]
                .iter()
                .any(|earlier| earlier.code == payment.code);
            let totals = entry(&mut self.payments, payment.code);
            totals.name.hear(payment.name);
            totals.amount += sign.of(payment.amount);
            totals.entries += sign.of(1);
            totals.transactions += sign.of(i64::from(first_of_code));
        }
        // What is posted never lay in a drawer that was counted here.
        if !transaction.session.is_posted {
            self.paid_in_cash += sign.of(transaction.cash);
        }
        self.rounding += sign.of(transaction.rounding);
    }

    /// Adds the totals of other logs.
    pub fn merge(&mut self, other: &Self) {
        self.store_name.hear(other.store_name.as_str());
        self.currency.hear(other.currency.as_str());
        self.sales = self.sales.plus(other.sales);
        self.returns = self.returns.plus(other.returns);
        self.line_discounts = self.line_discounts.plus(other.line_discounts);
        self.subtotal_discounts = self.subtotal_discounts.plus(other.subtotal_discounts);
        for (code, tax) in &other.taxes {
            let totals = entry(&mut self.taxes, code);
            totals.name.hear(tax.name.as_str());
            totals.kind.hear(tax.kind.as_str());
            totals.amount += tax.amount;
            totals.target += tax.target;
            totals.quantity += tax.quantity;
        }
        for (code, payment) in &other.payments {
            let totals = entry(&mut self.payments, code);
            totals.name.hear(payment.name.as_str());
            totals.amount += payment.amount;
            totals.entries += payment.entries;
            totals.transactions += payment.transactions;
        }
        self.rounding += other.rounding;
        self.paid_in_cash += other.paid_in_cash;
        for (mine, theirs) in [
            (&mut self.cash_in, other.cash_in),
            (&mut self.cash_out, other.cash_out),
        ] {
            mine.amount += theirs.amount;
            mine.count += theirs.count;
        }
        self.counts.merge(&other.counts);
    }

    /// All taxes together.
    pub fn tax(&self) -> Decimal {
        self.taxes.values().map(|tax| tax.amount).sum()
    }

    /// What was earned: without discounts and taxes.
    pub fn net(&self) -> Figure {
        let traded = self.sales.minus(self.returns);
        let taken_off = self.line_discounts.amount + self.subtotal_discounts.amount + self.tax();
        Figure {
            amount: traded.amount - taken_off,
            ..traded
        }
    }

    /// What should be in the drawer.
    pub fn expected_cash(&self) -> Decimal {
        self.paid_in_cash + self.cash_in.amount + self.cash_out.amount
    }
}

fn turnover(transaction: &Transaction<'_>, sign: Sign) -> Figure {
    let amount = transaction.total_with_tax + transaction.total_discount;
    figure(sign, amount, transaction.quantity, 1)
}

fn figure(sign: Sign, amount: Decimal, quantity: Decimal, count: usize) -> Figure {
    Figure {
        amount: sign.of(amount),
        quantity: sign.of(quantity),
        count: sign.of(i64::try_from(count).unwrap_or(i64::MAX)),
    }
}

fn quantity_of(transaction: &Transaction<'_>, wanted: impl Fn(&Line<'_>) -> bool) -> Decimal {
    let lines = transaction.lines.iter().filter(|line| wanted(line));
    lines.map(|line| line.quantity).sum()
}

/// The value of a key, made if need be. Unlike `entry` it makes the text of the key only for a new one.
pub(super) fn entry<'map, V: Default>(map: &'map mut BTreeMap<String, V>, key: &str) -> &'map mut V {
    if !map.contains_key(key) {
        map.insert(key.to_owned(), V::default());
    }
    map.get_mut(key).expect("the key was inserted above")
}
