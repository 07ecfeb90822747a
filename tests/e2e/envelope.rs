//! What every REST answer looks like, whatever it says.

use kugel_config::ErrorCodeStyle;
use kugel_testkit::World;
use serde_json::json;

use crate::shop::Shop;

#[tokio::test]
async fn unknown_paths_and_methods_answer_with_the_envelope() {
    let world = World::start().await;
    for path in [
        "/nothing",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v2/carts",
        "/api/v1/carts/a/b",
    ] {
        let reply = world.root().get(path).await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.text);
        reply.refused(404, "100001");
    }
    let reply = world.rest().delete("/carts").await.refused(405, "100002");
    assert_eq!(reply.header("allow"), Some("POST"));
    let reply = world
        .rest()
        .put("/accounts/token", json!({}))
        .await
        .refused(405, "100002");
    assert_eq!(reply.header("allow"), Some("POST"));
    let reply = world
        .root()
        .header("x-kugel-service", "cashbox")
        .get("/api/v1/carts/x")
        .await;
    assert!((400..500).contains(&reply.status), "{}", reply.text);
    reply.envelope();
}

#[tokio::test]
async fn older_clients_read_the_http_status_in_code() {
    let world = World::start_with(|settings| settings.error_code_style = ErrorCodeStyle::Http).await;
    let reply = world.rest().get("/carts/x").await;
    reply.envelope();
    assert_eq!(reply.body["code"], 401);
    assert_eq!(reply.body["userError"]["code"], "200001");
    let reply = world.root().get("/nothing").await;
    assert_eq!(
        (&reply.body["code"], &reply.body["userError"]["code"]),
        (&json!(404), &json!("100001"))
    );
}

#[tokio::test]
async fn the_user_reads_their_language() {
    let world = World::start().await;
    for (language, expected) in [
        ("en", "Authentication failed"),
        ("en-GB,ja;q=0.5", "Authentication failed"),
        ("ja", "認証に失敗しました"),
        ("fr", "認証に失敗しました"),
    ] {
        let reply = world
            .rest()
            .header("accept-language", language)
            .get("/carts/x")
            .await;
        assert_eq!(reply.body["userError"]["message"], expected, "{language}");
    }
    let reply = world.rest().get("/carts/x").await;
    assert_eq!(reply.body["userError"]["message"], "認証に失敗しました");
}

#[tokio::test]
async fn names_are_taken_in_camel_and_snake_case() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let snake = json!([{"item_code": "TEA", "quantity": "3", "unit_price": "100"}]);
    let cart = shop.till.command(&shop.cart, "lineItems", snake).await;
    assert_eq!(cart["lineItems"][1]["amount"], 300);
    let both = json!([{"itemCode": "TEA", "quantity": 2.0, "unit_price": 5, "unitPrice": 100, "colour": {"deep": [1]}}]);
    let cart = shop.till.command(&shop.cart, "lineItems", both).await;
    assert_eq!(cart["lineItems"][2]["amount"], 200, "{cart}");
    for query in [
        "business_date=20260611&include_cancelled=true",
        "businessDate=20260611&includeCancelled=true",
    ] {
        let path = shop.till.transactions(&format!("?{query}"));
        assert_eq!(shop.till.rest().get(&path).await.ok(), json!([]));
    }
}
