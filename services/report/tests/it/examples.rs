//! The worked examples of the report contract. Where the earlier system was wrong by its own account (a returned
//! discount leaves a residue, cancelled lines count, sales without payments do not) the numbers here are the right ones.

use std::collections::BTreeMap;
use std::slice;

use jiff::tz::TimeZone;
use kugel_proto::Decimal as Wire;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::report::v1::{Report, SalesFigure};
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_types::{Currency, LocalTime, Page, Sort};

use crate::bills::{Bill, DATE, close_log, example_a, open_log};
use kugel_report::app::makers::{Material, Occasion, maker_of, render};
use kugel_report::domain::query::{Period, ReportQuery, ReportScope};
use kugel_report::domain::session::Sums;
use kugel_report::records::LogMessage;

/// The sums over logs, whatever their sessions.
pub(crate) fn sums(transactions: &[TransactionLog], cash: &[CashLog], sessions: &[OpenCloseLog]) -> Sums {
    let mut sums = Sums::default();
    for log in transactions {
        sums.add(&log.read().unwrap());
    }
    for log in cash {
        sums.add(&log.read().unwrap());
    }
    for log in sessions {
        sums.add(&log.read().unwrap());
    }
    sums
}

pub(crate) fn query(report_type: &str) -> ReportQuery {
    ReportQuery {
        store: "S1".parse().unwrap(),
        terminal: None,
        scope: ReportScope::Daily,
        report_type: report_type.to_owned(),
        period: Period::Day(DATE.parse().unwrap()),
        open_counter: None,
        business_counter: Some(9),
        page: Page::all(),
        sort: Sort::default(),
    }
}

pub(crate) fn report_by(query: &ReportQuery, sums: &Sums, currency: Currency) -> Report {
    let zone = TimeZone::get("Asia/Tokyo").unwrap();
    let names = BTreeMap::from([("C1".to_owned(), "Drinks".to_owned())]);
    let material = Material {
        query,
        totals: &sums.totals,
        groups: &sums.groups,
        items: &sums.items,
        category_names: &names,
        posted_transactions: 0,
        remarks: &[],
        currency,
    };
    let occasion = Occasion {
        tenant: "T1",
        staff: "",
        time: &LocalTime::new("2026-03-06T00:00:00Z".parse().unwrap(), &zone),
    };
    render(maker_of(&query.report_type).unwrap(), &material, &occasion)
}

pub(crate) fn report(report_type: &str, sums: &Sums) -> Report {
    report_by(&query(report_type), sums, Currency::JPY)
}

pub(crate) fn text(wire: &Option<Wire>) -> &str {
    wire.as_ref().map_or("null", |wire| wire.value.as_str())
}

fn figure(figure: &Option<SalesFigure>) -> (String, String, i64) {
    let figure = figure.as_ref().unwrap();
    (
        text(&figure.amount).to_owned(),
        text(&figure.quantity).to_owned(),
        figure.count,
    )
}

pub(crate) fn day_a() -> Sums {
    let (transactions, cash) = example_a();
    let close = close_log(Some(("11700", "-40")), &transactions, &cash);
    sums(&transactions, &cash, &[open_log(), close])
}

#[track_caller]
fn check(actual: &Option<SalesFigure>, amount: &str, quantity: &str, count: i64) {
    assert_eq!(figure(actual), (amount.to_owned(), quantity.to_owned(), count));
}

#[test]
fn example_a_sales() {
    let report = report("sales", &day_a());
    check(&report.sales_gross, "3590", "6", 3);
    check(&report.returns, "1100", "1", 1);
    check(&report.discount_for_lineitems, "100", "1", 1);
    check(&report.discount_for_subtotal, "200", "3", 1);
    check(&report.sales_net, "2000", "5", 2);
    let taxes: Vec<_> = report
        .taxes
        .iter()
        .map(|tax| {
            (
                tax.tax_name.as_str(),
                text(&tax.tax_amount),
                text(&tax.target_amount),
                text(&tax.target_quantity),
            )
        })
        .collect();
    assert_eq!(
        taxes,
        [
            ("外税10%", "150", "1500", "3"),
            ("内税10%", "0", "0", "0"),
            ("外税 8%", "40", "500", "2")
        ]
    );
    // By payment code; the earlier system had no order.
    let payments: Vec<_> = report
        .payments
        .iter()
        .map(|payment| {
            (
                payment.payment_name.as_str(),
                text(&payment.amount),
                payment.count,
            )
        })
        .collect();
    assert_eq!(payments, [("Cash", "1540", 2), ("Card", "650", 1)]);
    let cash = report.cash.as_ref().unwrap();
    assert_eq!(text(&cash.logical_amount), "11740");
    assert_eq!(text(&cash.physical_amount), "11700");
    assert_eq!(text(&cash.difference_amount), "-40");
    let (cash_in, cash_out) = (cash.cash_in.as_ref().unwrap(), cash.cash_out.as_ref().unwrap());
    assert_eq!((text(&cash_in.amount), cash_in.count), ("10500", 2));
    assert_eq!((text(&cash_out.amount), cash_out.count), ("-300", 1));
}

#[test]
fn drawers_that_nobody_counted_are_not_short() {
    let (transactions, cash) = example_a();
    let counted = close_log(Some(("5000", "-40")), &transactions, &cash);
    let uncounted = close_log(None, &transactions, &cash);
    let check = |closes: &[OpenCloseLog], expected: [&str; 3], uncounted: i64| {
        let report = report("sales", &sums(&[], &cash, closes));
        let cash = report.cash.unwrap();
        let figures = [
            &cash.logical_amount,
            &cash.physical_amount,
            &cash.difference_amount,
        ]
        .map(text);
        assert_eq!((figures, cash.uncounted_count), (expected, uncounted));
        report.journal_text.unwrap()
    };
    // Open: it is known what should be there, and nothing more.
    check(&[], ["10200", "null", "null"], 0);
    let paper = check(slice::from_ref(&uncounted), ["10200", "null", "null"], 1);
    for row in [
        " ドロア内現金             未計数",
        " 過不足                   未計数",
        " 未計数の精算                1件",
    ] {
        assert!(paper.contains(row), "{paper}");
    }
    // Beside one that was counted, the figures are those of the counted one.
    check(&[uncounted, counted.clone()], ["10200", "5000", "-40"], 1);
    let earlier = OpenCloseLog {
        over_short_amount: None,
        ..counted
    };
    check(&[earlier], ["10200", "null", "null"], 1);
}

#[test]
fn example_a_payments() {
    let report = report("payment", &day_a());
    let rows: Vec<_> = report
        .payment_summary
        .iter()
        .map(|row| {
            (
                row.payment_name.as_str(),
                text(&row.amount),
                row.count,
                text(&row.ratio),
            )
        })
        .collect();
    assert_eq!(rows, [("Cash", "1540", 2, "70.32"), ("Card", "650", 1, "29.68")]);
    let total = report.total.unwrap();
    assert_eq!((text(&total.amount), total.count), ("2190", 3));
}

#[test]
fn example_a_categories_reconcile_with_sales() {
    let sums = day_a();
    let report = report("category", &sums);
    let rows: Vec<_> = report
        .categories
        .iter()
        .map(|row| {
            (
                row.category_name.as_deref().unwrap(),
                [
                    &row.gross_amount,
                    &row.discount_amount,
                    &row.net_amount,
                    &row.quantity,
                    &row.discount_quantity,
                ]
                .map(text),
                row.transaction_count.unwrap(),
            )
        })
        .collect();
    // C1: A 1,000, and C 1,100 with 100 of tax in it, sold and returned. The cancelled line counts nowhere and the line
    // discount of B is deducted once.
    assert_eq!(
        rows,
        [
            ("Drinks", ["1000", "118", "882", "2", "2"], 1),
            ("C2", ["800", "182", "618", "1", "1"], 1),
            ("C3", ["500", "0", "500", "2", "0"], 1),
        ]
    );
    let totals = [
        &report.total_gross_amount,
        &report.total_discount_amount,
        &report.total_net_amount,
    ];
    assert_eq!(totals.map(text), ["2300", "300", "2000"]);
    assert_eq!(sums.totals.net().amount, crate::bills::exact("2000"));
}

#[test]
fn example_a_items_and_promotions() {
    let report_of_items = report("item", &day_a());
    let items: Vec<_> = report_of_items
        .categories
        .iter()
        .flat_map(|category| &category.items)
        .map(|item| {
            (
                item.item_name.as_deref().unwrap(),
                text(&item.net_amount),
                text(&item.quantity),
            )
        })
        .collect();
    assert_eq!(
        items,
        [
            ("Item A", "882", "2"),
            ("Item C", "0", "0"),
            ("Item B", "618", "1"),
            ("Item E", "500", "2")
        ]
    );
    let drinks = &report_of_items.categories[0];
    assert_eq!(text(&drinks.category_total_net_amount), "882");
    assert!(
        drinks.gross_amount.is_none(),
        "an item report fills the totals of its items"
    );

    let report = report("promotion", &day_a());
    let row = &report.promotions[0];
    assert_eq!(
        (row.promotion_code.as_str(), row.promotion_type.as_str()),
        ("P9", "category_discount")
    );
    assert_eq!(
        [&row.gross_amount, &row.discount_amount, &row.net_amount].map(text),
        ["800", "100", "700"]
    );
    assert_eq!((text(&row.quantity), row.transaction_count), ("1", 1));
}

/// Example B: 1,000 with a discount of 120.
fn discounted(number: i64) -> Bill {
    Bill::new(number, 101)
        .line("X", "C1", "00", "1", "1000")
        .discount("120", None)
        .tax("00", "Exempt", "非課税", ["0", "880", "1"])
        .paid("01", "Cash", "880")
}

#[test]
fn example_b_a_returned_discount_leaves_nothing_behind() {
    let sale = discounted(1);
    // Days by the transactions on them: gross, returns, line discounts, net.
    for (kinds, expected) in [
        (vec![101], ["1000", "0", "120", "880"]),
        (vec![101, 102], ["1000", "1000", "0", "0"]),
        (vec![101, 201], ["0", "0", "0", "0"]),
        (vec![101, 102, 202], ["1000", "0", "120", "880"]),
        (vec![102], ["0", "1000", "-120", "-880"]),
    ] {
        let logs: Vec<_> = (1..)
            .zip(&kinds)
            .map(|(number, kind)| sale.again(number, *kind).log())
            .collect();
        let report = report("sales", &sums(&logs, &[], &[]));
        let amounts = [
            &report.sales_gross,
            &report.returns,
            &report.discount_for_lineitems,
            &report.sales_net,
        ]
        .map(|part| figure(part).0);
        assert_eq!(amounts, expected, "{kinds:?}");
    }
}

/// Example C: two taxes, two payments.
fn two_by_two(number: i64) -> Bill {
    Bill::new(number, 101)
        .line("A", "C1", "11", "1", "1000")
        .line("B", "C1", "01", "1", "2000")
        .tax("11", "External", "外税 8%", ["80", "1000", "1"])
        .tax("01", "External", "外税10%", ["200", "2000", "1"])
}

#[test]
fn example_c_taxes_and_payments_do_not_multiply() {
    let split = two_by_two(1)
        .paid("11", "Card", "2000")
        .paid("01", "Cash", "1280");
    let one = report("sales", &sums(&[split.clone().log()], &[], &[]));
    check(&one.sales_gross, "3280", "2", 1);
    check(&one.sales_net, "3000", "2", 1);
    assert_eq!(
        one.taxes
            .iter()
            .map(|tax| text(&tax.tax_amount))
            .collect::<Vec<_>>(),
        ["200", "80"]
    );
    assert_eq!(text(&one.cash.unwrap().logical_amount), "1280");

    let both = report(
        "sales",
        &sums(&[split.clone().log(), split.at(2).log()], &[], &[]),
    );
    check(&both.sales_gross, "6560", "4", 2);
    check(&both.sales_net, "6000", "4", 2);

    let twice = two_by_two(1)
        .paid("01", "Cash", "1000")
        .paid("01", "Cash", "2280");
    let twice = sums(&[twice.log()], &[], &[]);
    assert_eq!(report("sales", &twice).payments[0].count, 2);
    assert_eq!(report("payment", &twice).payment_summary[0].count, 1);
}

#[test]
fn example_d_sales_without_payments_count() {
    let mut unpaid = discounted(1);
    unpaid.0.payments.clear();
    let report = report("sales", &sums(&[unpaid.log(), discounted(2).log()], &[], &[]));
    check(&report.sales_gross, "2000", "2", 2);
    check(&report.sales_net, "1760", "2", 2);
    assert_eq!(text(&report.payments[0].amount), "880");
}

#[test]
fn example_e_a_cancelled_line_takes_its_discount_with_it() {
    let bill = discounted(1)
        .line("Y", "C1", "00", "1", "1000")
        .discount("120", None)
        .cancelled_line();
    let report = report("sales", &sums(&[bill.log()], &[], &[]));
    check(&report.sales_gross, "1000", "1", 1);
    check(&report.discount_for_lineitems, "120", "1", 1);
    check(&report.sales_net, "880", "1", 1);
}
