//! The receipt of a transaction, line by line.

mod data;
mod marks;
#[cfg(test)]
mod tests;

use kugel_types::money::Decimal;
use kugel_types::{Money, Quantity, TaxType, TransactionType};

pub use data::{Banner, Origin, ReceiptData, ReceiptDiscount, ReceiptLine, ReceiptPayment, ReceiptTax};

use self::marks::{REDUCED_RATE, mark};
use crate::columns::{WIDTH, cut, right, width};
use crate::{Printout, date_time, number};

/// Lays out the receipt of a sale, a return, a void or a cancelled sale.
pub fn receipt(data: &ReceiptData) -> Printout {
    let mut sheet = Sheet {
        data,
        paper: Printout::new(),
    };
    sheet.head();
    sheet.items();
    sheet.totals();
    sheet.payments();
    sheet.origin();
    sheet.foot();
    sheet.paper
}

fn title(data: &ReceiptData) -> &'static str {
    match data.transaction_type {
        _ if data.is_cancelled => "【 取 引 中 止 】",
        TransactionType::Sale => "【 領 収 証 】",
        TransactionType::Return => "【 返 品 】",
        TransactionType::VoidSale => "【 取 消 】",
        TransactionType::VoidReturn => "【 返 品 取 消 】",
    }
}

fn word(transaction_type: TransactionType) -> &'static str {
    match transaction_type {
        TransactionType::Sale => "売上",
        TransactionType::Return => "返品",
        TransactionType::VoidSale => "売上取消",
        TransactionType::VoidReturn => "返品取消",
    }
}

/// The box for the revenue stamp.
const STAMP_BOX: [&str; 6] = [
    "+---------+",
    "|  収 入  |",
    "|  印 紙  |",
    "|         |",
    "|         |",
    "+---------+",
];

struct Sheet<'a> {
    data: &'a ReceiptData,
    paper: Printout,
}

impl Sheet<'_> {
    fn head(&mut self) {
        self.banners(&self.data.headers);
        let staff = self.data.staff_id.as_deref().unwrap_or("------");
        self.paper
            .split(
                format!("レジNo. {}", self.data.terminal_no),
                format!("責# {staff}"),
            )
            .left(date_time(&self.data.time))
            .center(title(self.data));
    }

    fn items(&mut self) {
        self.paper.rule();
        for line in self.data.lines.iter().filter(|line| !line.is_cancelled) {
            let amount = format!("{}{}", self.price(line.gross_amount), mark(self.data, line));
            self.paper.split(&line.description, amount);
            // One piece at a price finer than the currency is rounded too, so the price is shown.
            if line.quantity.decimal() != Decimal::ONE || line.unit_price != line.gross_amount {
                let count = right(&quantity(line.quantity), 12);
                self.paper
                    .left(format!("{count}@{}", self.price(line.unit_price)));
            }
            for discount in &line.discounts {
                let (label, columns) = discount_label("値引", "割引", discount);
                let off = discount.amount.negated();
                self.amount(right(&label, columns.min(self.room(off))), off);
            }
        }
        self.paper.rule();
    }

    fn totals(&mut self) {
        let count = format!("{}点", number::grouped(self.pieces(), 0));
        let subtotal = self.data.subtotal_amount;
        let columns = self.room(subtotal).saturating_sub(width("小計")).min(16);
        self.amount(format!("小計{}", right(&count, columns)), subtotal);
        for discount in &self.data.subtotal_discounts {
            let (label, _) = discount_label("小計値引", "小計割引", discount);
            self.amount(format!("  {label}"), discount.amount.negated());
        }
        for tax in self
            .data
            .taxes
            .iter()
            .filter(|tax| tax.tax_type == TaxType::External)
        {
            self.amount(format!("  {}", tax.name), tax.amount);
        }
        self.amount("合計", self.data.total_amount_with_tax);
        for tax in &self.data.taxes {
            self.bracket(&tax.name, "対象", tax.target_amount);
            self.bracket(&tax.name, "税額", tax.amount);
        }
        let is_reduced = |line: &ReceiptLine| !line.is_cancelled && mark(self.data, line) == REDUCED_RATE;
        if self.data.lines.iter().any(is_reduced) {
            // The law asks that the mark be explained where it is used.
            self.paper.left(format!("  {REDUCED_RATE}は軽減税率対象商品です"));
        }
    }

    /// Cash comes first and is merged; then the other payments in order of their codes.
    fn payments(&mut self) {
        if !self.data.rounding_amount.is_zero() {
            self.amount("端数調整", self.data.rounding_amount);
        }
        let (cash, mut others): (Vec<_>, Vec<_>) =
            self.data.payments.iter().partition(|payment| payment.is_cash);
        if let Some(first) = cash.first() {
            let sum = |amount: fn(&ReceiptPayment) -> Money| {
                Money::from_decimal(cash.iter().map(|payment| amount(payment).decimal()).sum())
            };
            let (deposit, settled) = (sum(|payment| payment.deposit), sum(|payment| payment.amount));
            if deposit.is_positive() {
                self.amount("お預り", deposit);
                self.amount("お釣", sum(|payment| payment.change));
                self.forfeited("お釣なし", sum(ReceiptPayment::forfeited));
                self.paper.rule();
            }
            // Cash that came back whole settled what no coin is small enough for.
            if deposit.is_positive() || !settled.is_zero() {
                self.amount(&first.description, settled);
            }
        }
        others.retain(|payment| !payment.amount.is_zero());
        others.sort_by(|one, other| one.code.cmp(&other.code));
        for payment in others {
            self.payment(payment);
        }
    }

    /// A payment other than cash, with what was handed over where that was more.
    fn payment(&mut self, payment: &ReceiptPayment) {
        self.amount(&payment.description, payment.amount);
        let (change, forfeited) = (payment.change, payment.forfeited());
        if change.is_zero() && forfeited.is_zero() {
            return;
        }
        let over = change.decimal() + forfeited.decimal();
        self.amount("  お預り", Money::from_decimal(payment.amount.decimal() + over));
        if !change.is_zero() {
            self.amount("  お釣", change);
        }
        self.forfeited("  お釣なし", forfeited);
    }

    fn forfeited(&mut self, label: &str, amount: Money) {
        if !amount.is_zero() {
            self.amount(label, amount);
        }
    }

    fn origin(&mut self) {
        let Some(origin) = &self.data.origin else { return };
        self.paper
            .rule()
            .left("元取引")
            .left(date_time(&origin.time))
            .split("取引種別", word(origin.transaction_type))
            .split("店舗コード", &origin.store_code)
            .split("店舗名", &origin.store_name)
            .split("レジNo.", origin.terminal_no.to_string())
            .split("レシートNo.", origin.receipt_no.to_string())
            .split("取引No.", origin.transaction_no.to_string());
    }

    fn foot(&mut self) {
        self.paper
            .rule()
            .left(format!("レシートNo. {}", self.data.receipt_no));
        if let Some(duty) = self.data.stamp_duty {
            self.paper.blank();
            for line in STAMP_BOX {
                self.paper.left(line);
            }
            self.paper.left(format!("印紙税 {}", self.price(duty)));
        }
        if let Some(number) = &self.data.invoice_registration_number {
            self.paper.left(format!("登録番号 {number}"));
        }
        self.banners(&self.data.footers);
    }

    fn banners(&mut self, banners: &[Banner]) {
        for banner in banners {
            self.paper.text(banner.align, &banner.text);
        }
    }

    /// Pieces sold: a weighed line is one piece, whatever it weighs.
    fn pieces(&self) -> Decimal {
        let counted = self.data.lines.iter().filter(|line| !line.is_cancelled);
        let pieces = counted.map(|line| line.quantity.decimal());
        pieces
            .map(|quantity| {
                if quantity.fract().is_zero() {
                    quantity
                } else {
                    Decimal::ONE
                }
            })
            .sum()
    }

    fn price(&self, amount: Money) -> String {
        number::price(amount, self.data.currency)
    }

    /// Two blanks behind the amount keep it in line with the items, which carry a tax mark there.
    fn amount(&mut self, label: impl AsRef<str>, amount: Money) {
        let amount = format!("{}  ", self.price(amount));
        self.paper.split(label, amount);
    }

    /// As `amount`, with the closing bracket in the column of the tax mark. A long name gives way to the word that says
    /// what the figure is.
    fn bracket(&mut self, name: &str, word: &str, amount: Money) {
        let columns = self.room(amount).saturating_sub(width("  (") + width(word));
        let label = format!("  ({}{word}", cut(name, columns));
        let amount = format!("{}) ", self.price(amount));
        self.paper.split(label, amount);
    }

    /// The columns that an amount leaves for what stands before it.
    fn room(&self, amount: Money) -> usize {
        WIDTH.saturating_sub(width(&self.price(amount)) + 3)
    }
}

/// The label of a discount and the columns that it takes on a line of items.
fn discount_label(fixed: &str, percentage: &str, discount: &ReceiptDiscount) -> (String, usize) {
    match discount.rate {
        Some(rate) => (format!("{percentage} {}", number::rate(rate)), 19),
        None => (fixed.to_owned(), 15),
    }
}

/// Pieces carry their counter word; a weighed quantity is a bare number.
fn quantity(quantity: Quantity) -> String {
    let value = quantity.decimal().normalize();
    let number = number::grouped(value, value.scale());
    if value.scale() == 0 {
        format!("{number}点")
    } else {
        number
    }
}
