//! Settings that Kugel reads: what they are, and what it does not take for them.

use kugel_testkit::World;
use kugel_types::trade::setting::SETTINGS;
use serde_json::{Value, json};

use crate::doors::Client;

/// A value that nobody could read, and one that is good.
fn values(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "choice" => ("perhaps", ""),
        "integer" => ("banana", "12"),
        "amount" => ("-1", "5"),
        "json" => ("see you", "[]"),
        _ => ("", "anything: [{"),
    }
}

#[tokio::test]
async fn every_setting_says_what_it_is_and_takes_nothing_else() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let till = tenant.store("tk01").await.till(1).await;
    for client in Client::all(&till) {
        let list = "master_data.v1.SettingService.ListSettingDefinitions";
        let answer = client.call(list, json!({"tenantId": tenant.id})).await.unwrap();
        let definitions = answer["definitions"]
            .as_array()
            .or(answer.as_array())
            .unwrap()
            .clone();
        assert_eq!(definitions.len(), SETTINGS.len());
        for definition in definitions {
            assert!(
                !definition["meaning"].as_str().unwrap().is_empty(),
                "{definition}"
            );
        }
    }
    let definitions = tenant.path("setting-definitions");
    let definitions = tenant.rest().get(&definitions).await.ok();
    for definition in definitions.as_array().unwrap() {
        let (name, kind) = (&definition["name"], definition["type"].as_str().unwrap());
        let (bad, good) = values(kind);
        let setting =
            |default: &str, values: Value| json!({"name": name, "defaultValue": default, "values": values});
        if !bad.is_empty() {
            let refused = tenant
                .rest()
                .post(&tenant.path("settings"), setting(bad, json!([])))
                .await;
            refused.refused(422, "300001").refused_field("defaultValue");
            let values = json!([{"storeCode": "tk01", "value": good}, {"storeCode": "tk02", "value": bad}]);
            let refused = tenant
                .rest()
                .post(&tenant.path("settings"), setting(good, values))
                .await;
            refused.refused(422, "300001").refused_field("values[1].value");
        }
        tenant
            .enter(
                "settings",
                setting(good, json!([{"storeCode": "tk01", "value": good}])),
            )
            .await;
        for choice in definition["choices"].as_array().unwrap() {
            let path = tenant.path(&format!("settings/{}", name.as_str().unwrap()));
            tenant
                .rest()
                .put(&path, setting(choice.as_str().unwrap(), json!([])))
                .await
                .ok();
        }
    }
    // Names that Kugel does not read may say anything.
    tenant
        .enter(
            "settings",
            json!({"name": "SLOGAN", "defaultValue": "banana", "values": []}),
        )
        .await;
    world.finish().await;
}

#[tokio::test]
async fn a_place_has_one_value_and_a_terminal_its_store() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    for (values, field) in [
        (json!([{"terminalNo": 4, "value": "x"}]), "values[0].storeCode"),
        (
            json!([{"value": "x"}, {"storeCode": "tk01", "value": "x"}, {"value": "y"}]),
            "values[2].value",
        ),
        (
            json!([{"storeCode": "tk01", "terminalNo": 4, "value": "x"}, {"storeCode": "tk01", "terminalNo": 4, "value": "x"}]),
            "values[1].value",
        ),
    ] {
        let setting = json!({"name": "SLOGAN", "defaultValue": "", "values": values});
        let refused = tenant.rest().post(&tenant.path("settings"), setting).await;
        refused.refused(422, "300001").refused_field(field);
    }
    world.finish().await;
}

#[tokio::test]
async fn receipt_numbers_keep_a_range_at_every_till() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let setting = |name: &str, default: &str, values: Value| json!({"name": name, "defaultValue": default, "values": values});
    let put = |name: &'static str, default: &'static str, values: Value| {
        let (rest, path) = (tenant.rest(), tenant.path(&format!("settings/{name}")));
        async move { rest.put(&path, setting(name, default, values)).await }
    };
    let (start, end) = ("RECEIPT_NO_START_VALUE", "RECEIPT_NO_END_VALUE");
    tenant
        .enter(
            "settings",
            setting(start, "100", json!([{"storeCode": "tk01", "value": "500"}])),
        )
        .await;
    let too_low = setting(end, "400", json!([]));
    tenant
        .rest()
        .post(&tenant.path("settings"), too_low)
        .await
        .refused(422, "300001")
        .refused_field("values");
    tenant.enter("settings", setting(end, "900", json!([]))).await;
    put(
        end,
        "900",
        json!([{"storeCode": "tk01", "terminalNo": 2, "value": "499"}]),
    )
    .await
    .refused(422, "300001");
    put(start, "901", json!([])).await.refused(422, "300001");
    put(start, "900", json!([])).await.ok();
    let till = tenant.store("tk01").await.till(2).await;
    till.cart().await;
    world.finish().await;
}
