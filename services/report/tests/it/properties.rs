//! What holds for every set of logs.

use kugel_proto::cart::v1::TransactionLog;
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::bills::Bill;
use crate::examples::sums;
use kugel_report::domain::groups::Groups;
use kugel_report::domain::items::Items;
use kugel_report::domain::products::ProductFigures;
use kugel_report::domain::session::Sums;

/// A line: item, category, tax code, quantity, price, discount in percent.
type LineSeed = (u8, u8, u8, i64, i64, u8);
/// A bill: number of terminals' sale, kind, lines, discount on the whole in percent, part paid by card in percent.
type BillSeed = (u8, Vec<LineSeed>, u8, u8);

fn bill_seed() -> impl Strategy<Value = BillSeed> {
    let line = (0_u8..6, 0_u8..3, 0_u8..3, 1_i64..5, 1_i64..200_000, 0_u8..40);
    (0_u8..8, prop::collection::vec(line, 1..6), 0_u8..30, 0_u8..=100)
}

fn bills() -> impl Strategy<Value = Vec<TransactionLog>> {
    prop::collection::vec(bill_seed(), 0..20).prop_map(|seeds| {
        let numbered = (1..).zip(seeds);
        numbered.map(|(number, seed)| bill(number, &seed)).collect()
    })
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

fn percent(amount: Decimal, rate: u8) -> Decimal {
    cents(amount * Decimal::from(rate) / Decimal::ONE_HUNDRED)
}

/// A bill as a cart would work it out: discounts spread over the lines, taxes by code, fully paid.
fn bill(number: i64, (kind, lines, whole, card): &BillSeed) -> TransactionLog {
    let kind = [101, 101, 101, 101, 102, 201, 202, 101][usize::from(*kind)];
    let mut bill = Bill::new(number, kind);
    let mut nets = Vec::new();
    for (item, category, tax, quantity, price, rate) in lines {
        let amount = Decimal::new(quantity * price, 2);
        let discount = percent(amount, *rate);
        let code = ["00", "01", "02"][usize::from(*tax)];
        let (item, category) = (format!("I{item}"), format!("C{category}"));
        bill = bill.line(&item, &category, code, &quantity.to_string(), &amount.to_string());
        if !discount.is_zero() {
            let promotion = ["P1", "P2"].get(usize::from(*rate % 3)).copied();
            bill = bill.discount(&discount.to_string(), promotion);
        }
        nets.push((code, amount - discount));
    }
    let total: Decimal = nets.iter().map(|(_, net)| net).sum();
    let off = percent(total, *whole);
    if !off.is_zero() {
        let mut left = off;
        let count = nets.len();
        for (position, (_, net)) in nets.iter_mut().enumerate() {
            let share = if position + 1 == count {
                left
            } else {
                cents(*net * off / total).min(left)
            };
            left -= share;
            *net -= share;
            bill.0.line_items[position].discounts_allocated = Bill::new(0, 101)
                .line("", "", "", "1", "0")
                .subtotal_discount(&share.to_string(), &[&share.to_string()])
                .0
                .line_items
                .remove(0)
                .discounts_allocated;
        }
        bill = bill.subtotal_discount(&off.to_string(), &[]);
    }
    pay(tax(bill, &nets), *card)
}

fn tax(mut bill: Bill, nets: &[(&str, Decimal)]) -> Bill {
    for (code, kind) in [("00", "Exempt"), ("01", "External"), ("02", "Internal")] {
        let of_code = nets.iter().filter(|(other, _)| *other == code);
        let base: Decimal = of_code.clone().map(|(_, net)| net).sum();
        if of_code.count() == 0 {
            continue;
        }
        let amount = match kind {
            "External" => percent(base, 10),
            "Internal" => cents(base * Decimal::TEN / Decimal::from(110)),
            _ => Decimal::ZERO,
        };
        bill = bill.tax(code, kind, code, [&amount.to_string(), &base.to_string(), "1"]);
    }
    bill
}

fn pay(bill: Bill, card: u8) -> TransactionLog {
    let owed = bill
        .clone()
        .log()
        .sales
        .unwrap()
        .total_amount_with_tax
        .unwrap()
        .exact()
        .unwrap();
    let by_card = percent(owed, card);
    let twenty = Decimal::from(20);
    let in_cash = ((owed - by_card) * twenty).round() / twenty;
    let mut bill = bill.paid("01", "Cash", &in_cash.to_string());
    if !by_card.is_zero() {
        bill = bill.paid("11", "Card", &by_card.to_string());
    }
    let mut log = bill.log();
    let sales = log.sales.as_mut().unwrap();
    sales.rounding_amount = Some((in_cash + by_card - owed).into());
    log
}

fn merged(parts: &[Sums]) -> Sums {
    parts.iter().fold(Sums::default(), |mut sum, part| {
        sum.merge(part);
        sum
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_reports_agree_with_each_other(logs in bills()) {
        let sums = sums(&logs, &[], &[]);
        let net = sums.totals.net();
        let paid: Decimal = sums.totals.payments.values().map(|payment| payment.amount).sum();
        let owed = net.amount + sums.totals.tax() + sums.totals.rounding;
        prop_assert_eq!(paid, owed, "payments = net + taxes + rounding");

        let categories = ProductFigures::sum(sums.groups.categories.values());
        let discounts = sums.totals.line_discounts.amount + sums.totals.subtotal_discounts.amount;
        prop_assert_eq!(categories.net(), net.amount, "category net = sales net");
        prop_assert_eq!(categories.discount, discounts, "category discount = all discounts");
        prop_assert_eq!(categories.quantity, net.quantity, "category quantity = sales quantity");

        for (items, (code, figures)) in sums.items.by_category().zip(&sums.groups.categories) {
            prop_assert_eq!(&items[0].category, code);
            let items = ProductFigures::sum(items.iter().map(|item| &item.figures));
            prop_assert_eq!(
                (items.gross, items.discount, items.quantity, items.discount_quantity),
                (figures.gross, figures.discount, figures.quantity, figures.discount_quantity),
                "items of {}", code
            );
        }
        prop_assert_eq!(sums.items.by_category().count(), sums.groups.categories.len());
        let promotions = sums.groups.promotions.values().flat_map(|kinds| kinds.values());
        prop_assert!(promotions.count() <= 2);
    }

    #[test]
    fn grouping_and_order_do_not_matter(logs in bills(), cuts in (0_usize..20, 0_usize..20)) {
        let (first, second) = (cuts.0.min(logs.len()), cuts.1.min(logs.len()));
        let (first, second) = (first.min(second), first.max(second));
        let whole = sums(&logs, &[], &[]);
        let [a, b, c] = [&logs[..first], &logs[first..second], &logs[second..]].map(|part| sums(part, &[], &[]));
        prop_assert_eq!(&merged(&[a.clone(), b.clone(), c.clone()]), &whole);
        prop_assert_eq!(&merged(&[c.clone(), a.clone(), b.clone()]), &whole);
        let (left, right) = (merged(&[merged(&[a.clone(), b.clone()]), c.clone()]), merged(&[a, merged(&[b, c])]));
        prop_assert_eq!(left, right);
        let mut backwards = logs;
        backwards.reverse();
        prop_assert_eq!(sums(&backwards, &[], &[]), whole);
    }

    #[test]
    fn a_void_takes_everything_back(logs in bills()) {
        let mut both = logs.clone();
        both.extend(logs.iter().map(|log| {
            let kind = match log.transaction_type { 101 => 201, 201 => 101, 102 => 202, _ => 102 };
            let number = log.transaction_no + 1_000;
            TransactionLog { transaction_type: kind, transaction_no: number, ..log.clone() }
        }));
        let sums = sums(&both, &[], &[]);
        prop_assert_eq!(sums.totals.net(), kugel_report::domain::totals::Figure::default());
        prop_assert!(sums.totals.taxes.values().all(|tax| tax.amount.is_zero() && tax.target.is_zero()));
        prop_assert!(sums.totals.rounding.is_zero() && sums.totals.paid_in_cash.is_zero());
        prop_assert!(sums.totals.payments.values().all(|payment| payment.amount.is_zero() && payment.entries == 0));
        let rows = sums.groups.categories.values();
        prop_assert!(rows.clone().all(|row| *row == ProductFigures::default()));
    }

    #[test]
    fn sums_read_back_as_written(logs in bills()) {
        let sums = sums(&logs, &[], &[]);
        let items = serde_json::to_string(&sums.items).unwrap();
        prop_assert_eq!(serde_json::from_str::<Items>(&items).unwrap(), sums.items);
        let groups = serde_json::to_string(&sums.groups).unwrap();
        prop_assert_eq!(serde_json::from_str::<Groups>(&groups).unwrap(), sums.groups);
        let totals = serde_json::to_string(&sums.totals).unwrap();
        prop_assert_eq!(serde_json::from_str::<kugel_report::domain::totals::Totals>(&totals).unwrap(), sums.totals);
    }
}
