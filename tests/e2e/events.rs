//! What a sale sets in motion happens once, whoever repeats it and whenever.

use std::collections::BTreeMap;

use kugel_testkit::{Door, Rest, Tenant, Till, World};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::doors::plain;
use crate::shop::Shop;

const TILLS: i32 = 8;
const SALES: usize = 6;

/// Eight tills sell at the same time, each over two connections.
#[tokio::test(flavor = "multi_thread")]
async fn busy_tills_number_every_sale_once() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let mut tills = vec![shop.till.clone()];
    for number in 2..=TILLS {
        tills.push(shop.store.till(number).await);
    }
    let mut selling = JoinSet::new();
    for till in tills.iter().chain(&tills) {
        let till = till.clone();
        selling.spawn(async move {
            let mut receipts = Vec::new();
            for _ in 0..SALES {
                let bill = till.sell(&[("TEA", 2)]).await;
                receipts.push((
                    till.number,
                    bill["transactionNo"].as_i64().unwrap(),
                    bill["receiptNo"].as_i64().unwrap(),
                ));
            }
            receipts
        });
    }
    let mut numbers: BTreeMap<i32, Vec<(i64, i64)>> = BTreeMap::new();
    for (till, transaction, receipt) in selling.join_all().await.concat() {
        numbers.entry(till).or_default().push((transaction, receipt));
    }
    let sold = i64::try_from(2 * SALES).unwrap();
    for (till, mut told) in numbers {
        told.sort_unstable();
        let expected: Vec<_> = (1..=sold).map(|number| (number, 111_110 + number)).collect();
        assert_eq!(told, expected, "till {till}");
    }
    world.settled().await;
    let all = i64::from(TILLS) * sold;
    assert_eq!(stock(&shop.tenant).await, (-2 * all, all));
    assert_eq!(sales(&shop.till).await["count"], all);
    world.finish().await;
}

/// Two hands on one till: whatever they send at the same time is carried out by one of them.
#[tokio::test(flavor = "multi_thread")]
async fn what_two_hands_send_together_happens_once() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let till = &shop.till;
    for round in 1..=5 {
        let cart = till.basket(&[("TEA", 2)]).await;
        till.command(&cart, "subtotal", json!({})).await;
        let payment = json!([{"paymentCode": "01", "amount": 655}]);
        together(till, &format!("/carts/{cart}/payments"), &payment).await;
        together(till, &format!("/carts/{cart}/bill"), &json!({})).await;
        let sale = till.transactions(&format!("/{}", 2 * round - 1));
        together(till, &format!("{sale}/void"), &payment).await;
    }
    let all = till.rest().get(&till.transactions("?limit=0")).await.ok();
    assert_eq!(all.as_array().unwrap().len(), 10);
    world.settled().await;
    assert_eq!(stock(&shop.tenant).await, (0, 10));
    world.finish().await;
}

/// Sends the same request four times at once; one of them succeeds and the others are refused.
async fn together(till: &Till, path: &str, body: &Value) {
    let mut hands = JoinSet::new();
    for _ in 0..4 {
        let (rest, path, body) = (till.rest(), path.to_owned(), body.clone());
        hands.spawn(async move { rest.post(&path, body).await });
    }
    let (good, refused): (Vec<_>, Vec<_>) = hands
        .join_all()
        .await
        .into_iter()
        .partition(|reply| reply.status == 200);
    assert_eq!(good.len(), 1, "{path}: {good:?}");
    for reply in refused {
        assert!((400..500).contains(&reply.status), "{path}: {}", reply.text);
        reply.envelope();
    }
}

/// Level of the tea, and how often it has moved.
async fn stock(tenant: &Tenant) -> (i64, i64) {
    let path = |rest: &str| tenant.path(&format!("stores/tk01/stock/TEA{rest}"));
    let level = tenant.rest().get(&path("")).await.ok()["currentQuantity"].as_i64();
    let history = tenant.rest().get(&path("/history?limit=1")).await.ok();
    (level.unwrap(), history["metadata"]["total"].as_i64().unwrap())
}

/// The flash report's gross sales of the till's day.
async fn sales(till: &Till) -> Value {
    let date = till
        .rest()
        .get(&till.path("")[..till.path("").len() - 1])
        .await
        .ok()["businessDate"]
        .clone();
    let query = format!(
        "reports?report_scope=flash&report_type=sales&business_date={}",
        date.as_str().unwrap()
    );
    till.rest().get(&till.store.path(&query)).await.ok()["salesGross"].clone()
}

/// The transaction log as verification reads it: a service's REST client, and the log of the first sale.
async fn logged(world: &World, shop: &Shop) -> (Rest, Value) {
    let tenant = shop.tenant.id.parse().unwrap();
    let token = world.tokens().service("stock", &tenant);
    let request = json!({"tenantId": shop.tenant.id, "storeCode": "tk01", "terminalNo": 1});
    let grpc = world.grpc(Door::Native).bearer(&token);
    let mut log = grpc
        .stream("cart.v1.TransactionService.StreamTransactions", request)
        .await
        .unwrap();
    let first = log.next().await.unwrap().unwrap();
    (world.rest().bearer(&token), plain(first["transaction"].clone()))
}

#[tokio::test]
async fn a_repeated_delivery_changes_nothing() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    shop.till.sell(&[("TEA", 2)]).await;
    world.settled().await;
    let (service, log) = logged(&world, &shop).await;
    let path = shop.till.transactions("/1/delivery-status");
    let report = |service: &str, status: &str| json!({"event_id": log["eventId"], "service": service, "status": status, "message": null});
    for _ in 0..2 {
        let told = service.post(&path, report("stock", "received")).await.ok();
        let expected =
            json!({"event_id": log["eventId"], "service": "stock", "status": "received", "success": true});
        assert_eq!(told, expected);
    }
    // A consumer that lost its answer says so; the event comes again and finds that it is counted.
    service.post(&path, report("stock", "failed")).await.ok();
    service.post(&path, report("journal", "failed")).await.ok();
    let unknown = json!({"event_id": "none", "service": "stock", "status": "received"});
    let reply = service.post(&path, unknown).await;
    assert!(reply.status >= 400, "{}", reply.text);
    let world = world.restart().await;
    world.settled().await;
    assert_eq!(stock(&shop.tenant).await, (-2, 1));
    assert_eq!(
        sales(&shop.till).await,
        json!({"amount": 655, "quantity": 2, "count": 1})
    );
    let journal = shop
        .till
        .rest()
        .get(&shop.store.path("journals?transaction_types=101"))
        .await
        .ok();
    assert_eq!(journal.as_array().unwrap().len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_log_posted_again_counts_once() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    shop.till.sell(&[("TEA", 2)]).await;
    world.settled().await;
    let (service, log) = logged(&world, &shop).await;
    for consumer in ["report", "journal"] {
        for _ in 0..2 {
            let rest = service.header("x-kugel-service", consumer);
            let filed = rest
                .post(&shop.till.transactions(""), log.clone())
                .await
                .created();
            let expected =
                json!({"tenantId": shop.tenant.id, "storeCode": "tk01", "terminalNo": 1, "transactionNo": 1});
            assert_eq!(filed, expected, "{consumer}");
        }
    }
    assert_eq!(sales(&shop.till).await["count"], 1);
    world.finish().await;
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    shop.till.sell(&[("TEA", 2)]).await;
    let open = shop.till.rest().get(&shop.cart_path("")).await.ok();
    let world = world.restart().await;
    assert_eq!(
        shop.till.rest().get(&shop.cart_path("")).await.ok(),
        open,
        "the cart goes on"
    );
    let bill = shop.till.sell(&[("TEA", 1)]).await;
    assert_eq!(
        (&bill["transactionNo"], &bill["receiptNo"]),
        (&json!(2), &json!(111_112))
    );
    let world = world.restart().await;
    world.settled().await;
    assert_eq!(stock(&shop.tenant).await, (-3, 2));
    world.finish().await;
}

#[tokio::test]
async fn cash_moves_are_in_the_drawer_and_in_the_journal() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let till = shop.till.closed("0").await.opened("10000").await;
    till.sell(&[("TEA", 2)]).await;
    let rest = till.rest();
    let paid_in = rest
        .post(
            &till.path("cash-in"),
            json!({"amount": 500, "description": "coins"}),
        )
        .await
        .ok();
    assert_eq!(
        (&paid_in["amount"], &paid_in["description"]),
        (&json!(500), &json!("coins"))
    );
    assert_eq!(
        rest.post(&till.path("cash-out"), json!({"amount": 300}))
            .await
            .ok()["amount"],
        -300
    );
    let closed = rest
        .post(&till.path("close"), json!({"physicalAmount": 10_800}))
        .await
        .ok();
    assert_eq!(closed["expectedAmount"], 10_855, "10000 + 655 + 500 - 300");
    assert_eq!(closed["differenceAmount"], -55);
    world.settled().await;
    for (kind, amounts) in [
        (301, vec![0, 0]),
        (302, vec![0, 0]),
        (401, vec![0, 10_000, 500]),
        (402, vec![-300]),
        (101, vec![655]),
    ] {
        let path = format!("journals?transaction_types={kind}&sort=generate_date_time:1");
        let found = rest.get(&shop.store.path(&path)).await.ok();
        let found: Vec<_> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["amount"].as_i64().unwrap())
            .collect();
        assert_eq!(found, amounts, "journal entries of type {kind}");
    }
    world.finish().await;
}
