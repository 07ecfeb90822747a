//! Reads a printed receipt back, from its columns alone.

use rust_decimal::Decimal;

const RULE: &str = "--------------------------------";

/// An item with what is printed below it.
#[derive(Debug, Default)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) amount: Decimal,
    pub(super) mark: String,
    /// Quantity and price, where they are printed.
    pub(super) count: Option<(Decimal, Decimal)>,
    pub(super) discounts: Vec<Decimal>,
}

/// A payment with what is printed below it.
#[derive(Debug, Default)]
pub(super) struct Payment {
    pub(super) amount: Decimal,
    pub(super) deposit: Option<Decimal>,
    pub(super) change: Decimal,
    pub(super) forfeited: Decimal,
}

/// The figures of a receipt.
#[derive(Debug, Default)]
pub(super) struct Paper {
    pub(super) items: Vec<Item>,
    pub(super) pieces: Decimal,
    pub(super) subtotal: Decimal,
    pub(super) subtotal_discounts: Vec<Decimal>,
    /// Names and amounts of the taxes that were added.
    pub(super) external: Vec<(String, Decimal)>,
    pub(super) total: Decimal,
    /// Names, taxed amounts and taxes.
    pub(super) taxes: Vec<(String, Decimal, Decimal)>,
    pub(super) explains_reduced_rate: bool,
    pub(super) rounding: Decimal,
    /// Cash first, if there is any.
    pub(super) payments: Vec<Payment>,
    pub(super) has_stamp: bool,
}

impl Paper {
    pub(super) fn read(text: &str) -> Self {
        let mut paper = Self::default();
        let mut sections: Vec<Vec<&str>> = text
            .split(&format!("{RULE}\n"))
            .map(|section| section.lines().collect())
            .collect();
        paper.has_stamp = sections.pop().unwrap().iter().any(|line| line.contains('印'));
        sections.remove(0);
        for line in sections.remove(0) {
            paper.item(line);
        }
        let mut totals = sections.remove(0).into_iter();
        for line in totals.by_ref() {
            paper.total_line(line);
            if line.starts_with("合計") {
                break;
            }
        }
        let origin = sections
            .iter()
            .position(|section| section[0].starts_with("元取引"));
        sections.truncate(origin.unwrap_or(sections.len()));
        let mut cash = None;
        for line in totals.chain(sections.into_iter().flatten()) {
            paper.below_total(line, &mut cash);
        }
        paper
    }

    fn item(&mut self, line: &str) {
        let text = line.trim();
        if let Some((quantity, price)) = text.split_once('@') {
            self.items.last_mut().unwrap().count = Some((figure(quantity), figure(price)));
        } else if text.starts_with("値引") || text.starts_with("割引") {
            let off = -last_figure(line);
            self.items.last_mut().unwrap().discounts.push(off);
        } else {
            let (name, amount) = text.rsplit_once(' ').unwrap();
            let mark =
                amount.trim_start_matches(|character: char| character.is_ascii() || "£€".contains(character));
            self.items.push(Item {
                name: name.trim().to_owned(),
                amount: figure(amount.trim_end_matches(mark)),
                mark: mark.to_owned(),
                ..Item::default()
            });
        }
    }

    fn total_line(&mut self, line: &str) {
        let text = line.trim();
        let amount = last_figure(line);
        if text.starts_with("小計値引") || text.starts_with("小計割引") {
            self.subtotal_discounts.push(-amount);
        } else if let Some(pieces) = text.strip_prefix("小計") {
            self.pieces = figure(pieces.split_whitespace().next().unwrap());
            self.subtotal = amount;
        } else if text.starts_with("合計") {
            self.total = amount;
        } else {
            let (name, _) = text.rsplit_once(' ').unwrap();
            self.external.push((name.trim().to_owned(), amount));
        }
    }

    /// `cash` is the cash that was handed over, until the line with what it settled.
    fn below_total(&mut self, line: &str, cash: &mut Option<Payment>) {
        let text = line.trim();
        if text.starts_with('軽') {
            self.explains_reduced_rate = true;
            return;
        }
        let amount = last_figure(line);
        let label = text.rsplit_once(' ').unwrap().0.trim();
        if let Some(name) = label
            .strip_prefix('(')
            .and_then(|label| label.strip_suffix("対象"))
        {
            self.taxes.push((name.to_owned(), amount, Decimal::ZERO));
        } else if let Some(name) = label
            .strip_prefix('(')
            .and_then(|label| label.strip_suffix("税額"))
        {
            let tax = self.taxes.last_mut().unwrap();
            assert_eq!(tax.0, name, "two lines for a tax");
            tax.2 = amount;
        } else if label == "端数調整" {
            self.rounding = amount;
        } else if label == "お預り" && !line.starts_with(' ') {
            *cash = Some(Payment {
                deposit: Some(amount),
                ..Payment::default()
            });
        } else {
            let payment = cash.as_mut().or(self.payments.last_mut());
            match (label, payment) {
                ("お預り", Some(payment)) => payment.deposit = Some(amount),
                ("お釣", Some(payment)) => payment.change = amount,
                ("お釣なし", Some(payment)) => payment.forfeited = amount,
                _ => {
                    let payment = cash.take().unwrap_or_default();
                    self.payments.push(Payment { amount, ..payment });
                }
            }
        }
    }
}

fn last_figure(line: &str) -> Decimal {
    let text = line.trim_end_matches([' ', ')']);
    figure(text.rsplit(' ').next().unwrap())
}

fn figure(text: &str) -> Decimal {
    let digits: String = text
        .chars()
        .filter(|character| !matches!(character, ',' | '\\' | '£' | '€' | '$' | '点' | ' '))
        .collect();
    digits
        .parse()
        .unwrap_or_else(|error| panic!("{text:?} is no figure: {error}"))
}
