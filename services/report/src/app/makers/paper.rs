//! The paper of reports: what they print alike.

use kugel_printing::{Printout, business_date, date_time, grouped, left, price, right};
use kugel_types::{Currency, LocalTime, Money};
use rust_decimal::Decimal;

use crate::domain::query::{Period, ReportQuery, ReportScope};

/// Where the counts beside a label end.
const LABEL_COLUMNS: usize = 10;
/// How wide they are.
const COUNT_COLUMNS: usize = 7;

/// A printout that knows the currency of its amounts.
#[derive(Debug)]
pub struct Paper {
    printout: Printout,
    currency: Currency,
}

/// What stands above every report.
#[derive(Debug)]
pub struct Heading<'a> {
    /// The store's name.
    pub store_name: &'a str,
    /// Who asked for it.
    pub staff: &'a str,
    /// When it was made.
    pub time: &'a LocalTime,
    /// The title.
    pub title: String,
}

impl Paper {
    /// An empty paper.
    pub fn new(currency: Currency) -> Self {
        let printout = Printout::new();
        Self { printout, currency }
    }

    /// Prints what stands above every report.
    pub fn heading(&mut self, query: &ReportQuery, heading: &Heading<'_>) {
        let whose = match query.terminal {
            Some(terminal) => format!("レジNo. {terminal}"),
            None => "店舗合計".to_owned(),
        };
        self.printout
            .left(format!("店舗名 {}", heading.store_name))
            .split(whose, format!("責# {}", heading.staff))
            .left(date_time(heading.time))
            .blank()
            .left(&heading.title)
            .blank();
        match query.period {
            Period::Day(day) => {
                self.printout.left(format!("営業日付 {}", business_date(day)));
            }
            Period::Range(first, last) => {
                self.printout
                    .left("期間")
                    .left(format!(" {} から", business_date(first)))
                    .left(format!(" {} まで", business_date(last)));
            }
        }
        if let Some(counter) = query.open_counter {
            self.printout.left(format!("開設回数 {counter}回"));
        }
        if let (ReportScope::Daily, Some(counter)) = (query.scope, query.business_counter) {
            self.printout.left(format!("精算通番 {counter}"));
        }
    }

    /// An amount as it is printed.
    pub fn money(&self, amount: Decimal) -> String {
        if self.currency == Currency::JPY {
            format!("{}円", grouped(amount, 0))
        } else {
            price(Money::from_decimal(amount), self.currency)
        }
    }

    /// A rule and the heading of a section.
    pub fn section(&mut self, heading: &str) {
        self.printout.rule().left(heading);
    }
    /// A label and an amount.
    pub fn amount(&mut self, label: &str, amount: Decimal) {
        let amount = self.money(amount);
        self.printout.split(label, amount);
    }
    /// A label and an amount that somebody has to count.
    pub fn counted_cash(&mut self, label: &str, amount: Option<Decimal>) {
        match amount {
            Some(amount) => self.amount(label, amount),
            None => self.split(label, "未計数"),
        }
    }
    /// A label, a number of cases and an amount.
    pub fn counted(&mut self, label: &str, count: i64, amount: Decimal) {
        let label = counted_label(label, &format!("{}件", grouped(count.into(), 0)));
        self.amount(&label, amount);
    }
    /// A quantity below a number of cases.
    pub fn pieces_below(&mut self, quantity: Decimal) {
        self.printout.left(counted_label("", &pieces(quantity)));
    }
    /// A label, a quantity and an amount.
    pub fn sold(&mut self, label: &str, quantity: Decimal, amount: Decimal) {
        let sold = format!(
            "{} {}",
            right(&pieces(quantity), 5),
            right(&self.money(amount), 12)
        );
        self.printout.split(label, sold);
    }
    /// The last lines of reports on what was sold.
    pub fn summary(&mut self, gross: Decimal, discount: Decimal, net: Decimal) {
        self.rule();
        self.amount("総売上:", gross);
        self.amount("値引計:", -discount);
        self.amount("純売上:", net);
        self.footer();
    }
    /// The line that stands where a receipt has its number.
    pub fn footer(&mut self) {
        self.printout.rule().left("レシートNo. ------");
    }
    /// How many transactions were posted.
    pub fn posted(&mut self, count: i64) {
        let count = format!("{}件", grouped(count.into(), 0));
        self.printout.split("後から登録", count);
    }
    /// A rule.
    pub fn rule(&mut self) {
        self.printout.rule();
    }
    /// A text.
    pub fn left(&mut self, text: &str) {
        self.printout.left(text);
    }
    /// A text in the middle.
    pub fn center(&mut self, text: &str) {
        self.printout.center(text);
    }
    /// Two texts, one at either edge.
    pub fn split(&mut self, first: &str, second: &str) {
        self.printout.split(first, second);
    }
    /// An empty line.
    pub fn blank(&mut self) {
        self.printout.blank();
    }
    /// The two renderings: print data in XML, and plain text.
    pub fn texts(&self) -> (String, String) {
        (self.printout.receipt_text(), self.printout.journal_text())
    }
}

fn counted_label(label: &str, count: &str) -> String {
    left(label, LABEL_COLUMNS) + &right(count, COUNT_COLUMNS)
}

/// A quantity as it is printed: all its decimals.
pub(super) fn pieces(quantity: Decimal) -> String {
    let quantity = quantity.normalize();
    format!("{}点", grouped(quantity, quantity.scale()))
}
