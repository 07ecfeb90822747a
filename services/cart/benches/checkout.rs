//! How many whole checkouts a second the service makes over a durable store: `cargo bench -p kugel-cart`.
//!
//! One checkout opens a cart, scans three items one by one, subtotals, pays in cash and bills. Consumers are subscribed
//! and do nothing, so that the figure is the cart's own: its commits, its receipts and its outbox.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    reason = "a measurement, not a service"
)]

#[path = "../tests/it/neighbours.rs"]
mod neighbours;
#[path = "../tests/it/support.rs"]
mod support;

use std::time::{Duration, Instant};

use futures::future::join_all;
use kugel_types::PaymentKind;
use neighbours::state;
use support::{Shop, till};

const TILLS: i64 = 64;
const DURATION: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let shop = Shop::open();
    shop.change(|world| {
        for number in 1..=TILLS {
            world.terminals.insert(till(number).id, state("mori", 1));
        }
    });
    let start = Instant::now();
    let tills = (1..=TILLS).map(|number| {
        let shop = shop.clone();
        tokio::spawn(async move {
            let (mut checkouts, mut scans) = (0_u32, Vec::new());
            while start.elapsed() < DURATION {
                scans.extend(checkout(&shop, number).await);
                checkouts += 1;
            }
            (checkouts, scans)
        })
    });
    let (mut checkouts, mut scans) = (0, Vec::new());
    for one in join_all(tills).await {
        let (count, times) = one.unwrap();
        checkouts += count;
        scans.extend(times);
    }
    scans.sort_unstable();
    let per_second = u128::from(checkouts) * 1_000 / start.elapsed().as_millis();
    let percentile = |percent: usize| scans[(scans.len() - 1) * percent / 100];
    println!(
        "{per_second} checkouts/s at {TILLS} tills; a scan takes {:?} (p50), {:?} (p99)",
        percentile(50),
        percentile(99)
    );
    let begun = Instant::now();
    shop.stand.settle().await;
    println!("the last events have arrived {:?} later", begun.elapsed());
}

async fn checkout(shop: &Shop, number: i64) -> Vec<Duration> {
    let pos = till(number);
    let cart = shop.cart(&pos).await;
    let mut scans = Vec::with_capacity(3);
    for item in ["tea", "rice", "bread"] {
        let begun = Instant::now();
        shop.add(&pos, &cart, &[(item, "2")]).await.unwrap();
        scans.push(begun.elapsed());
    }
    shop.subtotal_cart(&pos, &cart).await.unwrap();
    shop.pay(&pos, &cart, &[(PaymentKind::Cash.code(), "5000")])
        .await
        .unwrap();
    shop.bill_cart(&pos, &cart).await.unwrap();
    scans
}
