//! Bad input is refused with the contract's status and code, the field is named, and nothing changes.

use http::Method;
use kugel_testkit::World;
use serde_json::{Value, json};

use crate::shop::Shop;
use crate::walk::FORGED;

#[tokio::test]
async fn malformed_json_is_refused_and_changes_nothing() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let before = shop.till.rest().get(&shop.cart_path("")).await.ok();
    let paths = [
        (shop.till.rest(), "/carts".to_owned()),
        (shop.till.rest(), shop.cart_path("/lineItems")),
        (shop.till.rest(), shop.cart_path("/cancel")),
        (shop.till.rest(), shop.till.path("cash-in")),
        (shop.tenant.rest(), shop.tenant.path("items")),
        (shop.tenant.rest(), "/terminals".to_owned()),
        (world.rest(), "/accounts/register".to_owned()),
    ];
    for (rest, path) in paths {
        for body in [
            "{",
            "{]",
            "nonsense",
            "{\"a\":1,}",
            "[1,",
            "\"",
            "{\"a\" 1}",
            "\u{0}",
            "{}{}",
        ] {
            let reply = rest.raw(Method::POST, &path, "application/json", body).await;
            assert_eq!(reply.status, 422, "{path} {body:?}: {}", reply.text);
            reply.refused(422, "300001");
        }
    }
    assert_eq!(shop.till.rest().get(&shop.cart_path("")).await.ok(), before);
}

#[tokio::test]
async fn a_body_that_is_no_utf8_is_refused() {
    let world = World::start().await;
    let reply = world
        .rest()
        .raw(
            Method::POST,
            "/accounts/register",
            "application/json",
            b"{\"username\":\"\xff\"}".to_vec(),
        )
        .await;
    reply.refused(422, "300001");
    // JSON that never ends in depth.
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!("{{\"unknown\":{deep}}}");
    let reply = world
        .rest()
        .raw(Method::POST, "/accounts/register", "application/json", body)
        .await;
    reply.refused(422, "300001");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let (tenant, till) = (shop.tenant.rest(), shop.till.rest());
    for (path, fields) in [
        ("items", "itemCode description unitPrice taxCode"),
        ("payments", "paymentCode description canRefund"),
        ("categories", "categoryCode description taxCode"),
        ("staff", "id name pin"),
        ("settings", "name defaultValue"),
        ("promotions", "promotionCode promotionType name"),
        ("item_books", "title"),
        ("stores", "storeCode"),
    ] {
        let reply = tenant.post(&shop.tenant.path(path), json!({})).await;
        for field in fields.split(' ') {
            reply.clone().refused_field(field);
        }
    }
    let lines = shop.cart_path("/lineItems");
    for (rest, path, body, field) in [
        (&tenant, "/terminals", json!({}), "terminalNo"),
        (&tenant, "/accounts/register/user", json!({}), "username"),
        (&till, &shop.till.path("cash-in"), json!({}), "amount"),
        (&till, &lines, json!([{"quantity": 1}]), "lineItems[0].itemCode"),
        (
            &till,
            &lines,
            json!([{"itemCode": "TEA"}]),
            "lineItems[0].quantity",
        ),
    ] {
        rest.post(path, body).await.refused_field(field);
    }
    let book = tenant
        .post(&shop.tenant.path("item_books"), json!({"title": "Main"}))
        .await
        .created();
    let book = shop
        .tenant
        .path(&format!("item_books/{}", book["itemBookId"].as_str().unwrap()));
    let category = json!({"categoryNumber": 1, "tabs": [{"tabNumber": 1}]});
    let reply = tenant.post(&format!("{book}/categories"), category).await;
    reply.clone().refused_field("title");
    reply.refused_field("tabs[0].title");
    till.patch(&shop.cart_path("/lineItems/1/unitPrice"), json!({}))
        .await
        .refused_field("unitPrice");
    till.patch(&shop.cart_path("/lineItems/1/quantity"), json!({}))
        .await
        .refused_field("quantity");
    world
        .rest()
        .form("/accounts/token", "username=a")
        .await
        .refused_field("password");
    assert_eq!(tenant.get("/terminals").await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn values_out_of_bounds_are_named() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let (tenant, till) = (shop.tenant.rest(), shop.till.rest());
    let line = |line: Value| json!([line]);
    let lines = shop.cart_path("/lineItems");
    for (body, field) in [
        (
            line(json!({"itemCode": "TEA", "quantity": "1e400"})),
            "lineItems[0].quantity",
        ),
        (
            line(json!({"itemCode": "TEA", "quantity": 1, "unitPrice": "-"})),
            "lineItems[0].unitPrice",
        ),
        (
            line(json!({"itemCode": "", "quantity": 1})),
            "lineItems[0].itemCode",
        ),
    ] {
        till.post(&lines, body).await.refused_field(field);
    }
    let terminal = json!({"storeCode": "tk01", "terminalNo": 10_000, "description": ""});
    tenant
        .post("/terminals", terminal)
        .await
        .refused_field("terminalNo");
    let stock = shop.store.path("stock/TEA");
    let update = json!({"quantityChange": 1, "updateType": "gift"});
    tenant
        .put(&format!("{stock}/update"), update)
        .await
        .refused_field("updateType");
    tenant
        .put(&format!("{stock}/minimum"), json!({"minimumQuantity": -1}))
        .await
        .refused_field("minimumQuantity");
    tenant
        .get(&shop.store.path("stock?limit=1001"))
        .await
        .refused_field("limit");
    tenant
        .get(&shop.store.path("stock?page=0"))
        .await
        .refused_field("page");
    tenant
        .get(&shop.store.path("journals?page=two"))
        .await
        .refused_field("page");
    for sort in ["unit_price", "unit_price:2", "no_such_field:1", ":"] {
        let reply = tenant.get(&shop.tenant.path(&format!("items?sort={sort}"))).await;
        assert_eq!(reply.status, 422, "{sort}: {}", reply.text);
    }
}

#[tokio::test]
async fn unknown_things_are_not_found() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let (tenant, till) = (shop.tenant.rest(), shop.till.rest());
    for (rest, path, code) in [
        (&till, "/carts/none".to_owned(), "401002"),
        (&till, format!("/carts/{}", uuid::Uuid::new_v4()), "401002"),
        (&till, shop.till.transactions("/99"), "100001"),
        (&tenant, shop.tenant.path("items/NONE"), "100001"),
        (
            &tenant,
            shop.tenant.path("stores/tk01/items/NONE/details"),
            "100001",
        ),
        (&tenant, shop.tenant.path("categories/NONE"), "100001"),
        (&tenant, shop.tenant.path("payments/99"), "100001"),
        (&tenant, shop.tenant.path("staff/99"), "100001"),
        (&tenant, shop.tenant.path("settings/NONE"), "100001"),
        (&tenant, shop.tenant.path("taxes/99"), "100001"),
        (&tenant, shop.tenant.path("promotions/NONE"), "100001"),
        (&tenant, shop.tenant.path("item_books/NONE"), "100001"),
        (&tenant, shop.tenant.path("stores/nowhere"), "407101"),
        (
            &tenant,
            format!("/terminals/{}-tk01-99", shop.tenant.id),
            "100001",
        ),
        (&tenant, shop.store.path("stock/NONE"), "414001"),
        (&tenant, shop.store.path("stock/snapshot/none"), "414202"),
        (
            &tenant,
            shop.store
                .path("reports?report_scope=flash&report_type=none&business_date=20260611"),
            "412001",
        ),
    ] {
        let reply = rest.get(&path).await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.text);
        reply.refused(404, code);
    }
    let unknown = json!([{"itemCode": "TEA", "quantity": 1}, {"itemCode": "NONE", "quantity": 1}]);
    till.post(&shop.cart_path("/lineItems"), unknown)
        .await
        .refused(404, "402001");
    let cart = till.get(&shop.cart_path("")).await.ok();
    assert_eq!(
        cart["lineItems"].as_array().unwrap().len(),
        1,
        "one unknown article refuses all"
    );
    for line in ["0", "2", "-1", "99999"] {
        let reply = till
            .post(&shop.cart_path(&format!("/lineItems/{line}/cancel")), json!({}))
            .await;
        assert!(matches!(reply.status, 404 | 422), "{line}: {}", reply.text);
    }
}

#[tokio::test]
async fn stale_and_forged_tokens_are_refused() {
    let (world, clock) = World::start_at("2026-06-11T05:03:09Z").await;
    let shop = Shop::build(&world).await;
    let cart = shop.cart_path("");
    let rest = world.rest();
    let other = World::start_with(|settings| {
        settings.secret_key = Some(kugel_config::Secret::new(
            "another secret of more than 32 characters",
        ));
    })
    .await;
    let foreign = other.tenant().await;
    let unsigned = format!(
        "eyJhbGciOiJub25lIn0.{}.",
        shop.till.token.split('.').nth(1).unwrap()
    );
    let altered = {
        let mut parts: Vec<&str> = shop.till.token.split('.').collect();
        parts[1] = shop.tenant.token.split('.').nth(1).unwrap();
        parts.join(".")
    };
    for token in ["", "x", "a.b.c", FORGED, &foreign.token, &unsigned, &altered] {
        let reply = rest.bearer(token).get(&cart).await.refused(401, "200001");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    rest.header("authorization", "Basic b3duZXI6eA==")
        .get(&cart)
        .await
        .refused(401, "200001");
    assert_eq!(shop.tenant.rest().get("/accounts/token/valid").await.status, 200);
    clock.advance(31 * 60);
    shop.tenant
        .rest()
        .get("/accounts/token/valid")
        .await
        .refused(401, "200001");
    shop.till.rest().get(&cart).await.ok();
    clock.advance(24 * 3600);
    shop.till.rest().get(&cart).await.refused(401, "200001");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let world = World::start_with(|settings| settings.body_limit_bytes = 10_000).await;
    let shop = Shop::build(&world).await;
    let body = json!({"userId": "x".repeat(10_000)});
    shop.till.rest().post("/carts", body).await.refused(413, "100003");
    let form = format!("username={}&password=x", "x".repeat(10_000));
    world
        .rest()
        .form("/accounts/token", &form)
        .await
        .refused(413, "100003");
    shop.till
        .rest()
        .post("/carts", json!({"userId": "x"}))
        .await
        .created();
}
