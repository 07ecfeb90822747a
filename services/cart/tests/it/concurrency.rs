//! What holds when many do the same at once.

use std::collections::BTreeSet;

use futures::future::join_all;
use kugel_error::codes;
use kugel_stand::decimal;

use crate::support::{Shop, refused, till};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_line_is_lost_between_concurrent_commands() {
    let shop = Shop::open();
    let cart = shop.cart(&till(1)).await;
    let adds = (0..12).map(|_| {
        let (shop, cart) = (shop.clone(), cart.clone());
        tokio::spawn(async move {
            shop.add(&till(1), &cart, &[("tea", "1"), ("rice", "1")])
                .await
                .unwrap()
        })
    });
    for add in join_all(adds).await {
        add.unwrap();
    }
    let cart = shop.get_cart(&till(1), &cart).await.unwrap();
    let numbers: Vec<i32> = cart.line_items.iter().map(|line| line.line_no).collect();
    assert_eq!(numbers, (1..=24).collect::<Vec<_>>());
    assert_eq!(cart.total_quantity, decimal("24"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn numbers_have_no_hole_and_no_repeat_under_concurrent_bills() {
    let shop = Shop::open();
    let sales = (0..40).map(|number| {
        let shop = shop.clone();
        tokio::spawn(async move { shop.sell(&till(number % 2 + 1)).await })
    });
    for sale in join_all(sales).await {
        sale.unwrap();
    }
    for number in [1, 2] {
        let found = shop.list(&till(number), true).await;
        let taken: BTreeSet<i64> = found.iter().map(|row| row.transaction_no).collect();
        let receipts: BTreeSet<i64> = found.iter().map(|row| row.receipt_no).collect();
        assert_eq!(taken, (1..=20).collect());
        assert_eq!(receipts, (111_111..=111_130).collect());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cart_is_billed_once() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, &cart, &[("melon", "1")]).await.unwrap();
    shop.subtotal_cart(&pos, &cart).await.unwrap();
    shop.pay(&pos, &cart, &[("01", "1100")]).await.unwrap();
    let bills = (0..8).map(|_| {
        let (shop, cart) = (shop.clone(), cart.clone());
        tokio::spawn(async move { shop.bill_cart(&till(1), &cart).await })
    });
    let mut billed = 0;
    for result in join_all(bills).await {
        match result.unwrap() {
            Ok(_) => billed += 1,
            refusal => drop(refused(refusal, &codes::OPERATION_NOT_ALLOWED)),
        }
    }
    assert_eq!(billed, 1);
    assert_eq!(shop.sell(&pos).await.transaction_no, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn payments_at_once_never_exceed_the_balance() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, &cart, &[("melon", "1")]).await.unwrap();
    shop.subtotal_cart(&pos, &cart).await.unwrap();
    let payments = (0..6).map(|_| {
        let (shop, cart) = (shop.clone(), cart.clone());
        tokio::spawn(async move { shop.pay(&till(1), &cart, &[("11", "300")]).await })
    });
    let taken = join_all(payments)
        .await
        .into_iter()
        .filter(|result| result.as_ref().unwrap().is_ok())
        .count();
    assert_eq!(taken, 3);
    let cart = shop.get_cart(&pos, &cart).await.unwrap();
    assert_eq!(cart.balance_amount, decimal("200"));
}
