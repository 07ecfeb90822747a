//! Measures the store: durable commits a second with one caller and with 64, then reads by key and by query.
//!
//! `cargo run --release -p kugel-store --example commits [FOLDER]`, on the disk that is to be measured.

#![allow(clippy::unwrap_used, reason = "a measurement that fails has nothing to say")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use kugel_store::{
    Collection, DataDir, Direction, Documents, Field, Index, Page, Query, Record, Revision, Scope,
    SqliteStore,
};
use kugel_types::SystemClock;
use serde::{Deserialize, Serialize};

static CARTS: Collection = Collection {
    name: "cache_cart",
    fields: &[Field::text("store_code"), Field::integer("number")],
    indexes: &[Index::on(&["store_code", "number"])],
};

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

/// Inserts a cart and replaces it `commits - 1` times; returns how long each commit took.
async fn till(documents: Documents, name: String, commits: i64) -> Vec<Duration> {
    let scope = Scope::Tenant("bench".parse().unwrap());
    let mut times = Vec::new();
    for number in 0..commits {
        let changes = documents.changes("bench");
        let next = cart(name.clone(), number);
        let changes = match number {
            0 => changes.insert(next),
            _ => changes.replace(next, Revision::new(number)),
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

async fn measure_commits(documents: &Documents, tills: usize, commits: i64) {
    let start = Instant::now();
    let tasks: Vec<_> = (0..tills)
        .map(|n| tokio::spawn(till(documents.clone(), format!("{tills}/{n}"), commits)))
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let elapsed = start.elapsed();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_micros();
    println!(
        "{tills:3} callers: {:6} commits/s, p50 {} us, p99 {} us",
        times.len() as u128 * 1_000_000 / elapsed.as_micros(),
        at(50),
        at(99)
    );
}

async fn measure_reads(documents: &Documents) {
    let scope = Scope::Tenant("bench".parse().unwrap());
    let rounds = 200_000;
    let start = Instant::now();
    for round in 0..rounds {
        let id = format!("64/{}", round % 64);
        std::hint::black_box(documents.get::<Cart>(&scope, &id).await.unwrap().unwrap());
    }
    println!("get:    {} ns", start.elapsed().as_nanos() / rounds);
    let rounds = 2_000;
    let query = Query::all()
        .eq("store_code", "s9")
        .sort(("number", Direction::Descending));
    let start = Instant::now();
    for _ in 0..rounds {
        let page = query.clone().page(Page { limit: 20, number: 1 });
        std::hint::black_box(documents.find::<Cart>(&scope, page).await.unwrap());
    }
    println!("find 20: {} us", start.elapsed().as_micros() / rounds);
}

#[tokio::main]
async fn main() {
    let folder = std::env::args().nth(1);
    let data_dir = folder.map_or_else(DataDir::for_test, DataDir::open).unwrap();
    let store = SqliteStore::open(&data_dir, "bench").unwrap();
    let documents = Documents::new(Arc::new(store.clone()), Arc::new(SystemClock));
    measure_commits(&documents, 1, 3_000).await;
    measure_commits(&documents, 8, 2_000).await;
    measure_commits(&documents, 64, 1_000).await;
    measure_reads(&documents).await;
    store.close().await;
}
