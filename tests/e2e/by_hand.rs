//! Prices and discounts by hand: what a cashier may, and what becomes of it with every later change.

use kugel_testkit::{Tenant, World};
use serde_json::json;

use crate::staff::{at_work, refused};

#[tokio::test]
async fn what_follows_keeps_within_the_limit_and_prices_are_the_masters() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.item("TEA", "1000", "01").await;
    tenant.item("MISC", "0", "01").await;
    let store = tenant.store("tk01").await;
    let till = at_work(&store, 1, json!(["cashier"])).await;
    let rest = till.rest();
    let enter = |cart: &str, item: &str, price: i64| {
        let line = json!([{"itemCode": item, "quantity": 1, "unitPrice": price}]);
        let (rest, path) = (till.rest(), format!("/carts/{cart}/lineItems"));
        async move { rest.post(&path, line).await }
    };
    let cart = till.basket(&[("TEA", 5)]).await;
    refused(enter(&cart, "TEA", 1).await).await;
    // The master's own price, and one where the master has none.
    enter(&cart, "TEA", 1000).await.ok();
    enter(&cart, "MISC", 70).await.ok();

    let line = format!("/carts/{cart}/lineItems/1");
    let off = |value: &str| json!([{"discountType": "DiscountAmount", "discountValue": value, "discountDetail": "x"}]);
    rest.post(&format!("{line}/discounts"), off("1000")).await.ok();
    let quantity = format!("{line}/quantity");
    refused(rest.patch(&quantity, json!({"quantity": 1})).await).await;
    rest.patch(&quantity, json!({"quantity": 6})).await.ok();
    rest.post(&format!("{line}/discounts"), json!([])).await.ok();
    till.command(&cart, "subtotal", json!({})).await;
    rest.post(&format!("/carts/{cart}/discounts"), off("1300"))
        .await
        .ok();
    till.command(&cart, "resume-item-entry", json!({})).await;
    refused(rest.post(&format!("{line}/cancel"), json!({})).await).await;
    world.finish().await;
}

#[tokio::test]
async fn what_a_supervisor_took_off_stands_and_does_not_grow() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.item("TEA", "1000", "01").await;
    let store = tenant.store("tk01").await;
    let till = at_work(&store, 1, json!(["cashier"])).await;
    let cart = till.basket(&[("TEA", 2), ("TEA", 1)]).await;
    let line = format!("/carts/{cart}/lineItems/1");
    let wanted = json!({"staffId": Tenant::CASHIER, "staffPin": Tenant::PIN, "permission": "sales.discount"});
    let approved = till.rest().post(&till.path("approvals"), wanted).await.created();
    let with = till
        .rest()
        .header("x-approval", approved["approval"].as_str().unwrap());
    let most = json!([{"discountType": "DiscountPercentage", "discountValue": 90, "discountDetail": "x"}]);
    with.post(&format!("{line}/discounts"), most).await.ok();
    let quantity = |number: i32| {
        let (rest, path) = (till.rest(), format!("{line}/quantity"));
        async move { rest.patch(&path, json!({"quantity": number})).await }
    };
    refused(quantity(3).await).await;
    quantity(1).await.ok();
    // Other lines are the cashier's as before.
    let some = json!([{"discountType": "DiscountPercentage", "discountValue": 20, "discountDetail": "x"}]);
    let other = format!("/carts/{cart}/lineItems/2/discounts");
    till.rest().post(&other, some).await.ok();
    till.command(&cart, "subtotal", json!({})).await;
    till.command(&cart, "payments", json!([{"paymentCode": "01", "amount": 2000}]))
        .await;
    till.command(&cart, "bill", json!({})).await;
    world.finish().await;
}
