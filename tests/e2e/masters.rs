//! Master data through REST, by the fields of the contract.

use kugel_testkit::{Reply, Tenant, World};
use serde_json::{Value, json};

/// Creates, reads, lists, replaces and deletes a record, after which its key is free; gives nothing but the certainty
/// that each step shows the record. `change` is what a replacement alters.
async fn live(tenant: &Tenant, kind: &str, key: &str, record: Value, change: Value) {
    let rest = tenant.rest();
    let (list, id) = (tenant.path(kind), record[key].as_str().unwrap().to_owned());
    let one = format!("{list}/{id}");
    let made = rest.post(&list, record.clone()).await.created();
    shows(&made, &record);
    assert!(
        made["entryDatetime"].is_string() && made["lastUpdateDatetime"].is_null(),
        "{made}"
    );
    rest.post(&list, record.clone()).await.refused(400, "500005");
    assert_eq!(rest.get(&one).await.ok(), made, "{kind}");
    check_list(rest.get(&list).await, &made);
    let mut replacement = record;
    replacement
        .as_object_mut()
        .unwrap()
        .extend(change.as_object().unwrap().clone());
    let replaced = rest.put(&one, replacement.clone()).await.ok();
    shows(&replaced, &replacement);
    assert!(replaced["lastUpdateDatetime"].is_string(), "{replaced}");
    let gone = rest.delete(&one).await.ok();
    assert!(
        gone.as_object()
            .unwrap()
            .values()
            .any(|value| *value == json!(id)),
        "{kind}: {gone}"
    );
    rest.get(&one).await.refused(404, "100001");
    rest.put(&one, replacement.clone()).await.refused(404, "100001");
    rest.delete(&one).await.refused(404, "100001");
    rest.post(&list, replacement).await.created();
    rest.delete(&one).await.ok();
}

/// Every member of the record is in the answer. A PIN alone stays secret.
#[track_caller]
fn shows(answer: &Value, record: &Value) {
    for (field, expected) in record.as_object().unwrap() {
        match field.as_str() {
            "pin" => assert!(answer.get("pin").is_none_or(Value::is_null), "{answer}"),
            _ => assert_eq!(&answer[field], expected, "{field}"),
        }
    }
}

#[track_caller]
fn check_list(reply: Reply, made: &Value) {
    let metadata = reply.body["metadata"].clone();
    for (field, expected) in [("page", json!(1)), ("limit", json!(100))] {
        assert_eq!(metadata[field], expected, "{field}: {metadata}");
    }
    let rows = reply.ok();
    let rows = rows.as_array().unwrap();
    assert_eq!(metadata["total"], rows.len());
    assert!(rows.contains(made), "{rows:?}");
}

#[tokio::test]
async fn records_live_and_die() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let category =
        json!({"categoryCode": "320", "description": "Bath", "descriptionShort": "Bath", "taxCode": "01"});
    live(
        &tenant,
        "categories",
        "categoryCode",
        category,
        json!({"description": "Bathroom"}),
    )
    .await;
    let staff = json!({"id": "32", "name": "Sato", "pin": "1234", "roles": ["cashier", "lead"]});
    live(
        &tenant,
        "staff",
        "id",
        staff,
        json!({"name": "Suzuki", "roles": []}),
    )
    .await;
    let payment = json!({
        "paymentCode": "21", "description": "Gift", "limitAmount": 10_000, "canRefund": false,
        "canDepositOver": true, "canChange": false, "isActive": true,
    });
    live(
        &tenant,
        "payments",
        "paymentCode",
        payment,
        json!({"isActive": false, "limitAmount": 0.5}),
    )
    .await;
    let item = json!({
        "itemCode": "8801-M", "description": "Linen towel", "unitPrice": 980, "unitCost": 410.25,
        "itemDetails": ["70x140"], "imageUrls": ["img/towel.png"], "categoryCode": "320", "taxCode": "01",
        "isDiscountRestricted": true,
    });
    live(
        &tenant,
        "items",
        "itemCode",
        item,
        json!({"unitPrice": 990, "isDiscountRestricted": false}),
    )
    .await;
    let setting = json!({
        "name": "SLOGAN", "defaultValue": "[]",
        "values": [{"storeCode": "tk01", "terminalNo": null, "value": "[1]"}],
    });
    live(
        &tenant,
        "settings",
        "name",
        setting,
        json!({"defaultValue": "x", "values": []}),
    )
    .await;
    let tax = json!({
        "taxCode": "77", "taxType": "External", "taxName": "Local 7%", "rate": 7, "roundDigit": 0, "roundMethod": "Round",
    });
    live(
        &tenant,
        "taxes",
        "taxCode",
        tax,
        json!({"rate": 7.5, "roundMethod": "Ceil"}),
    )
    .await;
}

#[tokio::test]
async fn store_prices_stand_beside_the_common_one() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.item("8801-M", "980", "01").await;
    tenant.store("tk01").await;
    let rest = tenant.rest();
    let details = tenant.path("stores/tk01/items/8801-M/details");
    let shown = rest.get(&details).await.ok();
    assert_eq!(
        (&shown["unitPrice"], &shown["storePrice"]),
        (&json!(980), &Value::Null)
    );
    let price = json!({"itemCode": "8801-M", "storePrice": 880});
    let record = json!({"itemCode": "NONE", "storePrice": 1});
    rest.post(&tenant.path("stores/tk01/items"), record)
        .await
        .refused(404, "100001");
    live(
        &tenant,
        "stores/tk01/items",
        "itemCode",
        price.clone(),
        json!({"storePrice": 870.5}),
    )
    .await;
    tenant.enter("stores/tk01/items", price).await;
    let shown = rest.get(&details).await.ok();
    assert_eq!(
        (&shown["unitPrice"], &shown["storePrice"]),
        (&json!(980), &json!(880))
    );
    rest.delete(&tenant.path("items/8801-M?is_logical=true"))
        .await
        .ok();
    rest.get(&details).await.refused(404, "100001");
    rest.get(&tenant.path("items/8801-M"))
        .await
        .refused(404, "100001");
    let deleted = rest
        .get(&tenant.path("items/8801-M?is_logical_deleted=true"))
        .await
        .ok();
    assert_eq!(deleted["isDeleted"], true);
}

#[tokio::test]
async fn settings_are_resolved_from_the_till_outwards() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let setting = json!({
        "name": "RECEIPT_FOOTERS", "defaultValue": "[{'text': 'See you', 'align': 'center'}]",
        "values": [
            {"value": "[{'text': 'everywhere'}]"},
            {"storeCode": "tk01", "value": "[]"},
            {"storeCode": "tk01", "terminalNo": 4, "value": "[{\"text\":\"Lane 4\"}]"},
        ],
    });
    let made = tenant.enter("settings", setting).await;
    assert_eq!(
        made["defaultValue"],
        r#"[{"text": "See you", "align": "center"}]"#
    );
    assert_eq!(made["values"][2]["value"], r#"[{"text": "Lane 4"}]"#);
    for (query, expected) in [
        ("store_code=tk01&terminal_no=4", r#"[{"text": "Lane 4"}]"#),
        ("store_code=tk01&terminal_no=9", "[]"),
        ("store_code=os01&terminal_no=4", r#"[{"text": "everywhere"}]"#),
    ] {
        let path = tenant.path(&format!("settings/RECEIPT_FOOTERS/value?{query}"));
        assert_eq!(
            tenant.rest().get(&path).await.ok(),
            json!({"value": expected}),
            "{query}"
        );
    }
    let path = tenant.path("settings/NONE/value?store_code=tk01&terminal_no=1");
    tenant.rest().get(&path).await.refused(404, "100001");
}

#[tokio::test]
async fn the_tax_table_is_there_from_the_first_day() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let taxes = tenant.rest().get(&tenant.path("taxes")).await.ok();
    let table: Vec<_> = taxes
        .as_array()
        .unwrap()
        .iter()
        .map(|tax| {
            json!([
                tax["taxCode"],
                tax["taxType"],
                tax["taxName"],
                tax["rate"],
                tax["roundMethod"]
            ])
        })
        .collect();
    let expected = json!([
        ["00", "Exempt", "非課税", 0, null],
        ["01", "External", "外税10%", 10, "Floor"],
        ["02", "Internal", "内税10%", 10, "Floor"],
        ["11", "External", "外税 8%", 8, "Floor"],
        ["12", "Internal", "内税 8%", 8, "Floor"],
    ]);
    assert_eq!(json!(table), expected);
}

#[tokio::test]
async fn promotions_are_active_where_and_when_they_say() {
    let (world, clock) = World::start_at("2026-06-10T03:00:00Z").await;
    let tenant = world.tenant().await;
    let rest = tenant.rest();
    let promotion = json!({
        "promotionCode": "JUN-BATH", "promotionType": "category_discount", "name": "Bath week",
        "startDatetime": "2026-06-08T00:00:00+09:00", "endDatetime": "2026-06-14T23:59:59+09:00",
        "detail": {"targetStoreCodes": ["tk01"], "targetCategoryCodes": ["320"], "discountRate": 12.5},
    });
    let made = tenant.enter("promotions", promotion.clone()).await;
    assert_eq!(
        (&made["isActive"], &made["detail"]),
        (&json!(true), &promotion["detail"])
    );
    let active = async |query: &str| -> usize {
        let rows = rest
            .get(&tenant.path(&format!("promotions/active?{query}")))
            .await
            .ok();
        rows.as_array().unwrap().len()
    };
    for (query, count) in [
        ("", 1),
        ("storeCode=tk01", 1),
        ("store_code=os01", 0),
        ("categoryCode=320", 1),
        ("categoryCode=10", 0),
        (
            "storeCode=tk01&categoryCode=320&promotionType=category_discount",
            1,
        ),
        ("promotionType=other", 0),
    ] {
        assert_eq!(active(query).await, count, "{query}");
    }
    clock.advance(5 * 24 * 3600);
    let tenant_rest = world.rest().bearer(&log_in_again(&tenant).await);
    let path = tenant.path("promotions/active");
    assert_eq!(tenant_rest.get(&path).await.ok(), json!([]), "the week is over");
    for (change, field) in [
        (json!({"endDatetime": "2026-06-01T00:00:00+09:00"}), "endDatetime"),
        (json!({"startDatetime": "soon"}), "startDatetime"),
        (
            json!({"detail": {"targetCategoryCodes": [], "discountRate": 5}}),
            "detail.targetCategoryCodes",
        ),
        (
            json!({"detail": {"targetCategoryCodes": ["1"], "discountRate": 101}}),
            "detail.discountRate",
        ),
    ] {
        tenant_rest
            .put(&tenant.path("promotions/JUN-BATH"), change)
            .await
            .refused_field(field);
    }
    assert_eq!(
        tenant_rest.delete(&tenant.path("promotions/JUN-BATH")).await.ok(),
        json!({"promotionCode": "JUN-BATH"})
    );
    tenant_rest
        .get(&tenant.path("promotions/JUN-BATH"))
        .await
        .refused(404, "100001");
    tenant_rest
        .post(&tenant.path("promotions"), promotion)
        .await
        .refused(400, "500005");
}

/// A fresh token after the clock went past the old one.
async fn log_in_again(tenant: &Tenant) -> String {
    let form = format!(
        "username=owner&password={}&client_id={}",
        Tenant::PASSWORD,
        tenant.id
    );
    let reply = tenant.site().rest().form("/accounts/token", &form).await;
    reply.body["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn item_books_grow_and_shrink() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.item("8801-M", "980", "01").await;
    tenant.store("tk01").await;
    let rest = tenant.rest();
    let book = tenant.enter("item_books", json!({"title": "Main book"})).await;
    let path = tenant.path(&format!("item_books/{}", book["itemBookId"].as_str().unwrap()));
    let at = |rest: &str| format!("{path}{rest}");
    let category = json!({"categoryNumber": 1, "title": "Home", "color": "#eee"});
    rest.post(&at("/categories"), category.clone()).await.created();
    rest.post(&at("/categories"), category)
        .await
        .refused(400, "500005");
    let tab = json!({"tabNumber": 2, "title": "Bath", "color": "#ddd"});
    rest.post(&at("/categories/1/tabs"), tab.clone()).await.created();
    rest.post(&at("/categories/9/tabs"), tab)
        .await
        .refused(404, "100001");
    let button = |x: i32, y: i32, size: &str| json!({"posX": x, "posY": y, "size": size, "imageUrl": "i.png", "colorText": "#224466", "itemCode": "8801-M"});
    let buttons = at("/categories/1/tabs/2/buttons");
    for (x, y) in [(3, 2), (3, 1), (1, 2)] {
        rest.post(&buttons, button(x, y, "DoubleWidth")).await.created();
    }
    rest.post(&buttons, button(9, 9, "Huge"))
        .await
        .refused(422, "300001");
    rest.post(&buttons, button(3, 2, "Single"))
        .await
        .refused(400, "500005");
    let detail = rest.get(&at("/detail?store_code=tk01")).await.ok();
    let shown = &detail["categories"][0]["tabs"][0]["buttons"][0];
    assert_eq!(
        (&shown["unitPrice"], &shown["description"]),
        (&json!(980), &json!("Article 8801-M"))
    );
    let position = |x: i32, y: i32| format!("{buttons}/pos_x/{x}/pos_y/{y}");
    rest.put(&position(1, 2), button(0, 0, "Quad")).await.ok();
    rest.put(&position(3, 1), button(3, 2, "Single"))
        .await
        .refused(422, "300001");
    let gone = rest.delete(&position(3, 2)).await.ok();
    assert_eq!((&gone["posX"], &gone["posY"]), (&json!(3), &json!(2)));
    let left = rest.get(&path).await.ok()["categories"][0]["tabs"][0]["buttons"].clone();
    let left: Vec<_> = left
        .as_array()
        .unwrap()
        .iter()
        .map(|button| (button["posX"].clone(), button["posY"].clone()))
        .collect();
    assert_eq!(left.len(), 2, "only the one that was meant: {left:?}");
    assert_eq!(
        rest.delete(&at("/categories/1/tabs/2")).await.ok()["tabNumber"],
        2
    );
    rest.put(
        &at("/categories/1"),
        json!({"categoryNumber": 5, "title": "Bad", "color": "#fff"}),
    )
    .await
    .ok();
    assert_eq!(rest.delete(&at("/categories/5")).await.ok()["categoryNumber"], 5);
    let whole = json!({"title": "New", "categories": [{"categoryNumber": 1, "title": "A", "color": "b", "tabs": []}]});
    assert_eq!(rest.put(&path, whole).await.ok()["categories"][0]["title"], "A");
    assert_eq!(
        rest.delete(&path).await.ok(),
        json!({"itemBookId": book["itemBookId"]})
    );
}
