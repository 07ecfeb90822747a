//! Codes of items and promotions: those that paths cannot name, and those of what was deleted.

use kugel_proto::PATH_WORDS;
use kugel_testkit::{Door, Reply, World};
use serde_json::{Value, json};

use crate::doors::{code_of, decimal_of};
use crate::shop::Shop;

fn item(code: &str) -> Value {
    json!({
        "itemCode": code, "description": "Low", "unitPrice": 120, "unitCost": 80, "itemDetails": [], "imageUrls": [],
        "categoryCode": "10", "taxCode": "01",
    })
}

fn promotion(code: &str) -> Value {
    json!({
        "promotionCode": code, "promotionType": "category_discount", "name": "Tea week",
        "startDatetime": "2026-06-08T00:00:00", "endDatetime": "2026-06-14T00:00:00",
        "detail": {"targetStoreCodes": [], "targetCategoryCodes": ["99"], "discountRate": 10},
    })
}

/// The words of the contract that a path has where others of its kind have such a code.
fn words(field: &str) -> impl Iterator<Item = &'static str> {
    let of_field = PATH_WORDS.iter().filter(move |(name, _)| *name == field);
    of_field.map(|(_, word)| *word)
}

#[tokio::test]
async fn a_code_that_no_path_could_name_is_refused_when_it_is_made() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let (tenant, rest) = (&shop.tenant, shop.tenant.rest());
    for word in words("item_code") {
        let refused = rest.post(&tenant.path("items"), item(word)).await;
        refused.refused_field("itemCode");
        let mut wire = item(word);
        for field in ["unitPrice", "unitCost"] {
            wire[field] = decimal_of("1");
        }
        let request = json!({"tenantId": tenant.id, "item": wire});
        let grpc = tenant.grpc(Door::Native);
        let status = grpc.call("master_data.v1.ItemService.CreateItem", request).await;
        assert_eq!(code_of(&status.unwrap_err()), "300001", "{word}");
        for (path, body) in [
            ("update", json!({"updateType": "purchase", "quantityChange": 1})),
            ("minimum", json!({"minimumQuantity": 1})),
            ("reorder", json!({"reorderPoint": 1, "reorderQuantity": 1})),
        ] {
            let path = shop.store.path(&format!("stock/{word}/{path}"));
            rest.put(&path, body).await.refused_field("itemCode");
        }
    }
    for word in words("promotion_code") {
        let refused = rest.post(&tenant.path("promotions"), promotion(word)).await;
        refused.refused_field("promotionCode");
    }
    // A word of a path elsewhere is a code like any other.
    for code in ["history", "active", "LOW"] {
        rest.post(&tenant.path("items"), item(code)).await.created();
        assert_eq!(
            rest.get(&tenant.path(&format!("items/{code}"))).await.ok()["itemCode"],
            code
        );
        let update = json!({"updateType": "purchase", "quantityChange": 1});
        let stock = shop.store.path(&format!("stock/{code}"));
        rest.put(&format!("{stock}/update"), update).await.ok();
        assert_eq!(rest.get(&stock).await.ok()["itemCode"], code);
    }
    rest.post(&tenant.path("promotions"), promotion("low"))
        .await
        .created();
}

/// A refusal that says that it was deleted, by whom it comes back, and what the user is told.
#[track_caller]
fn says(reply: Reply, status: u16, code: &str, method: &str) {
    let reply = reply.refused(status, code);
    let message = reply.body["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("is deleted; {method} brings it back")),
        "{message}"
    );
    let told = reply.body["userError"]["message"].as_str().unwrap();
    assert!(told.contains("削除済み") || told.contains("deleted"), "{told}");
}

#[tokio::test]
async fn a_deleted_item_says_so_when_its_code_is_used_and_comes_back() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let (tenant, rest) = (&shop.tenant, shop.tenant.rest());
    let (items, one) = (tenant.path("items"), tenant.path("items/TEA"));
    let before = rest.get(&one).await.ok();
    let empty = shop.till.cart().await;
    rest.delete(&format!("{one}?is_logical=true")).await.ok();
    let by = "RestoreItem";
    says(rest.post(&items, item("TEA")).await, 400, "500005", by);
    says(rest.get(&one).await, 404, "100001", by);
    says(rest.put(&one, item("TEA")).await, 404, "100001", by);
    let details = shop.store.path("items/TEA/details");
    says(rest.get(&details).await, 404, "100001", by);
    let price = json!({"itemCode": "TEA", "storePrice": 1});
    says(
        rest.post(&shop.store.path("items"), price).await,
        404,
        "100001",
        by,
    );
    let till = shop.till.rest();
    let lines = format!("/carts/{empty}/lineItems");
    let line = json!([{"itemCode": "TEA", "quantity": 1}]);
    says(till.post(&lines, line.clone()).await, 404, "402001", by);
    let unknown = till
        .post(&lines, json!([{"itemCode": "NONE", "quantity": 1}]))
        .await;
    assert!(
        unknown
            .refused(404, "402001")
            .text
            .contains("item NONE is not found")
    );
    // A cart that has it already sells it as it was.
    till.post(&shop.cart_path("/lineItems"), line.clone()).await.ok();

    let restore = format!("{one}/restore");
    let back = rest.post(&restore, json!({})).await.ok();
    assert_eq!(
        (&back["isDeleted"], &back["unitPrice"]),
        (&json!(false), &before["unitPrice"])
    );
    till.post(&lines, line).await.ok();
    rest.post(&restore, json!({})).await.ok();
    let never = rest.post(&tenant.path("items/NONE/restore"), json!({})).await;
    never.refused(404, "100001");
    let stranger = world.tenant().await;
    let refused = stranger.rest().post(&restore, json!({})).await;
    assert!((400..500).contains(&refused.status), "{}", refused.text);
    // Of one that was removed for good, the code is free.
    rest.delete(&one).await.ok();
    rest.post(&items, item("TEA")).await.created();
}

#[tokio::test]
async fn a_deleted_promotion_says_so_when_its_code_is_used_and_comes_back() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let (tenant, rest) = (&shop.tenant, shop.tenant.rest());
    let (promotions, one) = (tenant.path("promotions"), tenant.path("promotions/WEEK"));
    let made = rest.post(&promotions, promotion("WEEK")).await.created();
    rest.delete(&one).await.ok();
    let by = "RestorePromotion";
    says(rest.post(&promotions, promotion("WEEK")).await, 400, "500005", by);
    says(rest.get(&one).await, 404, "100001", by);
    says(rest.put(&one, json!({"name": "x"})).await, 404, "100001", by);
    says(rest.delete(&one).await, 404, "100001", by);
    let back = rest.post(&format!("{one}/restore"), json!({})).await.ok();
    assert_eq!((&back["name"], &back["detail"]), (&made["name"], &made["detail"]));
    assert_eq!(rest.get(&one).await.ok()["promotionCode"], "WEEK");
    rest.post(&promotions, promotion("WEEK"))
        .await
        .refused(400, "500005");
}
