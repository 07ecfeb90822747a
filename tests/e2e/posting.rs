//! Sales that somebody posts: history for superusers, and never in the way of what a till sells.

use kugel_config::Compatibility;
use kugel_testkit::{Door, World};
use serde_json::{Value, json};

use crate::shop::Shop;

/// Both services that take transaction logs.
const SERVICES: [&str; 2] = ["report", "journal"];

/// A sale of 11 by till 1 as older systems write it: what may be absent is null.
fn history(shop: &Shop, number: i64, day: &str) -> Value {
    json!({
        "tenantId": shop.tenant.id, "storeCode": "tk01", "storeName": null, "terminalNo": 1, "transactionNo": number,
        "receiptNo": number, "transactionType": 101, "businessDate": day, "openCounter": 1, "businessCounter": 1,
        "generateDateTime": "2026-06-11T14:00:00+09:00", "journalText": null, "receiptText": null,
        "sales": {"totalAmount": 10, "totalAmountWithTax": 11, "taxAmount": 1, "totalQuantity": 1},
        "lineItems": [{"lineNo": 1, "itemCode": "TEA", "unitPrice": 10, "quantity": 1, "amount": 10, "taxCode": "01"}],
        "payments": [{"paymentNo": 1, "paymentCode": "01", "amount": 11}],
        "taxes": [{"taxNo": 1, "taxCode": "01", "taxType": null, "taxName": "10%", "taxAmount": 1, "targetAmount": 10}],
    })
}

#[tokio::test]
async fn neither_till_nor_user_writes_sales() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let clerk = shop.tenant.user("clerk", "plum-Tree-9").await;
    let day = shop.till.sell(&[("TEA", 1)]).await["businessDate"].clone();
    let log = history(&shop, 777, day.as_str().unwrap());
    let path = shop.store.path("terminals/1/transactions");
    for rest in [shop.till.rest(), world.rest().bearer(&clerk)] {
        for service in SERVICES {
            let rest = rest.header("x-kugel-service", service);
            rest.post(&path, log.clone()).await.refused(403, "200002");
        }
    }
    for service in SERVICES {
        let method = format!(
            "{service}.v1.{}Service.PostTransaction",
            if service == "report" { "Report" } else { "Journal" }
        );
        let request = json!({"storeCode": "tk01", "terminalNo": 1, "transaction": {}});
        let refused = shop.till.grpc(Door::Web).call(&method, request).await;
        assert_eq!(refused.unwrap_err().code(), tonic::Code::PermissionDenied);
    }
    let superuser = shop.tenant.rest().header("x-kugel-service", "report");
    let nowhere = shop.store.path("terminals/9/transactions");
    let mut strange = log;
    strange["terminalNo"] = json!(9);
    assert_eq!(superuser.post(&nowhere, strange).await.status, 404);
}

#[tokio::test]
async fn what_was_posted_gives_way_to_what_was_sold_and_holds_nothing_up() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let first = shop.till.sell(&[("TEA", 1)]).await;
    let (day, next) = (
        first["businessDate"].as_str().unwrap(),
        first["transactionNo"].as_i64().unwrap() + 1,
    );
    let path = shop.store.path("terminals/1/transactions");
    for number in [next, 777] {
        for service in SERVICES {
            let rest = shop.tenant.rest().header("x-kugel-service", service);
            rest.post(&path, history(&shop, number, day)).await.created();
        }
    }
    let second = shop.till.sell(&[("TEA", 2)]).await;
    assert_eq!(second["transactionNo"], next);
    shop.till.closed("0").await;
    world.settled().await;
    let query = format!("reports?report_scope=daily&report_type=sales&business_date={day}");
    let report = shop.tenant.rest().get(&shop.store.path(&query)).await.ok();
    let sold = |sale: &Value| sale["totalAmountWithTax"].as_f64().unwrap();
    assert_eq!(
        report["salesGross"]["amount"].as_f64().unwrap(),
        sold(&first) + sold(&second) + 11.0
    );
    assert_eq!(report["postedTransactionCount"], 1);
    let entries = shop
        .tenant
        .rest()
        .get(&shop.store.path("journals?transaction_types=101"))
        .await
        .ok();
    let posted: Vec<_> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["transactionNo"].clone(), entry["isPosted"].clone()))
        .collect();
    assert_eq!(posted.len(), 3);
    assert!(posted.contains(&(json!(777), json!(true))), "{posted:?}");
    assert!(posted.contains(&(json!(next), json!(false))), "{posted:?}");
}

#[tokio::test]
async fn an_older_till_posts_for_itself_where_that_is_set() {
    let world = World::start_with(|settings| settings.compatibility = Compatibility::Legacy).await;
    let shop = Shop::build(&world).await;
    let day = shop.till.sell(&[("TEA", 1)]).await["businessDate"].clone();
    let log = history(&shop, 777, day.as_str().unwrap());
    let rest = shop.till.rest().header("x-kugel-service", "report");
    rest.post(&shop.store.path("terminals/1/transactions"), log.clone())
        .await
        .created();
    shop.store.till(2).await;
    let mut other = log;
    other["terminalNo"] = json!(2);
    let path = shop.store.path("terminals/2/transactions");
    let refused = rest.post(&path, other).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
}

#[tokio::test]
async fn what_is_posted_is_in_coins_of_the_store_and_in_no_drawer() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let day = shop.till.sell(&[("TEA", 1)]).await["businessDate"].clone();
    let day = day.as_str().unwrap();
    let path = shop.store.path("terminals/1/transactions");
    for service in SERVICES {
        let rest = shop.tenant.rest().header("x-kugel-service", service);
        let mut broken = history(&shop, 777, day);
        broken["payments"][0]["amount"] = json!(10.5);
        broken["sales"]["totalAmountWithTax"] = json!(10.5);
        let reply = rest.post(&path, broken).await.refused(422, "300001");
        for field in ["payments[0].paymentAmount", "sales.totalAmountWithTax"] {
            assert!(reply.text.contains(field), "{}", reply.text);
        }
        let mut foreign = history(&shop, 777, day);
        foreign["currencyCode"] = json!("EUR");
        rest.post(&path, foreign).await.refused(422, "300001");
        rest.post(&path, history(&shop, 777, day)).await.created();
    }
    shop.till.closed("327").await;
    world.settled().await;
    let query = format!("reports?report_scope=daily&report_type=sales&business_date={day}");
    let report = shop.tenant.rest().get(&shop.store.path(&query)).await.ok();
    assert_eq!(report["postedTransactionCount"], 1);
    let drawer = &report["cash"];
    assert_eq!(
        [
            &drawer["physicalAmount"],
            &drawer["logicalAmount"],
            &drawer["differenceAmount"]
        ],
        [&json!(327), &json!(327), &json!(0)]
    );
}
