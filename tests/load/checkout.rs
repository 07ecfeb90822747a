//! Selling: one line at a time, and whole checkouts on many tills at once.

use std::time::{Duration, Instant};

use kugel_proto::cart::v1::cart_service_client::CartServiceClient;
use kugel_proto::cart::v1::{
    AddLineItemsRequest, AddPaymentsRequest, BillCartRequest, Cart, CreateCartRequest, LineItemEntry,
    PaymentEntry, SubtotalCartRequest,
};
use kugel_types::PaymentKind;

use crate::connection::Connection;
use crate::figures::{Latencies, line, rate};
use crate::server::Server;
use crate::shop::{Shop, Till, decimal, item_code, with_token};

const PERIOD: Duration = Duration::from_secs(10);
const CONNECTIONS: usize = 4;

pub(crate) fn entry(number: usize) -> LineItemEntry {
    LineItemEntry {
        item_code: item_code(number),
        quantity: decimal(1),
        unit_price: None,
    }
}

/// Adds one line at a time to carts of at most ten lines. Before it counts, each item has been sold once.
pub(crate) async fn add_line(shop: &Shop, server: &Server) {
    let mut client = CartServiceClient::new(Connection::open(&shop.url).await);
    let till = &shop.tills[0];
    add_lines(&mut client, till, 100).await;
    let before = server.cpu();
    let latencies = add_lines(&mut client, till, 200).await;
    let cpu = server.cpu().each(latencies.len(), before);
    let measured = format!("{}, {cpu}", latencies.percentiles());
    line("add a line, 1 client", &measured, "p50 <= 0.35 ms");
}

/// Ten lines to each of some carts, one call a line.
async fn add_lines(client: &mut CartServiceClient<Connection>, till: &Till, carts: usize) -> Latencies {
    let mut latencies = Latencies::default();
    for cart in 0..carts {
        let created = client
            .create_cart(with_token(&till.token, CreateCartRequest::default()))
            .await
            .unwrap();
        let cart_id = created.into_inner().cart_id;
        for number in 0..10 {
            let line_items = vec![entry(cart * 10 + number)];
            let message = AddLineItemsRequest {
                cart_id: cart_id.clone(),
                line_items,
            };
            let begun = Instant::now();
            client
                .add_line_items(with_token(&till.token, message))
                .await
                .unwrap();
            latencies.record(begun);
        }
    }
    latencies
}

/// A whole checkout: create, five lines, subtotal, cash, bill.
pub(crate) async fn checkout(client: &mut CartServiceClient<Connection>, till: &Till, number: usize) -> Cart {
    let created = client
        .create_cart(with_token(&till.token, CreateCartRequest::default()))
        .await
        .unwrap();
    let cart_id = created.into_inner().cart_id;
    let line_items = (0..5).map(|line| entry(number * 5 + line)).collect();
    let message = AddLineItemsRequest {
        cart_id: cart_id.clone(),
        line_items,
    };
    client
        .add_line_items(with_token(&till.token, message))
        .await
        .unwrap();
    let message = SubtotalCartRequest {
        cart_id: cart_id.clone(),
    };
    client
        .subtotal_cart(with_token(&till.token, message))
        .await
        .unwrap();
    let cash = PaymentEntry {
        payment_code: PaymentKind::Cash.code().into(),
        amount: decimal(10_000),
        detail: None,
    };
    let message = AddPaymentsRequest {
        cart_id: cart_id.clone(),
        payments: vec![cash],
    };
    client
        .add_payments(with_token(&till.token, message))
        .await
        .unwrap();
    let message = BillCartRequest { cart_id };
    client
        .bill_cart(with_token(&till.token, message))
        .await
        .unwrap()
        .into_inner()
        .cart
        .unwrap()
}

/// Gives the number of checkouts.
pub(crate) async fn throughput(shop: &Shop, server: &Server, target: &str) -> usize {
    let before = server.cpu();
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(Connection::open(&shop.url).await);
    }
    let begun = Instant::now();
    let mut workers = Vec::new();
    for (position, till) in shop.tills.iter().cloned().enumerate() {
        let mut client = CartServiceClient::new(channels[position % CONNECTIONS].clone());
        workers.push(tokio::spawn(async move {
            let mut latencies = Latencies::default();
            while begun.elapsed() < PERIOD {
                let start = Instant::now();
                checkout(&mut client, &till, position * 37 + latencies.len()).await;
                latencies.record(start);
            }
            latencies
        }));
    }
    let mut latencies = Latencies::default();
    for worker in workers {
        latencies.extend(worker.await.unwrap());
    }
    let checkouts = latencies.len();
    let rate = rate(checkouts, begun.elapsed());
    let cpu = server.cpu().each(checkouts, before);
    let what = format!("whole checkouts, {} tills (5 calls, 5 lines)", shop.tills.len());
    line(
        &what,
        &format!("{rate}, {}, {cpu}", latencies.percentiles()),
        target,
    );
    checkouts
}

/// Begins so many checkouts a second, spread over the tills, and times each from the moment when it was due. A till serves
/// one customer after another, so that a server that falls behind shows it in the times of all who come later.
pub(crate) async fn open_loop(shop: &Shop, a_second: u32) {
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(Connection::open(&shop.url).await);
    }
    let begun = Instant::now();
    let each = Duration::from_secs(1) / a_second;
    let interval = each * u32::try_from(shop.tills.len()).unwrap();
    let mut tills = Vec::new();
    for (position, till) in shop.tills.iter().cloned().enumerate() {
        let mut client = CartServiceClient::new(channels[position % CONNECTIONS].clone());
        let mut due = begun + each * u32::try_from(position).unwrap();
        tills.push(tokio::spawn(async move {
            let mut latencies = Latencies::default();
            while due < begun + PERIOD {
                tokio::time::sleep_until(due.into()).await;
                checkout(&mut client, &till, position * 37 + latencies.len()).await;
                latencies.record(due);
                due += interval;
            }
            latencies
        }));
    }
    let mut latencies = Latencies::default();
    for till in tills {
        latencies.extend(till.await.unwrap());
    }
    let what = format!("whole checkout, {a_second} begun every second");
    line(&what, &latencies.percentiles(), "p99 <= 50 ms");
}
