//! Journal, reports and stock through REST, by the fields of the contract.

use kugel_testkit::{Rest, World};
use serde_json::{Value, json};

use crate::accounts::members;
use crate::shop::Shop;

const NOON: &str = "2026-06-11T05:03:09Z";

#[tokio::test]
async fn the_journal_is_searched_by_every_filter() {
    let (world, _) = World::start_at(NOON).await;
    let shop = Shop::build(&world).await;
    shop.tenant.item("COFFEE", "500", "01").await;
    shop.till.sell(&[("TEA", 1)]).await;
    shop.store.till(2).await.sell(&[("COFFEE", 1)]).await;
    let cart = shop.till.basket(&[("TEA", 1)]).await;
    shop.till.command(&cart, "cancel", json!({})).await;
    world.settled().await;
    let rest = shop.tenant.rest();
    let types = async |query: &str| -> Vec<i64> {
        let rows = rest
            .get(&shop.store.path(&format!("journals?{query}")))
            .await
            .ok();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["transactionType"].as_i64().unwrap())
            .collect()
    };
    let day = "business_date_from=20260611&business_date_to=20260611";
    for (query, expected) in [
        ("terminals=2&transaction_types=101", &[101][..]),
        (
            "transaction_types=101&transaction_types=-101&sort=receipt_no:1,terminal_no:1",
            &[101, 101, -101],
        ),
        ("transaction_types=101&keywords=COFFEE", &[101]),
        ("transaction_types=101&keywords=COFFEE&keywords=TEA", &[101, 101]),
        ("keywords=.*", &[]),
        ("receipt_no_from=111112&receipt_no_to=111112", &[-101]),
        (&format!("{day}&transaction_types=-101"), &[-101]),
        ("business_date_from=20260612&business_date_to=20260613", &[]),
        (
            "generate_date_time_from=20260611T140309&generate_date_time_to=20260611T140309&transaction_types=-101",
            &[-101],
        ),
        (
            "generate_date_time_from=2026-06-12T00:00:00&generate_date_time_to=2026-06-13T00:00:00",
            &[],
        ),
        ("transaction_types=101&limit=1&page=2&sort=terminal_no:1", &[101]),
        ("transaction_types=101&limit=1&page=3", &[]),
    ] {
        assert_eq!(types(query).await, expected, "{query}");
    }
    for query in [
        "terminals=1,2",
        "business_date_from=soon&business_date_to=20260611",
        "page=0",
        "sort=x:1",
    ] {
        let reply = rest.get(&shop.store.path(&format!("journals?{query}"))).await;
        assert!((400..500).contains(&reply.status), "{query}: {}", reply.text);
    }
    let reply = rest
        .get(&shop.store.path("journals?transaction_types=101&limit=1"))
        .await;
    let metadata = &reply.body["metadata"];
    assert_eq!((&metadata["total"], &metadata["limit"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn an_entry_can_be_written_by_hand() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let entry = json!({
        "tenantId": shop.tenant.id, "storeCode": "tk01", "terminalNo": 1, "transactionType": 501,
        "businessDate": "20260611", "openCounter": 1, "businessCounter": 1,
        "generateDateTime": "2026-06-11T14:00:00+09:00", "journalText": "drawer counted", "receiptText": "r",
    });
    let path = shop.store.path("terminals/1/journals");
    let written = shop.tenant.rest().post(&path, entry.clone()).await.created();
    assert_eq!(
        (&written["transactionType"], &written["journalText"]),
        (&json!(501), &json!("drawer counted"))
    );
    let found = shop
        .till
        .rest()
        .get(&shop.store.path("journals?keywords=counted"))
        .await
        .ok();
    assert_eq!(found.as_array().unwrap().len(), 1);
    let mut foreign = entry.clone();
    foreign["tenantId"] = json!("OTHER");
    let reply = shop.tenant.rest().post(&path, foreign).await;
    assert!((400..500).contains(&reply.status), "{}", reply.text);
    let mut partial = entry;
    partial.as_object_mut().unwrap().remove("openCounter");
    let reply = shop.tenant.rest().post(&path, partial).await;
    assert_eq!(reply.status, 422, "{}", reply.text);
}

async fn report(rest: &Rest, shop: &Shop, query: &str) -> Value {
    rest.get(&shop.store.path(&format!("reports?{query}"))).await.ok()
}

#[tokio::test]
async fn every_report_counts_the_same_sales() {
    let (world, _) = World::start_at(NOON).await;
    let shop = Shop::build(&world).await;
    let category =
        json!({"categoryCode": "10", "description": "Drinks", "descriptionShort": "D", "taxCode": "01"});
    shop.tenant.enter("categories", category).await;
    let promotion = json!({
        "promotionCode": "P9", "promotionType": "category_discount", "name": "Tea week",
        "startDatetime": "2026-06-01T00:00:00+09:00", "endDatetime": "2026-06-30T00:00:00+09:00",
        "detail": {"targetStoreCodes": [], "targetCategoryCodes": ["10"], "discountRate": 10},
    });
    shop.till.sell(&[("TEA", 2)]).await;
    shop.tenant.enter("promotions", promotion).await;
    shop.till.sell(&[("TEA", 1)]).await;
    world.settled().await;
    let rest = shop.tenant.rest();
    let query = |kind: &str| format!("report_scope=flash&report_type={kind}&business_date=20260611");
    let sales = report(&rest, &shop, &query("sales")).await;
    // 655 and 294 with tax; the second with 30 off.
    assert_eq!(
        sales["salesGross"],
        json!({"amount": 979, "quantity": 3, "count": 2})
    );
    assert_eq!(sales["discountForLineitems"]["amount"], 30);
    let categories = report(&rest, &shop, &query("category")).await;
    let row = &categories["categories"][0];
    assert_eq!(
        (&row["categoryCode"], &row["categoryName"]),
        (&json!("10"), &json!("Drinks"))
    );
    assert_eq!(
        (&row["quantity"], &row["discountAmount"]),
        (&json!(3), &json!(30))
    );
    assert_eq!(categories["totalNetAmount"], row["netAmount"]);
    let items = report(&rest, &shop, &query("item")).await;
    assert_eq!(items["categories"][0]["items"][0]["itemCode"], "TEA");
    assert_eq!(items["totalNetAmount"], categories["totalNetAmount"]);
    let payments = report(&rest, &shop, &query("payment")).await;
    assert_eq!(payments["total"], json!({"count": 2, "amount": 949}));
    assert_eq!(payments["paymentSummary"][0]["ratio"], 100);
    let promotions = report(&rest, &shop, &query("promotion")).await;
    assert_eq!(promotions["promotions"][0]["promotionCode"], "P9");
    assert_eq!(promotions["promotions"][0]["discountAmount"], 30);
    shop.till.closed("949").await;
    world.settled().await;
    for kind in ["sales", "category", "item", "payment", "promotion"] {
        let range = "business_date_from=20260610&business_date_to=20260612";
        let daily = report(
            &rest,
            &shop,
            &format!("report_scope=daily&report_type={kind}&{range}"),
        )
        .await;
        assert_eq!(daily["reportType"], kind);
        let path = format!("terminals/1/reports?{}", query(kind));
        let terminal = rest.get(&shop.store.path(&path)).await.ok();
        assert_eq!(terminal["terminalNo"], 1, "{kind}");
    }
    insta::assert_snapshot!("flash_sales", sales["journalText"].as_str().unwrap());
}

#[tokio::test]
async fn a_report_that_cannot_be_made_says_why() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let rest = shop.tenant.rest();
    for (query, status, code) in [
        ("report_type=sales&business_date=20260611", 422, "300001"),
        ("report_scope=flash&business_date=20260611", 422, "300001"),
        (
            "report_scope=weekly&report_type=sales&business_date=20260611",
            400,
            "412005",
        ),
        ("report_scope=flash&report_type=sales", 400, "100000"),
        (
            "report_scope=flash&report_type=sales&business_date=yesterday",
            400,
            "412006",
        ),
        (
            "report_scope=flash&report_type=sales&business_date_from=20260601",
            400,
            "100000",
        ),
        (
            "report_scope=flash&report_type=sales&business_date_from=20260601&business_date_to=20260602",
            400,
            "100000",
        ),
        (
            "report_scope=daily&report_type=sales&business_date_from=20260603&business_date_to=20260602",
            400,
            "412003",
        ),
    ] {
        let reply = rest.get(&shop.store.path(&format!("reports?{query}"))).await;
        reply.envelope();
        assert_eq!(
            (reply.status, &reply.body["code"]),
            (status, &json!(code)),
            "{query}: {}",
            reply.text
        );
    }
    // A terminal's report leaves its trace in the journal.
    let query = format!(
        "reports?report_scope=flash&report_type=sales&business_date=20260611&terminal_id={}",
        shop.till.terminal_id
    );
    shop.till.rest().get(&shop.store.path(&query)).await.ok();
    let found = rest
        .get(&shop.store.path("journals?transaction_types=501"))
        .await
        .ok();
    assert_eq!(
        (&found[0]["terminalNo"], &found[0]["staffId"]),
        (&json!(1), &json!("31"))
    );
}

#[tokio::test]
async fn stock_is_moved_listed_and_kept() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let rest = shop.tenant.rest();
    let stock = |rest: &str| shop.store.path(&format!("stock{rest}"));
    let update =
        json!({"quantityChange": 10.5, "updateType": "purchase", "referenceId": "PO-1", "note": "van"});
    let moved = rest.put(&stock("/TEA/update"), update).await.ok();
    for (field, expected) in [
        ("beforeQuantity", json!(0)),
        ("afterQuantity", json!(10.5)),
        ("quantityChange", json!(10.5)),
        ("updateType", json!("purchase")),
        ("referenceId", json!("PO-1")),
        ("note", json!("van")),
    ] {
        assert_eq!(moved[field], expected, "{field}");
    }
    let reorder = json!({"reorderPoint": 20, "reorderQuantity": 50});
    assert_eq!(rest.put(&stock("/TEA/reorder"), reorder).await.ok(), Value::Null);
    assert_eq!(
        rest.put(&stock("/MILK/minimum"), json!({"minimumQuantity": 5}))
            .await
            .ok(),
        Value::Null
    );
    let codes = async |path: &str| -> Vec<String> {
        let list = rest.get(&stock(path)).await.ok();
        assert_eq!(members(&list), ["data", "metadata"], "lists are nested");
        let rows = list["data"].as_array().unwrap();
        rows.iter()
            .map(|row| row["itemCode"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(codes("").await, ["MILK", "TEA"]);
    assert_eq!(codes("?limit=1&page=2").await, ["TEA"]);
    assert_eq!(codes("/low").await, ["MILK"]);
    assert_eq!(codes("/reorder-alerts").await, ["TEA"]);
    let snapshot = rest
        .post(&stock("/snapshot"), json!({"createdBy": "mori"}))
        .await
        .created();
    assert_eq!(
        (&snapshot["totalItems"], &snapshot["totalQuantity"]),
        (&json!(2), &json!(10.5))
    );
    let id = snapshot["snapshotId"].as_str().unwrap();
    assert_eq!(
        rest.get(&stock(&format!("/snapshot/{id}"))).await.ok()["createdBy"],
        "mori"
    );
    for path in ["/snapshots", "/snapshot"] {
        assert_eq!(rest.get(&stock(path)).await.ok()["data"][0]["snapshotId"], id);
    }
}

#[tokio::test]
async fn the_snapshot_schedule_is_set_and_dropped() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let rest = tenant.rest();
    let path = tenant.path("stock/snapshot-schedule");
    let standard = rest.get(&path).await.ok();
    assert_eq!(
        (&standard["schedule_interval"], &standard["schedule_hour"]),
        (&json!("daily"), &json!(2))
    );
    let weekly = json!({"schedule_interval": "weekly", "schedule_hour": 3, "schedule_day_of_week": 0, "target_stores": ["tk01"]});
    let set = rest.put(&path, weekly).await.ok();
    assert_eq!(
        (&set["tenant_id"], &set["retention_days"]),
        (&json!(tenant.id), &json!(30))
    );
    assert!(set["next_execution_at"].is_string());
    for (body, field) in [
        (
            json!({"schedule_interval": "yearly", "schedule_hour": 3}),
            "schedule_interval",
        ),
        (
            json!({"schedule_interval": "daily", "schedule_hour": 24}),
            "schedule_hour",
        ),
        (
            json!({"schedule_interval": "weekly", "schedule_hour": 3}),
            "schedule_day_of_week",
        ),
        (
            json!({"schedule_interval": "monthly", "schedule_hour": 3}),
            "schedule_day_of_month",
        ),
        (
            json!({"schedule_interval": "daily", "schedule_hour": 3, "retention_days": 366}),
            "retention_days",
        ),
    ] {
        let reply = rest.put(&path, body).await;
        reply.envelope();
        assert!((400..500).contains(&reply.status), "{field}: {}", reply.text);
        assert_eq!(
            reply.body["userError"]["fields"][0]["field"], field,
            "{}",
            reply.text
        );
    }
    assert_eq!(rest.get(&path).await.ok()["schedule_interval"], "weekly");
    assert_eq!(rest.delete(&path).await.ok(), json!({"deleted": true}));
    assert_eq!(rest.get(&path).await.ok()["schedule_interval"], "daily");
}
