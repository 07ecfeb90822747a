//! Tenants, stores, terminals and their sessions through REST, by the fields of the contract.

use kugel_testkit::{Tenant, World};
use serde_json::{Value, json};

use crate::accounts::members;
use crate::shop::Shop;

#[tokio::test]
async fn tenants_and_stores_are_kept() {
    let (world, _) = World::start_at("2026-06-11T05:05:00Z").await;
    let tenant = world.tenant().await;
    let rest = tenant.rest();
    let path = format!("/tenants/{}", tenant.id);
    let shown = rest.get(&path).await.ok();
    let expected = json!({
        "tenantId": tenant.id, "tenantName": "Plum Mart", "tags": ["pilot"], "stores": [],
        "entryDatetime": "2026-06-11 14:05:00", "lastUpdateDatetime": null,
        "tillRights": {"readOtherStores": false, "writeMasters": false},
    });
    assert_eq!(shown, expected);
    let renamed = rest
        .put(&path, json!({"tenantName": "Plum", "tags": []}))
        .await
        .ok();
    assert_eq!(
        (&renamed["tenantName"], &renamed["tags"]),
        (&json!("Plum"), &json!([]))
    );
    let store =
        json!({"storeCode": "tk01", "storeName": "Plum Tokyo 1", "tags": ["main"], "status": "Opened"});
    let with_store = rest.post(&tenant.path("stores"), store.clone()).await.created();
    assert_eq!(with_store["stores"][0]["storeCode"], "tk01");
    let shown = rest.get(&tenant.path("stores/tk01")).await.ok();
    for (field, expected) in [
        ("storeName", json!("Plum Tokyo 1")),
        ("status", json!("Idle")),
        ("businessDate", Value::Null),
        ("tags", json!(["main"])),
        ("lastUpdateDatetime", Value::Null),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    rest.post(&tenant.path("stores"), store)
        .await
        .refused(400, "407102");
    let update = json!({"storeName": "Plum 1", "status": "Opened", "businessDate": "20260611"});
    let updated = rest.put(&tenant.path("stores/tk01"), update).await.ok();
    assert_eq!(
        (&updated["status"], &updated["businessDate"]),
        (&json!("Opened"), &json!("20260611"))
    );
    rest.put(&tenant.path("stores/none"), json!({"storeName": "x"}))
        .await
        .refused(404, "407101");
    assert_eq!(
        rest.get(&tenant.path("stores"))
            .await
            .ok()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        rest.delete(&tenant.path("stores/tk01")).await.ok(),
        json!({"storeCode": "tk01"})
    );
    rest.get(&tenant.path("stores/tk01")).await.refused(404, "407101");
}

const TERMINAL: [&str; 16] = [
    "apiKey",
    "businessCounter",
    "businessDate",
    "description",
    "entryDatetime",
    "functionMode",
    "initialAmount",
    "lastUpdateDatetime",
    "openCounter",
    "physicalAmount",
    "staff",
    "status",
    "storeCode",
    "tenantId",
    "terminalId",
    "terminalNo",
];

#[tokio::test]
async fn a_terminals_key_is_shown_once() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let rest = shop.tenant.rest();
    let body = json!({"storeCode": "tk01", "terminalNo": 4, "description": "front counter"});
    let made = rest.post("/terminals", body.clone()).await.created();
    assert_eq!(members(&made), TERMINAL);
    let key = made["apiKey"].as_str().unwrap();
    assert_eq!(key.len(), 43);
    let id = format!("{}-tk01-4", shop.tenant.id);
    for (field, expected) in [
        ("terminalId", json!(id)),
        ("functionMode", json!("MainMenu")),
        ("status", json!("Idle")),
        ("openCounter", json!(0)),
        ("businessDate", Value::Null),
        ("staff", Value::Null),
    ] {
        assert_eq!(made[field], expected, "{field}");
    }
    rest.post("/terminals", body).await.refused(400, "406002");
    let path = format!("/terminals/{id}");
    for path in [path.as_str(), "/terminals?store_code=tk01"] {
        let reply = rest.get(path).await;
        assert!(!reply.text.contains(key), "{}", reply.text);
        reply.ok();
    }
    let bare = world.rest().header("x-api-key", key);
    let token = bare
        .post(&format!("/auth/token?terminal_id={id}"), json!({}))
        .await
        .ok();
    assert_eq!(
        (&token["token_type"], &token["expires_in"]),
        (&json!("bearer"), &json!(86_400))
    );
    let rotated = rest.post(&format!("{path}/api-key"), json!({})).await.ok();
    assert_ne!(rotated["apiKey"], key);
    bare.post(&format!("/auth/token?terminal_id={id}"), json!({}))
        .await
        .refused(401, "200001");
    world
        .rest()
        .post(&format!("/auth/token?terminal_id={id}"), json!({}))
        .await
        .refused(401, "200001");
    assert_eq!(rest.delete(&path).await.ok(), json!({"terminalId": id}));
    rest.get(&path).await.refused(404, "100001");
}

#[tokio::test]
async fn sessions_follow_the_terminals_state() {
    let (world, clock) = World::start_at("2026-06-11T05:05:00Z").await;
    let shop = Shop::build(&world).await;
    let till = shop.store.closed_till(2).await;
    let post = async |path: &str, body: Value| till.rest().post(&till.path(path), body).await;
    let staff = json!({"staffId": Tenant::CASHIER, "staffPin": Tenant::PIN});
    post("sign-in", json!({"staffId": "99", "staffPin": "1"}))
        .await
        .refused(401, "406004");
    post("sign-in", json!({"staffId": Tenant::CASHIER, "staffPin": "0000"}))
        .await
        .refused(401, "406004");
    post("cash-in", json!({"amount": 1})).await.refused(401, "406013");
    post("close", json!({})).await.refused(400, "406003");
    let signed = post("sign-in", staff.clone()).await.ok();
    assert_eq!(
        (&signed["staff"]["staffId"], &signed["staff"]["staffName"]),
        (&json!("31"), &json!("Mori"))
    );
    assert!(signed["staff"]["staffPin"].is_null(), "the PIN stays secret");
    post("sign-in", staff).await.refused(400, "406014");
    post("cash-in", json!({"amount": 1})).await.refused(400, "406003");
    let opened = post("open", json!({"initialAmount": 20_000})).await.ok();
    for (field, expected) in [
        ("businessDate", json!("20260611")),
        ("openCounter", json!(1)),
        ("businessCounter", json!(1)),
        ("initialAmount", json!(20_000)),
    ] {
        assert_eq!(opened[field], expected, "{field}");
    }
    insta::assert_snapshot!("opening", opened["journalText"].as_str().unwrap());
    post("open", json!({})).await.refused(400, "406003");
    let paid_out = post("cash-out", json!({"amount": 3000, "description": "bank deposit"}))
        .await
        .ok();
    assert_eq!(
        members(&paid_out),
        [
            "amount",
            "description",
            "journalText",
            "overDrawerAmount",
            "receiptText",
            "terminalId"
        ]
    );
    insta::assert_snapshot!("cash_out", paid_out["journalText"].as_str().unwrap());
    for amount in [json!(0), json!(-5)] {
        let reply = post("cash-in", json!({"amount": amount})).await;
        assert!((400..500).contains(&reply.status), "{}", reply.text);
    }
    let closed = post("close", json!({"physicalAmount": 17_100})).await.ok();
    assert_eq!(
        (&closed["expectedAmount"], &closed["differenceAmount"]),
        (&json!(17_000), &json!(100))
    );
    insta::assert_snapshot!("closing", closed["journalText"].as_str().unwrap());
    assert_eq!(
        post("open", json!({})).await.ok()["openCounter"],
        2,
        "the second session of the day"
    );
    post("close", json!({})).await.ok();
    clock.advance(12 * 3600);
    let next = post("open", json!({})).await.ok();
    assert_eq!(
        (
            &next["businessDate"],
            &next["openCounter"],
            &next["businessCounter"]
        ),
        (&json!("20260612"), &json!(1), &json!(3))
    );
    let out = post("sign-out", json!({})).await.ok();
    assert_eq!(out["staff"], Value::Null);
    post("sign-out", json!({})).await.ok();
    world.finish().await;
}

#[tokio::test]
async fn function_modes_fit_the_state() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let mode = async |till: &kugel_testkit::Till, mode: &str| {
        till.rest()
            .patch(&till.path("function_mode"), json!({"functionMode": mode}))
            .await
    };
    assert_eq!(mode(&shop.till, "Sales").await.ok()["functionMode"], "Sales");
    mode(&shop.till, "OpenTerminal").await.refused(400, "406003");
    mode(&shop.till, "Dancing").await.refused_field("functionMode");
    let closed = shop.store.closed_till(2).await;
    mode(&closed, "OpenTerminal").await.ok();
    for refused in ["Sales", "Returns", "Void", "CloseTerminal", "CashInOut"] {
        mode(&closed, refused).await.refused(400, "406003");
    }
    let described = closed
        .rest()
        .patch(&closed.path("description"), json!({"description": "back"}))
        .await
        .ok();
    assert_eq!(described["description"], "back");
}
