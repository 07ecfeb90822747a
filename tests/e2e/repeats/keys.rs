//! What a key may be, where it may stand, and whose it is.

use kugel_testkit::{Door, World};
use serde_json::{Value, json};

fn category(code: &str) -> Value {
    json!({"categoryCode": code, "description": code, "descriptionShort": code, "taxCode": "01"})
}

#[tokio::test]
async fn a_bad_key_is_refused_by_name() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let path = tenant.path("categories");
    for bad in ["", "two words", &"k".repeat(129)] {
        let rest = tenant.rest().header("idempotency-key", bad);
        rest.post(&path, category("1"))
            .await
            .refused_field("Idempotency-Key");
        rest.get(&path).await.ok();
    }
    let longest = tenant.rest().header("idempotency-key", &"k".repeat(128));
    longest.post(&path, category("1")).await.created();
}

#[tokio::test]
async fn a_key_means_the_same_at_every_door() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let path = tenant.path("categories");
    let rest = tenant.rest().header("idempotency-key", "k-1");
    let first = rest.post(&path, category("1")).await.created();
    assert_eq!(rest.post(&path, category("1")).await.created(), first);
    let request = json!({"tenantId": tenant.id, "category": category("1")});
    for door in [Door::Native, Door::Web] {
        for name in ["idempotency-key", "request_id"] {
            let grpc = tenant.grpc(door).metadata(name, "k-1");
            let answer = grpc.call("master_data.v1.CategoryService.CreateCategory", request.clone());
            let category = answer.await.unwrap()["category"].clone();
            assert_eq!(
                category["entryDatetime"], first["entryDatetime"],
                "{door:?} {name}"
            );
        }
    }
    let deleted = rest.header("idempotency-key", "k-2");
    let path = format!("{path}/1");
    let answer = deleted.delete(&path).await.ok();
    assert_eq!(deleted.delete(&path).await.ok(), answer, "not 404");
    rest.delete(&path).await.refused(400, "300001");
    tenant.rest().delete(&path).await.refused(404, "100001");
}

#[tokio::test]
async fn a_key_is_its_callers_own() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let clerk = tenant.user_with("clerk", json!([{"role": "back_office"}])).await;
    let path = tenant.path("categories");
    for (code, token) in [("1", &tenant.token), ("2", &clerk)] {
        let rest = world.rest().bearer(token).header("idempotency-key", "k");
        rest.post(&path, category(code)).await.created();
    }
    let all = tenant.rest().get(&path).await.ok();
    assert_eq!(all.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_refused_may_be_tried_again() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let rest = tenant.rest().header("idempotency-key", "k");
    let price = json!({"itemCode": "TEA", "storePrice": 90});
    let path = tenant.path("stores/tk01/items");
    rest.post(&path, price.clone()).await.refused(404, "100001");
    tenant.item("TEA", "298", "01").await;
    let made = rest.post(&path, price.clone()).await.created();
    assert_eq!(rest.post(&path, price).await.created(), made);
}
