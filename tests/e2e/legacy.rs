//! What older clients get with `COMPATIBILITY=legacy`, line by line as the README lists it, and what they do not get.

use kugel_config::{Compatibility, Settings};
use kugel_testkit::{Tenant, World};
use serde_json::json;

fn legacy(settings: &mut Settings) {
    settings.compatibility = Compatibility::Legacy;
}

#[tokio::test]
async fn a_till_does_what_tills_did() {
    let world = World::start_with(legacy).await;
    let tenant = world.tenant().await;
    tenant.item("TEA", "1000", "01").await;
    let guest = json!({"id": "p1", "name": "Sato", "pin": "4711", "roles": ["chief of everything"]});
    tenant.enter("staff", guest).await;
    let till = tenant.store("tk01").await.closed_till(1).await;
    let elsewhere = tenant.store("tk02").await;
    // Without a person, and then with one who has no PIN at hand and a role of the shop's own.
    till.rest()
        .post(&till.path("open"), json!({"initialAmount": 1000}))
        .await
        .ok();
    till.rest()
        .post(&till.path("sign-in"), json!({"staffId": "p1"}))
        .await
        .ok();
    let sold = till.sell(&[("TEA", 1)]).await;
    let void = till.transactions(&format!("/{}/void", sold["transactionNo"]));
    let refund = json!([{"paymentCode": "01", "amount": sold["totalAmountWithTax"]}]);
    till.rest().post(&void, refund).await.ok();
    till.rest()
        .post(&till.path("cash-out"), json!({"amount": 100}))
        .await
        .ok();
    let category =
        json!({"categoryCode": "90", "description": "Tea", "descriptionShort": "Tea", "taxCode": "01"});
    till.rest()
        .post(&tenant.path("categories"), category)
        .await
        .created();
    till.rest().get(&elsewhere.path("stock")).await.ok();
    elsewhere.closed_till(1).await;
    let all = till.rest().get("/terminals").await.ok();
    assert_eq!(all.as_array().unwrap().len(), 2);
    till.rest().post(&till.path("sign-out"), json!({})).await.ok();
    till.rest().post(&till.path("close"), json!({})).await.ok();
    world.finish().await;
}

#[tokio::test]
async fn errors_carry_statuses_and_nothing_else_is_relaxed() {
    let world = World::start_with(legacy).await;
    let (tenant, other) = (world.tenant().await, world.tenant().await);
    let till = tenant.store("tk01").await.till(1).await;
    other.store("tk01").await;
    let refused = till.rest().get(&other.path("stores/tk01/stock")).await;
    assert_eq!((refused.status, &refused.body["code"]), (400, &json!(400)));
    let short = json!({"username": "clerk", "password": "owl"});
    assert_eq!(tenant.rest().post("/accounts/users", short).await.status, 422);
    let four = json!({"username": "clerk", "password": "owl4"});
    tenant.rest().post("/accounts/users", four).await.created();
    let clerk = format!("username=clerk&password=owl4&client_id={}", tenant.id);
    let clerk = world.rest().form("/accounts/token", &clerk).await;
    let clerk = world.rest().bearer(clerk.body["access_token"].as_str().unwrap());
    assert_eq!(
        clerk.get(&tenant.path("items")).await.status,
        403,
        "no role is no role"
    );
    let wrong = json!({"staffId": Tenant::CASHIER, "staffPin": "0000"});
    tenant.rest().post(&till.path("sign-out"), json!({})).await.ok();
    for _ in 0..5 {
        let reply = tenant.rest().post(&till.path("sign-in"), wrong.clone()).await;
        assert_eq!(reply.status, 401, "{}", reply.text);
    }
    let braked = tenant.rest().post(&till.path("sign-in"), wrong).await;
    assert_eq!(braked.status, 429, "{}", braked.text);
    world.finish().await;
}
