//! Reading, matching and accounting, by tables.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::input::{Day, read_day};
use super::ledger::{Ledger, Reason};
use super::plan::{Action, Plan};
use super::{SHIPPED_DAY, SHIPPED_NAME};

const HEAD: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

fn day(name: &str, lines: &[&str], ledger: &mut Ledger) -> Day {
    let text = format!("{HEAD}{}", lines.join("\n"));
    read_day(name, text.as_bytes(), ledger).expect("readable")
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("decimal")
}

/// What becomes of documents, by number; skipped ones are counted in the ledger.
fn actions(plan: &Plan) -> BTreeMap<&str, Action> {
    let tasks = plan.tasks.iter();
    tasks
        .map(|task| (task.document.number.as_str(), task.action))
        .collect()
}

#[test]
fn every_kind_of_unusable_line_has_its_reason() {
    let cases = [
        ("1,A,x,1,2010-12-01 08:26:00", Reason::ColumnMissing),
        (",A,x,1,2010-12-01 08:26:00,1.00,7,UK", Reason::NoInvoice),
        ("1,,x,1,2010-12-01 08:26:00,1.00,7,UK", Reason::StockCodeUnusable),
        (
            "1,A,x,one,2010-12-01 08:26:00,1.00,7,UK",
            Reason::QuantityUnreadable,
        ),
        (
            "1,A,x,9999999999999,2010-12-01 08:26:00,1.00,7,UK",
            Reason::QuantityUnreadable,
        ),
        ("1,A,x,1,2010-12-01 08:26:00,free,7,UK", Reason::PriceUnreadable),
        ("1,A,x,1,12/1/2010 8:26,1.00,7,UK", Reason::DateUnreadable),
        ("1,A,x,0,2010-12-01 08:26:00,1.00,7,UK", Reason::QuantityZero),
        ("1,A,,-10,2010-12-01 08:26:00,0.0,,UK", Reason::NotSold),
        ("1,A,x,1,2010-12-01 08:26:00,0.0,7,UK", Reason::PriceZero),
        (
            "1,A,x,1,2010-12-01 08:26:00,-11062.06,7,UK",
            Reason::PriceNegative,
        ),
        (
            "C1,A,x,1,2010-12-01 08:26:00,1.00,7,UK",
            Reason::CancellationPositive,
        ),
    ];
    for (line, reason) in cases {
        let mut ledger = Ledger::default();
        let read = day("day.csv", &[line], &mut ledger);
        assert!(read.documents.is_empty(), "{line}");
        let summary = ledger.summary().expect("balanced");
        assert_eq!(
            summary,
            format!("1 lines read = 0 replayed + 1 skipped\n       1  {reason}"),
            "{line}"
        );
    }
}

#[test]
fn lines_are_read_as_they_stand() {
    let mut ledger = Ledger::default();
    let lines = [
        "2,85123a,\"HEART, WHITE \",6,2010-12-01 09:00:00,2.55,17850.0,France",
        "1,POST,,1,2010-12-01 08:26:00,18.00,,France",
        "2,85123a,\"HEART, WHITE \",0.5,2010-12-01 09:01:00,2.55,17850.0,France",
    ];
    let read = day("day.csv", &lines, &mut ledger);
    let numbers: Vec<&str> = read
        .documents
        .iter()
        .map(|document| document.number.as_str())
        .collect();
    assert_eq!(numbers, ["1", "2"], "in the order of time");
    let [post, hearts] = &read.documents[..] else {
        panic!("two documents")
    };
    assert_eq!(
        (post.customer.as_str(), post.lines[0].description.as_str()),
        ("", "")
    );
    assert_eq!(
        (hearts.customer.as_str(), hearts.country.as_str()),
        ("17850", "France")
    );
    assert_eq!(hearts.lines[0].description, "HEART, WHITE");
    assert_eq!(hearts.lines[1].quantity, decimal("0.5"));
    assert_eq!(hearts.lines[1].unit_price, decimal("2.55"));
    assert_eq!((hearts.lines[0].row.number, hearts.lines[1].row.number), (2, 4));
}

#[test]
fn text_that_is_not_utf8_loses_no_line_and_a_foreign_file_is_refused() {
    let mut ledger = Ledger::default();
    let mut bytes = HEAD.as_bytes().to_vec();
    bytes.extend_from_slice(b"1,A,CAF\xc9,1,2010-12-01 08:26:00,1.00,7,UK\n");
    let read = read_day("day.csv", &bytes[..], &mut ledger).expect("readable");
    assert_eq!(read.documents[0].lines[0].description, "CAF\u{fffd}");
    let error = read_day("other.csv", "a,b\n1,2\n".as_bytes(), &mut ledger).expect_err("foreign");
    assert_eq!(
        format!("{error:#}"),
        "other.csv is no file of invoice lines: it has no column InvoiceNo"
    );
}

/// A sale that the cancellations of [`cancellations`] are held against.
const SALE: [&str; 2] = [
    "1,A,x,2,2010-12-01 08:00:00,1.00,7,UK",
    "1,B,y,1,2010-12-01 08:00:00,3.00,7,UK",
];

/// Cancellations, and what becomes of them.
fn cancellations() -> [(&'static str, String, Result<Action, Reason>); 9] {
    let whole = "C2,A,x,-2,2010-12-01 09:00:00,1.00,7,UK\nC2,B,y,-1,2010-12-01 09:00:00,3.00,7,UK";
    let split = format!(
        "C2,A,x,-1,2010-12-01 09:00:00,1.00,7,UK\n{}",
        whole.replacen("-2", "-1", 1)
    );
    [
        ("all of it", whole.to_owned(), Ok(Action::Void(0))),
        ("all of it in other lines", split, Ok(Action::Void(0))),
        (
            "on another day",
            whole.replace("12-01", "12-02"),
            Ok(Action::Return(0)),
        ),
        (
            "a line of it",
            "C2,B,y,-1,2010-12-01 09:00:00,3.00,7,UK".to_owned(),
            Err(Reason::SalePart),
        ),
        (
            "fewer pieces",
            whole.replacen("-2", "-1", 1),
            Err(Reason::SalePart),
        ),
        (
            "more pieces",
            whole.replacen("-2", "-3", 1),
            Err(Reason::SaleUnknown),
        ),
        (
            "another price",
            whole.replace("3.00", "2.00"),
            Err(Reason::SaleUnknown),
        ),
        (
            "another customer",
            whole.replace(",7,", ",8,"),
            Err(Reason::SaleUnknown),
        ),
        (
            "before the sale",
            whole.replace("09:00", "07:00"),
            Err(Reason::SaleUnknown),
        ),
    ]
}

#[test]
fn cancellations_find_the_sale_they_reverse() {
    for (name, cancellation, expected) in cancellations() {
        let mut ledger = Ledger::default();
        let next_day = cancellation.contains("12-02");
        let cancelled: Vec<&str> = cancellation.lines().collect();
        let days = if next_day {
            let first = day("1.csv", &SALE, &mut ledger);
            vec![day("2.csv", &cancelled, &mut ledger), first]
        } else {
            vec![day("1.csv", &[&cancelled[..], &SALE[..]].concat(), &mut ledger)]
        };
        let plan = Plan::new(days, 1, &mut ledger);
        assert_eq!(actions(&plan)["1"], Action::Sell, "{name}");
        assert_eq!(
            actions(&plan).get("C2").copied(),
            expected.as_ref().ok().copied(),
            "{name}"
        );
        let replayed: usize = plan.tasks.iter().map(|task| task.document.lines.len()).sum();
        ledger.replay(replayed);
        let summary = ledger.summary().expect("balanced");
        if let Err(reason) = expected {
            assert!(summary.contains(&reason.to_string()), "{name}: {summary}");
        }
    }
}

#[test]
fn a_sale_is_reversed_once_the_latest_first() {
    let lines = [
        "1,A,x,2,2010-12-01 08:00:00,1.00,,UK",
        "2,A,x,2,2010-12-01 08:10:00,1.00,,UK",
        "C3,A,x,-2,2010-12-01 08:20:00,1.00,,UK",
        "C4,A,x,-2,2010-12-01 08:30:00,1.00,,UK",
        "C5,A,x,-2,2010-12-01 08:40:00,1.00,,UK",
    ];
    let mut ledger = Ledger::default();
    let days = vec![day("1.csv", &lines, &mut ledger)];
    let plan = Plan::new(days, 4, &mut ledger);
    let actions = actions(&plan);
    assert_eq!((actions["C3"], actions["C4"]), (Action::Void(1), Action::Void(0)));
    assert!(!actions.contains_key("C5"));
}

#[test]
fn a_cancellation_with_an_unusable_line_is_skipped_whole() {
    let lines = [
        "1,A,x,2,2010-12-01 08:00:00,1.00,7,UK",
        "C2,A,x,-2,2010-12-01 09:00:00,1.00,7,UK",
        "C2,B,x,-1,2010-12-01 09:00:00,0.0,7,UK",
    ];
    let mut ledger = Ledger::default();
    let days = vec![day("1.csv", &lines, &mut ledger)];
    let plan = Plan::new(days, 1, &mut ledger);
    assert_eq!(plan.tasks.len(), 1);
    ledger.replay(1);
    let summary = ledger.summary().expect("balanced");
    assert!(
        summary.starts_with("3 lines read = 1 replayed + 2 skipped\n"),
        "{summary}"
    );
    assert!(
        summary.contains(&Reason::CancellationUnusable.to_string()),
        "{summary}"
    );
}

#[test]
fn the_catalogue_takes_the_most_frequent_price_and_the_first_name() {
    let lines = [
        "1,A,,1,2010-12-01 08:00:00,2.00,7,UK",
        "1,A,LAMP,1,2010-12-01 08:00:00,1.00,7,UK",
        "2,A,OLD LAMP,130,2010-12-01 08:10:00,1.00,8,UK",
        "2,B,,1,2010-12-01 08:10:00,4.00,8,UK",
        "3,B,,1,2010-12-01 08:20:00,3.00,9,France",
        "3,FREE,GIFT,1,2010-12-01 08:20:00,0.0,9,France",
    ];
    let mut ledger = Ledger::default();
    let days = vec![day("1.csv", &lines, &mut ledger)];
    let plan = Plan::new(days, 4, &mut ledger);
    let items: Vec<_> = plan
        .items
        .iter()
        .map(|(code, item)| (code.as_str(), item.description.as_str(), item.unit_price))
        .collect();
    assert_eq!(
        items,
        [("A", "LAMP", decimal("1.00")), ("B", "B", decimal("3.00"))]
    );
    let stores: Vec<_> = plan
        .stores
        .iter()
        .map(|store| (store.name.as_str(), store.tills))
        .collect();
    assert_eq!(stores, [("UK", 3), ("Export", 1)]);
    assert_eq!(plan.stores[0].opening_stock["A"], decimal("200"));
    assert_eq!(plan.stores[1].opening_stock["B"], decimal("100"));
}

#[test]
fn one_till_serves_all_countries() {
    let lines = [
        "1,A,x,1,2010-12-01 08:00:00,2.00,7,UK",
        "2,A,x,1,2010-12-01 08:00:00,2.00,7,France",
    ];
    let mut ledger = Ledger::default();
    let days = vec![day("1.csv", &lines, &mut ledger)];
    let plan = Plan::new(days, 1, &mut ledger);
    assert_eq!(plan.stores.len(), 1);
    assert!(plan.tasks.iter().all(|task| task.store == 0));
}

#[test]
fn lost_lines_are_noticed() {
    let mut ledger = Ledger::default();
    day("1.csv", &["1,A,x,1,2010-12-01 08:00:00,2.00,7,UK"], &mut ledger);
    let error = ledger.summary().expect_err("a line is missing");
    assert!(
        error
            .to_string()
            .contains("1 lines read = 0 replayed + 0 skipped")
    );
}

#[test]
fn skipped_lines_are_listed_with_their_columns() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("skipped.csv");
    let mut ledger = Ledger::default();
    let lines = ["1,A,\"x, y\",0,2010-12-01 08:00:00,2.00,7,UK", "2,B"];
    day("1.csv", &lines, &mut ledger);
    ledger.write_skipped(&path).expect("written");
    let written = std::fs::read_to_string(&path).expect("listed");
    let expected = format!(
        "Reason,File,Line,{HEAD}quantity is zero,1.csv,2,1,A,\"x, y\",0,2010-12-01 08:00:00,2.00,7,UK\n\
         columns are missing,1.csv,3,2,B\n"
    );
    assert_eq!(written, expected);
}

#[test]
fn the_shipped_day_holds_what_its_note_says() {
    let mut ledger = Ledger::default();
    let days = vec![read_day(SHIPPED_NAME, SHIPPED_DAY.as_bytes(), &mut ledger).expect("readable")];
    let plan = Plan::new(days, 8, &mut ledger);
    ledger.replay(plan.tasks.iter().map(|task| task.document.lines.len()).sum());
    let summary = ledger.summary().expect("balanced");
    assert!(
        summary.starts_with("291 lines read = 222 replayed + 69 skipped\n"),
        "{summary}"
    );
    assert_eq!(plan.items.len(), 196);
}
