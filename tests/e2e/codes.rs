//! Codes of items and promotions: those that paths cannot name, and those of what was deleted.

use kugel_proto::PATH_WORDS;
use kugel_testkit::{Door, World};
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
