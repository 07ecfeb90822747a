//! Which amounts of a log coins make up.

use kugel_types::{Currency, Money};

use crate::Decimal;
use crate::cart::v1::{Discount, TransactionLog};

impl TransactionLog {
    /// The fields whose amounts coins of a currency do not make up, and those that are no numbers. Prices of units may be
    /// finer, and what is added up from these needs no check of its own.
    pub fn unpayable(&self, currency: Currency) -> Vec<String> {
        let mut fields = Vec::new();
        let mut check = |field: String, amount: Option<&Decimal>| {
            let amount = amount.map(Decimal::exact).transpose();
            let is_payable =
                |amount: Option<_>| amount.is_none_or(|amount| currency.can_pay(Money::from_decimal(amount)));
            if !amount.is_ok_and(is_payable) {
                fields.push(field);
            }
        };
        for (index, line) in self.line_items.iter().enumerate() {
            let place = format!("line_items[{index}]");
            check(format!("{place}.amount"), line.amount.as_ref());
            for (name, discounts) in [
                ("discounts", &line.discounts),
                ("discounts_allocated", &line.discounts_allocated),
            ] {
                for (field, amount) in amounts_of(&format!("{place}.{name}"), discounts) {
                    check(field, amount);
                }
            }
        }
        for (field, amount) in amounts_of("subtotal_discounts", &self.subtotal_discounts) {
            check(field, amount);
        }
        for (index, tax) in self.taxes.iter().enumerate() {
            check(format!("taxes[{index}].tax_amount"), tax.tax_amount.as_ref());
        }
        for (index, payment) in self.payments.iter().enumerate() {
            check(format!("payments[{index}].amount"), payment.amount.as_ref());
            check(
                format!("payments[{index}].change_amount"),
                payment.change_amount.as_ref(),
            );
        }
        if let Some(sales) = &self.sales {
            for (name, amount) in [
                ("total_amount", &sales.total_amount),
                ("total_amount_with_tax", &sales.total_amount_with_tax),
                ("rounding_amount", &sales.rounding_amount),
                ("stamp_duty_amount", &sales.stamp_duty_amount),
            ] {
                check(format!("sales.{name}"), amount.as_ref());
            }
        }
        fields
    }
}

fn amounts_of<'d>(
    place: &str,
    discounts: &'d [Discount],
) -> impl Iterator<Item = (String, Option<&'d Decimal>)> {
    let each = discounts.iter().enumerate();
    each.map(move |(index, discount)| {
        (
            format!("{place}[{index}].discount_amount"),
            discount.discount_amount.as_ref(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cart::v1::{LineItem, Payment, TransactionSales};

    #[test]
    fn every_amount_that_nobody_can_pay_is_named() {
        let wire = |value: &str| {
            Some(Decimal {
                value: value.to_owned(),
            })
        };
        let log = TransactionLog {
            line_items: vec![LineItem {
                unit_price: wire("1.749"),
                amount: wire("70.5"),
                discounts: vec![Discount {
                    discount_amount: wire("0.25"),
                    ..Discount::default()
                }],
                ..LineItem::default()
            }],
            payments: vec![
                Payment {
                    amount: wire("70"),
                    ..Payment::default()
                },
                Payment {
                    amount: wire("much"),
                    ..Payment::default()
                },
            ],
            sales: Some(TransactionSales {
                total_amount: wire("70.50"),
                ..TransactionSales::default()
            }),
            ..TransactionLog::default()
        };
        let fields = |code: &str| log.unpayable(code.parse().expect("a currency"));
        assert_eq!(
            fields("JPY"),
            [
                "line_items[0].amount",
                "line_items[0].discounts[0].discount_amount",
                "payments[1].amount",
                "sales.total_amount"
            ]
        );
        assert_eq!(fields("EUR"), ["payments[1].amount"]);
    }
}
