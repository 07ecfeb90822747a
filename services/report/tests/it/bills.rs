//! Logs for tests, with totals worked out from their lines.

use kugel_proto::Decimal as Wire;
use kugel_proto::cart::v1::{Discount, LineItem, Payment, Tax, TransactionLog, TransactionSales};
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog, TerminalInfo};
use rust_decimal::Decimal;

pub(crate) const DATE: &str = "20260305";

pub(crate) fn exact(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn wire(value: Decimal) -> Option<Wire> {
    Some(value.into())
}

fn value(wire: Option<&Wire>) -> Decimal {
    wire.map_or(Decimal::ZERO, |wire| wire.exact().unwrap())
}

/// A transaction under construction.
#[derive(Clone)]
pub(crate) struct Bill(pub(crate) TransactionLog);

impl Bill {
    pub(crate) fn new(number: i64, kind: i32) -> Self {
        Self(TransactionLog {
            event_id: format!("event-{number}"),
            tenant_id: "T1".to_owned(),
            store_code: "S1".to_owned(),
            store_name: "S1".to_owned(),
            terminal_no: 1,
            transaction_no: number,
            receipt_no: number,
            transaction_type: kind,
            business_date: DATE.to_owned(),
            open_counter: 1,
            generate_date_time: format!(
                "2026-03-05T10:{:02}:{:02}.000000+09:00",
                number / 60 % 60,
                number % 60
            ),
            sales: Some(TransactionSales::default()),
            currency_code: "JPY".to_owned(),
            ..TransactionLog::default()
        })
    }
    pub(crate) fn at(mut self, terminal: i32) -> Self {
        self.0.terminal_no = terminal;
        self
    }
    /// A line; `amount` is price times quantity.
    pub(crate) fn line(
        mut self,
        item: &str,
        category: &str,
        tax: &str,
        quantity: &str,
        amount: &str,
    ) -> Self {
        self.0.line_items.push(LineItem {
            line_no: self.0.line_items.len() as i32 + 1,
            item_code: item.to_owned(),
            description: format!("Item {item}"),
            category_code: Some(category.to_owned()),
            tax_code: tax.to_owned(),
            quantity: wire(exact(quantity)),
            amount: wire(exact(amount)),
            ..LineItem::default()
        });
        self
    }
    fn last_line(&mut self) -> &mut LineItem {
        self.0.line_items.last_mut().unwrap()
    }
    pub(crate) fn cancelled_line(mut self) -> Self {
        self.last_line().is_cancelled = true;
        self
    }
    /// A discount on the last line.
    pub(crate) fn discount(mut self, amount: &str, promotion: Option<&str>) -> Self {
        let line = self.last_line();
        line.discounts.push(discount(amount, promotion));
        line.amount = wire(value(line.amount.as_ref()) - exact(amount));
        self
    }
    /// A discount on the whole bill, with the share of each line.
    pub(crate) fn subtotal_discount(mut self, amount: &str, shares: &[&str]) -> Self {
        self.0.subtotal_discounts.push(discount(amount, None));
        for (line, share) in self.0.line_items.iter_mut().zip(shares) {
            line.discounts_allocated.push(discount(share, None));
        }
        self
    }
    pub(crate) fn tax(mut self, code: &str, kind: &str, name: &str, amounts: [&str; 3]) -> Self {
        self.0.taxes.push(Tax {
            tax_code: code.to_owned(),
            tax_type: kind.to_owned(),
            tax_name: name.to_owned(),
            tax_amount: wire(exact(amounts[0])),
            target_amount: wire(exact(amounts[1])),
            target_quantity: wire(exact(amounts[2])),
            ..Tax::default()
        });
        self
    }
    pub(crate) fn paid(mut self, code: &str, name: &str, amount: &str) -> Self {
        self.0.payments.push(Payment {
            payment_code: code.to_owned(),
            description: name.to_owned(),
            amount: wire(exact(amount)),
            deposit_amount: wire(exact(amount)),
            ..Payment::default()
        });
        self
    }
    pub(crate) fn cancelled(mut self) -> Self {
        self.0.sales.as_mut().unwrap().is_cancelled = true;
        self
    }
    /// The same goods in another transaction: a return or a void.
    pub(crate) fn again(&self, number: i64, kind: i32) -> Self {
        let other = Self::new(number, kind);
        Self(TransactionLog {
            event_id: other.0.event_id,
            transaction_no: number,
            receipt_no: number,
            transaction_type: kind,
            generate_date_time: other.0.generate_date_time,
            ..self.0.clone()
        })
    }
    /// The log with its totals, as the cart service works them out.
    pub(crate) fn log(mut self) -> TransactionLog {
        let lines: Vec<_> = self
            .0
            .line_items
            .iter()
            .filter(|line| !line.is_cancelled)
            .collect();
        let amounts: Decimal = lines.iter().map(|line| value(line.amount.as_ref())).sum();
        let quantity: Decimal = lines.iter().map(|line| value(line.quantity.as_ref())).sum();
        let of_lines: Decimal = lines.iter().flat_map(|line| &line.discounts).map(amount_of).sum();
        let of_subtotal: Decimal = self.0.subtotal_discounts.iter().map(amount_of).sum();
        let external = self.0.taxes.iter().filter(|tax| tax.tax_type == "External");
        let tax: Decimal = external.map(|tax| value(tax.tax_amount.as_ref())).sum();
        let sales = self.0.sales.as_mut().unwrap();
        sales.total_amount = wire(amounts - of_subtotal);
        sales.total_amount_with_tax = wire(amounts - of_subtotal + tax);
        sales.tax_amount = wire(tax);
        sales.total_quantity = wire(quantity);
        sales.total_discount_amount = wire(of_lines + of_subtotal);
        self.0
    }
}

fn amount_of(discount: &Discount) -> Decimal {
    value(discount.discount_amount.as_ref())
}

fn discount(amount: &str, promotion: Option<&str>) -> Discount {
    Discount {
        discount_type: "DiscountAmount".to_owned(),
        discount_amount: wire(exact(amount)),
        promotion_code: promotion.map(str::to_owned),
        promotion_type: promotion.map(|_| "category_discount".to_owned()),
        ..Discount::default()
    }
}

pub(crate) fn cash_log(number: i64, amount: &str) -> CashLog {
    CashLog {
        event_id: format!("cash-{number}"),
        event_type: "cash_in_out".to_owned(),
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 1,
        business_date: DATE.to_owned(),
        open_counter: 1,
        generate_date_time: format!("2026-03-05T09:00:{number:02}.000000+09:00"),
        amount: wire(exact(amount)),
        ..CashLog::default()
    }
}

pub(crate) fn open_log() -> OpenCloseLog {
    OpenCloseLog {
        event_id: "open-1".to_owned(),
        event_type: "open".to_owned(),
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 1,
        business_date: DATE.to_owned(),
        open_counter: 1,
        operation: "open".to_owned(),
        generate_date_time: "2026-03-05T09:00:00.000000+09:00".to_owned(),
        ..OpenCloseLog::default()
    }
}

/// A close that announces the given logs, with what was counted and what of it is over or short.
pub(crate) fn close_log(
    counted: Option<(&str, &str)>,
    transactions: &[TransactionLog],
    cash: &[CashLog],
) -> OpenCloseLog {
    OpenCloseLog {
        event_id: "close-1".to_owned(),
        event_type: "close".to_owned(),
        operation: "close".to_owned(),
        generate_date_time: "2026-03-05T20:00:00.000000+09:00".to_owned(),
        terminal_info: Some(TerminalInfo {
            physical_amount: counted.and_then(|(cash, _)| wire(exact(cash))),
            ..TerminalInfo::default()
        }),
        cart_transaction_count: Some(transactions.len() as i32),
        cart_transaction_last_no: transactions.last().map(|log| log.transaction_no),
        cash_in_out_count: Some(cash.len() as i32),
        cash_in_out_last_datetime: cash.last().map(|log| log.generate_date_time.clone()),
        over_short_amount: counted.and_then(|(_, over_short)| wire(exact(over_short))),
        ..open_log()
    }
}

/// The day of example A: its transaction logs and its cash logs.
pub(crate) fn example_a() -> (Vec<TransactionLog>, Vec<CashLog>) {
    let internal = Bill::new(2, 101)
        .line("C", "C1", "02", "1", "1100")
        .tax("02", "Internal", "内税10%", ["100", "1100", "1"])
        .paid("01", "Cash", "1100");
    let eight = Bill::new(4, 101)
        .line("E", "C3", "11", "2", "500")
        .tax("11", "External", "外税 8%", ["40", "500", "2"])
        .paid("01", "Cash", "540");
    let bills = [
        Bill::new(1, 101)
            .line("A", "C1", "01", "2", "1000")
            .line("B", "C2", "01", "1", "800")
            .discount("100", Some("P9"))
            .subtotal_discount("200", &["118", "82"])
            .tax("01", "External", "外税10%", ["150", "1500", "3"])
            .paid("11", "Card", "650")
            .paid("01", "Cash", "1000"),
        internal.clone(),
        internal.again(3, 102),
        eight.clone(),
        eight.again(5, 201),
        eight.again(6, 101).cancelled(),
        eight
            .again(7, 101)
            .line("C", "C1", "02", "1", "1100")
            .cancelled_line(),
    ];
    let cash = vec![cash_log(1, "10000"), cash_log(2, "500"), cash_log(3, "-300")];
    (bills.map(Bill::log).into(), cash)
}

/// A sale of one piece for 100, paid in cash.
pub(crate) fn plain_bill(number: i64) -> Bill {
    Bill::new(number, 101)
        .line(&format!("I{}", number % 5), "C1", "00", "1", "100")
        .tax("00", "Exempt", "非課税", ["0", "100", "1"])
        .paid("01", "Cash", "100")
}
