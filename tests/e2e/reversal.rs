//! Voids, returns and the list of transactions, through REST.

use kugel_testkit::{Reply, Till, World};
use serde_json::{Value, json};

use crate::shop::Shop;

const PAID: i64 = 655;

/// Voids or returns a transaction of the till with what was paid for two teas.
async fn reverse(till: &Till, number: i64, how: &str) -> Reply {
    reverse_with(till, number, how, json!([{"paymentCode": "01", "amount": PAID}])).await
}

async fn reverse_with(till: &Till, number: i64, how: &str, payments: Value) -> Reply {
    till.rest()
        .post(&till.transactions(&format!("/{number}/{how}")), payments)
        .await
}

/// Sells two teas; gives the transaction number.
async fn sold(till: &Till) -> i64 {
    till.sell(&[("TEA", 2)]).await["transactionNo"].as_i64().unwrap()
}

/// Reverses; gives the number of the new transaction, which must be of the type.
async fn reversed(till: &Till, number: i64, how: &str, kind: i64) -> i64 {
    let transaction = reverse(till, number, how).await.ok();
    assert_eq!(transaction["transactionType"], kind);
    assert_eq!(transaction["origin"]["transactionNo"], number);
    assert_eq!(transaction["totalAmountWithTax"], PAID, "amounts stay positive");
    transaction["transactionNo"].as_i64().unwrap()
}

#[tokio::test]
async fn a_sale_is_reversed_once() {
    let world = World::start().await;
    let till = Shop::build(&world).await.till;
    let sale = sold(&till).await;
    let void = reversed(&till, sale, "void", 201).await;
    for how in ["void", "return"] {
        reverse(&till, sale, how).await.refused(400, "403005");
        reverse(&till, void, how).await.refused(400, "300001");
    }
    let log = till
        .rest()
        .get(&till.transactions(&format!("/{sale}")))
        .await
        .ok();
    assert_eq!(
        log["status"],
        json!({"isCancelled": false, "isVoided": true, "isRefunded": false})
    );
    world.finish().await;
}

#[tokio::test]
async fn a_return_can_be_voided_and_repeated() {
    let world = World::start().await;
    let till = Shop::build(&world).await.till;
    let sale = sold(&till).await;
    let returned = reversed(&till, sale, "return", 102).await;
    for how in ["void", "return"] {
        reverse(&till, sale, how).await.refused(400, "403006");
    }
    reverse(&till, returned, "return").await.refused(400, "300001");
    let void = reversed(&till, returned, "void", 202).await;
    for how in ["void", "return"] {
        reverse(&till, returned, how).await.refused(400, "403005");
        reverse(&till, void, how).await.refused(400, "300001");
    }
    let log = till
        .rest()
        .get(&till.transactions(&format!("/{sale}")))
        .await
        .ok();
    assert_eq!(
        log["status"]["isRefunded"], false,
        "the return does not count any more"
    );
    reversed(&till, sale, "return", 102).await;
    world.finish().await;
}

#[tokio::test]
async fn a_reversal_needs_the_payments_of_the_sale() {
    let world = World::start().await;
    let till = Shop::build(&world).await.till;
    let sale = sold(&till).await;
    let paid = |code: &str, amount: i64| json!({"paymentCode": code, "amount": amount});
    for (how, payments) in [
        ("void", json!([])),
        ("void", json!([paid("01", PAID - 1)])),
        ("void", json!([paid("11", PAID)])),
        ("void", json!([paid("01", PAID), paid("01", 1)])),
        ("return", json!([])),
        ("return", json!([paid("01", PAID + 1)])),
    ] {
        reverse_with(&till, sale, how, payments)
            .await
            .refused(400, "300001");
    }
    reverse_with(&till, sale, "return", json!([paid("99", PAID)]))
        .await
        .refused(404, "100001");
    reverse(&till, 99, "void").await.refused(404, "100001");
    // A return may go back another way.
    let payments = json!([paid("11", 600), paid("01", PAID - 600)]);
    assert_eq!(
        reverse_with(&till, sale, "return", payments).await.ok()["transactionType"],
        102
    );
    world.finish().await;
}

/// A sale that was cancelled before it was billed has nothing to give back.
#[tokio::test]
async fn a_cancelled_sale_cannot_be_reversed() {
    let world = World::start().await;
    let till = Shop::build(&world).await.till;
    let cart = till.basket(&[("TEA", 2)]).await;
    till.command(&cart, "subtotal", json!({})).await;
    till.command(&cart, "payments", json!([{"paymentCode": "01", "amount": PAID}]))
        .await;
    let number = till.command(&cart, "cancel", json!({})).await["transactionNo"]
        .as_i64()
        .unwrap();
    for how in ["void", "return"] {
        let reply = reverse(&till, number, how).await;
        assert!((400..500).contains(&reply.status), "{how}: {}", reply.text);
    }
    world.finish().await;
}

#[tokio::test]
async fn goods_come_back_to_any_till_of_the_store() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let sale = sold(&shop.till).await;
    let second = shop.store.till(2).await;
    let payments = json!([{"paymentCode": "01", "amount": PAID}]);
    let path = shop.till.transactions(&format!("/{sale}/return"));
    let returned = second.rest().post(&path, payments).await.ok();
    assert_eq!(
        (&returned["terminalNo"], &returned["transactionNo"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(returned["origin"]["terminalNo"], 1);
    assert_eq!(sold(&second).await, 2, "numbers of a till go on");
    world.finish().await;
}

#[tokio::test]
async fn transactions_are_listed_by_what_is_asked_for() {
    let (world, clock) = World::start_at("2026-06-11T05:03:09Z").await;
    let till = Shop::build(&world).await.till;
    let first = sold(&till).await;
    reversed(&till, first, "return", 102).await;
    let cart = till.basket(&[("TEA", 1)]).await;
    till.command(&cart, "cancel", json!({})).await;
    let till = till.closed("0").await;
    clock.advance(3600);
    let till = till.opened("0").await;
    sold(&till).await;
    let listed = async |query: &str| -> Vec<i64> {
        let rows = till.rest().get(&till.transactions(query)).await.ok();
        let rows = rows.as_array().unwrap().clone();
        rows.iter()
            .map(|row| row["transactionNo"].as_i64().unwrap())
            .collect()
    };
    for (query, expected) in [
        ("", &[4, 2, 1][..]),
        ("?include_cancelled=true", &[4, 3, 2, 1]),
        ("?sort=transaction_no:1", &[1, 2, 4]),
        ("?business_date=20260611", &[4, 2, 1]),
        ("?business_date=20260612", &[]),
        ("?open_counter=1", &[2, 1]),
        ("?open_counter=2", &[4]),
        ("?transaction_type=102", &[2]),
        ("?transaction_type=101&transaction_type=102", &[4, 2, 1]),
        ("?receipt_no=111112", &[2]),
        ("?limit=2", &[4, 2]),
        ("?limit=2&page=2", &[1]),
        ("?limit=2&page=3", &[]),
        ("?limit=0", &[4, 2, 1]),
    ] {
        assert_eq!(listed(query).await, expected, "{query}");
    }
    let reply = till.rest().get(&till.transactions("?limit=2&page=2")).await;
    let metadata = &reply.body["metadata"];
    assert_eq!(
        (&metadata["total"], &metadata["page"], &metadata["limit"]),
        (&json!(3), &json!(2), &json!(2))
    );
    assert_eq!(metadata["sort"], "transaction_no:-1");
    for query in [
        "?limit=-1",
        "?page=-1",
        "?sort=nothing",
        "?sort=no_field:1",
        "?open_counter=x",
    ] {
        till.rest()
            .get(&till.transactions(query))
            .await
            .refused(422, "300001");
    }
    world.finish().await;
}
