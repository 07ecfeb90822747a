//! Measures what counting costs for each bill, and how long reports take over 100,000 of them.
//!
//! `cargo run --release -p kugel-report --example counting [BILLS [ITEMS [BATCH]]]`

#![allow(clippy::unwrap_used, reason = "a measurement that fails has nothing to say")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use kugel_bus::{Event, Topic};
use kugel_proto::cart::v1::{LineItem, Payment, Tax, TransactionLog, TransactionSales};
use kugel_proto::terminal::v1::OpenCloseLog;
use kugel_report::domain::groups::Groups;
use kugel_report::domain::items::Items;
use kugel_report::domain::totals::Totals;
use kugel_report::records::{SessionItems, SessionTotals, sums_of};
use kugel_store::{Body, DataDir, Documents, Scope, SqliteStore};
use kugel_types::{
    EventId, PaymentKind, StoreCode, SystemClock, TaxType, TenantId, TerminalNo, TransactionType,
};

const TERMINALS: usize = 10;
const LINES: usize = 5;
const CATEGORIES: usize = 40;

fn wire(value: usize) -> Option<kugel_proto::Decimal> {
    Some(kugel_proto::Decimal {
        value: value.to_string(),
    })
}

/// A bill of five lines. Items are spread as if drawn by chance, but the same in every run.
fn bill(number: usize, items: usize) -> TransactionLog {
    let line = |position: usize| {
        let item = (number * 7_919 + position * 104_729) % items;
        LineItem {
            line_no: position as i32 + 1,
            item_code: format!("ITEM-{item:06}"),
            description: format!("An item with a name {item}"),
            category_code: Some(format!("C{:03}", item % CATEGORIES)),
            tax_code: "02".to_owned(),
            unit_price: wire(298),
            quantity: wire(1),
            amount: wire(298),
            ..LineItem::default()
        }
    };
    let total = 298 * LINES;
    TransactionLog {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        store_name: "Store".to_owned(),
        terminal_no: (number % TERMINALS) as i32 + 1,
        transaction_no: (number / TERMINALS) as i64 + 1,
        transaction_type: TransactionType::Sale.number(),
        business_date: "20260305".to_owned(),
        open_counter: 1,
        generate_date_time: format!("2026-03-05T10:00:00.{number:06}+09:00"),
        sales: Some(TransactionSales {
            total_amount: wire(total),
            total_amount_with_tax: wire(total),
            total_quantity: wire(LINES),
            ..TransactionSales::default()
        }),
        line_items: (0..LINES).map(line).collect(),
        payments: vec![Payment {
            payment_code: PaymentKind::Cash.code().to_owned(),
            amount: wire(total),
            ..Payment::default()
        }],
        taxes: vec![Tax {
            tax_code: "02".to_owned(),
            tax_type: TaxType::Internal.name().to_owned(),
            tax_name: "内税10%".to_owned(),
            tax_amount: wire(135),
            target_amount: wire(total),
            target_quantity: wire(LINES),
            ..Tax::default()
        }],
        receipt_text: "x".repeat(3_000),
        journal_text: "x".repeat(1_000),
        currency_code: "JPY".to_owned(),
        ..TransactionLog::default()
    }
}

fn event(log: TransactionLog) -> Arc<Event> {
    Arc::new(Event {
        id: EventId::generate(),
        topic: Topic::TranlogReport,
        tenant: "T1".parse().unwrap(),
        store: Some("S1".parse().unwrap()),
        terminal: Some(TerminalNo::new(log.terminal_no.into()).unwrap()),
        occurred_at: jiff::Timestamp::UNIX_EPOCH,
        schema_version: Event::SCHEMA_VERSION,
        traceparent: None,
        body: Body::of(Arc::new(log)).unwrap(),
    })
}

fn close(terminal: usize) -> Arc<Event> {
    let log = OpenCloseLog {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: terminal as i32,
        business_date: "20260305".to_owned(),
        open_counter: 1,
        operation: "close".to_owned(),
        generate_date_time: "2026-03-05T20:00:00.000000+09:00".to_owned(),
        ..OpenCloseLog::default()
    };
    Arc::new(Event {
        topic: Topic::OpencloselogReport,
        body: Body::of(Arc::new(log)).unwrap(),
        ..Event::clone(&event(bill(terminal, 1)))
    })
}

async fn time<F: Future<Output = usize>>(name: &str, work: impl Fn() -> F) {
    let mut times: Vec<Duration> = Vec::new();
    let mut rows = 0;
    for _ in 0..300 {
        let start = Instant::now();
        rows = work().await;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    println!("{name}: {rows} rows, p50 {:?}, p99 {:?}", times[150], times[297]);
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|text| text.parse::<usize>().unwrap());
    let bills = arguments.next().unwrap_or(100_000);
    let items = arguments.next().unwrap_or(4_000);
    let batch = arguments.next().unwrap_or(64);
    let tenant: TenantId = "T1".parse().unwrap();
    let scope = Scope::from(&tenant);
    let store = SqliteStore::open(&DataDir::for_test().unwrap(), "report").unwrap();
    let documents = Documents::new(Arc::new(store), Arc::new(SystemClock));
    let handler = kugel_report::rebuild(documents.clone());

    let mut counting = Duration::ZERO;
    for first in (0..bills).step_by(batch) {
        let events: Vec<_> = (first..bills.min(first + batch))
            .map(|number| event(bill(number, items)))
            .collect();
        let start = Instant::now();
        handler.handle(&tenant, &events).await.unwrap();
        counting += start.elapsed();
    }
    println!(
        "{bills} bills of {LINES} lines, {items} items, {TERMINALS} terminals, batches of {batch}: {:?} a bill",
        counting / u32::try_from(bills).unwrap()
    );

    reports(&documents, &scope, "open").await;
    for terminal in 1..=TERMINALS {
        let start = Instant::now();
        handler.handle(&tenant, &[close(terminal)]).await.unwrap();
        println!("close of terminal {terminal}: {:?}", start.elapsed());
    }
    reports(&documents, &scope, "closed").await;
}

/// Measures the reading and merging of a day's sums.
async fn reports(documents: &Documents, scope: &Scope, state: &str) {
    let day = "20260305".parse().unwrap();
    let selection = || sums_of(&"S1".parse::<StoreCode>().unwrap(), (day, day), None, None);
    time(&format!("{state}: totals and groups"), || async {
        let sessions = documents.find::<SessionTotals>(scope, selection()).await.unwrap();
        let (mut totals, mut groups) = (Totals::default(), Groups::default());
        for session in &sessions.rows {
            totals.merge(&session.totals);
            groups.merge(&session.groups);
        }
        std::hint::black_box((totals, groups));
        sessions.rows.len()
    })
    .await;
    time(&format!("{state}: items"), || async {
        let parts = documents.find::<SessionItems>(scope, selection()).await.unwrap();
        let items = Items::sum(parts.rows.iter().map(|part| &part.items));
        std::hint::black_box(items);
        parts.rows.len()
    })
    .await;
}
