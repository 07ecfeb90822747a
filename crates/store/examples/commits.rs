//! Measures a store: durable commits a second of one document and of a bill's five, with one caller and with 64, then
//! reads by key and by query.
//!
//! `cargo run --release -p kugel-store --example commits [FOLDER | mongodb://..]`, on the disk that is to be measured.

#![allow(clippy::unwrap_used, reason = "a measurement that fails has nothing to say")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use kugel_store::{
    Action, Body, Changes, Collection, DataDir, Direction, Documents, Field, Index, MongoStore, Page, Query,
    Record, Revision, Scope, SqliteStore, Write,
};
use kugel_types::SystemClock;
use serde::{Deserialize, Serialize};

static CARTS: Collection = Collection {
    name: "cache_cart",
    fields: &[Field::text("store_code"), Field::integer("number")],
    indexes: &[Index::on(&["store_code", "number"])],
};

/// What a bill writes besides its cart.
static COUNTERS: Collection = beside("counter");
static BESIDE: [Collection; 3] = [
    beside("log_tran"),
    beside("status_tran"),
    beside("status_delivery"),
];

const fn beside(name: &'static str) -> Collection {
    Collection {
        name,
        fields: CARTS.fields,
        indexes: CARTS.indexes,
    }
}

/// About 4 KB of JSON, as a cart of twenty lines.
#[derive(Clone, Serialize, Deserialize)]
struct Cart {
    cart_id: String,
    store_code: String,
    number: i64,
    lines: Vec<Line>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Line {
    item_code: String,
    description: String,
    unit_price: String,
    quantity: String,
    amount: String,
    tax_code: String,
}

impl Record for Cart {
    const COLLECTION: &'static Collection = &CARTS;
    fn id(&self) -> String {
        self.cart_id.clone()
    }
}

fn cart(id: String, number: i64) -> Cart {
    let line = |n: i64| Line {
        item_code: format!("49010{n:08}"),
        description: "A bottle of green tea, half a litre, cold, with a long name".to_owned(),
        unit_price: "158.00".to_owned(),
        quantity: "1".to_owned(),
        amount: "158.00".to_owned(),
        tax_code: "01".to_owned(),
    };
    Cart {
        cart_id: id,
        store_code: format!("s{}", number % 10),
        number,
        lines: (0..20).map(line).collect(),
    }
}

/// Adds the other documents of a bill: a counter that is changed, a log, and two small records of its state.
fn bill(changes: Changes, till: &str, number: i64) -> Changes {
    let small = || Body::from_text(format!(r#"{{"store_code":"s1","number":{number}}}"#));
    let log = Body::from_text(serde_json::to_string(&cart(till.to_owned(), number)).unwrap());
    let counter = Write {
        collection: &COUNTERS,
        id: till.to_owned(),
        action: match number {
            0 => Action::Insert(small()),
            _ => Action::Replace(small(), Revision::new(number)),
        },
    };
    let bodies = [log, small(), small()];
    let beside = BESIDE.iter().zip(bodies).map(|(collection, body)| Write {
        collection,
        id: format!("{till}/{number}"),
        action: Action::Append(body),
    });
    beside.fold(changes.write(counter), Changes::write)
}

/// Inserts a cart and replaces it `commits - 1` times, by itself or as part of a bill; returns how long each commit took.
async fn till(documents: Documents, name: String, commits: i64, bills: bool) -> Vec<Duration> {
    let scope = Scope::Tenant("bench".parse().unwrap());
    let mut times = Vec::new();
    for number in 0..commits {
        let changes = documents.changes("bench");
        let next = cart(name.clone(), number);
        let changes = match number {
            0 => changes.insert(next),
            _ => changes.replace(next, Revision::new(number)),
        };
        let changes = if bills {
            bill(changes, &name, number)
        } else {
            changes
        };
        let start = Instant::now();
        documents.commit(&scope, changes).await.unwrap();
        times.push(start.elapsed());
        assert_eq!(
            documents
                .get::<Cart>(&scope, &name)
                .await
                .unwrap()
                .unwrap()
                .number,
            number
        );
    }
    times
}

async fn measure_commits(documents: &Documents, tills: usize, commits: i64, bills: bool) {
    let start = Instant::now();
    let tasks: Vec<_> = (0..tills)
        .map(|n| {
            tokio::spawn(till(
                documents.clone(),
                format!("{tills}/{n}/{bills}"),
                commits,
                bills,
            ))
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let elapsed = start.elapsed();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_micros();
    println!(
        "{tills:3} callers: {:6} {}/s, p50 {} us, p99 {} us",
        times.len() as u128 * 1_000_000 / elapsed.as_micros(),
        if bills { "bills" } else { "commits" },
        at(50),
        at(99)
    );
}

async fn measure_reads(documents: &Documents, gets: u32, finds: u32) {
    let scope = Scope::Tenant("bench".parse().unwrap());
    let start = Instant::now();
    for round in 0..gets {
        let id = format!("64/{}/false", round % 64);
        std::hint::black_box(documents.get::<Cart>(&scope, &id).await.unwrap().unwrap());
    }
    println!("get:     {} ns", start.elapsed().as_nanos() / u128::from(gets));
    let query = Query::all()
        .eq("store_code", "s9")
        .sort(("number", Direction::Descending));
    let start = Instant::now();
    for _ in 0..finds {
        let page = query.clone().page(Page { limit: 20, number: 1 });
        std::hint::black_box(documents.find::<Cart>(&scope, page).await.unwrap());
    }
    println!("find 20: {} us", start.elapsed().as_micros() / u128::from(finds));
}

/// Measures `commits` of one caller, and fewer of each where there are many.
async fn measure(documents: &Documents, commits: i64, gets: u32) {
    for bills in [false, true] {
        measure_commits(documents, 1, commits, bills).await;
        measure_commits(documents, 8, commits * 2 / 3, bills).await;
        measure_commits(documents, 64, commits / 3, bills).await;
    }
    measure_reads(documents, gets, 2_000).await;
}

#[tokio::main]
async fn main() {
    let place = std::env::args().nth(1);
    if let Some(uri) = place.as_deref().filter(|place| place.starts_with("mongodb")) {
        let namespace = format!("bench{}_", std::process::id());
        let store = MongoStore::connect(uri, &namespace, "bench").unwrap();
        measure(
            &Documents::new(Arc::new(store), Arc::new(SystemClock)),
            600,
            5_000,
        )
        .await;
        MongoStore::drop_namespace(uri, &namespace).await.unwrap();
        return;
    }
    let data_dir = place.map_or_else(DataDir::for_test, DataDir::open).unwrap();
    let store = SqliteStore::open(&data_dir, "bench").unwrap();
    let documents = Documents::new(Arc::new(store.clone()), Arc::new(SystemClock));
    measure(&documents, 3_000, 200_000).await;
    store.close().await;
}
