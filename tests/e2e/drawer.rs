//! The cash drawer through every door: its coins, what is taken out of it, and what a close says of it.

use futures::future::{join, join_all};
use kugel_testkit::{Store, Till, World};
use serde_json::{Value, json};

use crate::doors::{Client, decimal_of};
use crate::shop::Shop;

const SESSIONS: &str = "terminal.v1.SessionService";

/// Calls a method of sessions at a till.
async fn call(client: &Client, method: &str, till: &Till, amount: (&str, &str)) -> Result<Value, String> {
    let mut request = json!({"terminalId": till.terminal_id});
    if !amount.1.is_empty() {
        request[amount.0] = decimal_of(amount.1);
    }
    client.call(&format!("{SESSIONS}.{method}"), request).await
}

#[tokio::test]
async fn who_counts_nothing_is_not_short() {
    let (world, _) = World::start_at("2026-06-11T05:03:09Z").await;
    let shop = Shop::build(&world).await;
    let (till, office) = (&shop.till, shop.tenant.rest());
    let report = async |scope: &str| {
        world.settled().await;
        let query = format!("reports?report_scope={scope}&report_type=sales&business_date=20260611");
        let report = office.get(&shop.store.path(&query)).await.ok();
        let text = report["journalText"].as_str().unwrap().to_owned();
        (report["cash"].clone(), text)
    };
    till.sell(&[("TEA", 2)]).await;
    let (cash, text) = report("flash").await;
    assert_eq!(
        (&cash["logicalAmount"], &cash["physicalAmount"]),
        (&json!(655), &Value::Null)
    );
    assert_eq!(
        (&cash["differenceAmount"], &cash["uncountedCount"]),
        (&Value::Null, &json!(0))
    );
    assert!(text.contains(" 過不足                   未計数"), "{text}");
    for (number, client) in (1..).zip(Client::all(till)) {
        let expected = if number == 1 { json!(655) } else { json!(0) };
        let closed = call(&client, "CloseTerminal", till, ("physicalAmount", ""))
            .await
            .unwrap();
        assert_eq!(closed["expectedAmount"], expected);
        assert_eq!(
            (closed.get("physicalAmount"), closed.get("differenceAmount")),
            (None, None)
        );
        for line in [
            "ドロア内現金              未計数",
            "過不足                    未計数",
        ] {
            assert!(closed["journalText"].as_str().unwrap().contains(line), "{closed}");
        }
        till.opened("0").await;
        // Nobody found anything, which is a count.
        let (cash, _) = report("flash").await;
        assert_eq!(
            (&cash["physicalAmount"], &cash["uncountedCount"]),
            (&json!(null), &json!(number))
        );
    }
    till.closed("0").await;
    let (cash, _) = report("daily").await;
    let expected = json!({
        "logicalAmount": 655, "physicalAmount": 0, "differenceAmount": 0, "uncountedCount": 3,
        "cashIn": {"amount": 0, "count": 0}, "cashOut": {"amount": 0, "count": 0},
    });
    assert_eq!(cash, expected);
    till.opened("100").await.closed("90").await;
    till.opened("100").await.closed("130").await;
    let (cash, text) = report("daily").await;
    assert_eq!(
        (&cash["physicalAmount"], &cash["differenceAmount"]),
        (&json!(220), &json!(20))
    );
    assert!(text.contains(" 未計数の精算                3件"), "{text}");
    world.finish().await;
}

#[tokio::test]
async fn cash_out_of_more_than_there_is_follows_the_tenant() {
    let (world, _) = World::start_at("2026-06-11T05:03:09Z").await;
    let shop = Shop::build(&world).await;
    let setting = |default: &str, there: &str| {
        json!({
            "name": "CASH_OUT_OVER_DRAWER", "defaultValue": default,
            "values": [{"storeCode": "tk01", "terminalNo": 2, "value": there}],
        })
    };
    let office = shop.tenant.rest();
    let settings = shop.tenant.path("settings");
    let reply = office.post(&settings, setting("never", "refuse")).await;
    reply.refused_field("defaultValue");
    let reply = office.post(&settings, setting("warn", "Refuse")).await;
    reply.refused_field("values[0].value");
    let (first, second) = (&shop.till, shop.store.till(2).await);
    let out = ["RecordCashOut", "RecordCashInOut"];
    for client in Client::all(first) {
        let moved = call(&client, out[0], first, ("amount", "100")).await.unwrap();
        assert_eq!(
            moved.get("overDrawerAmount"),
            None,
            "whatever is taken is allowed"
        );
    }
    first.closed("0").await;
    first.opened("0").await;
    shop.tenant.enter("settings", setting("warn", "refuse")).await;
    for (door, (warned, refused)) in Client::all(first).iter().zip(Client::all(&second)).enumerate() {
        for till in [first, &second] {
            till.sell(&[("TEA", 2)]).await;
        }
        let (method, sign) = (out[door % 2], ["", "-"][door % 2]);
        let amount = |text: &str| format!("{sign}{text}");
        let moved = call(warned, method, first, ("amount", &amount("700")))
            .await
            .unwrap();
        assert_eq!(moved["overDrawerAmount"], 45);
        assert!(
            moved["journalText"]
                .as_str()
                .unwrap()
                .contains("ドロア残高超過              45円")
        );
        let back = call(warned, "RecordCashIn", first, ("amount", "45"))
            .await
            .unwrap();
        assert_eq!(back.get("overDrawerAmount"), None);
        let more = call(&refused, method, &second, ("amount", &amount("656"))).await;
        assert_eq!(more.unwrap_err(), "406103");
        call(&refused, method, &second, ("amount", &amount("655")))
            .await
            .unwrap();
    }
    let reply = second
        .rest()
        .post(&second.path("cash-out"), json!({"amount": 1}))
        .await;
    let reply = reply.refused(400, "406103");
    assert_eq!(
        (&reply.body["message"], &reply.body["userError"]["message"]),
        (
            &json!("the drawer holds 0: amount: must not be more than the drawer holds"),
            &json!("ドロア内の現金が不足しています")
        )
    );
    assert_eq!(reply.body["userError"]["fields"][0]["field"], "amount");
    let english = second.rest().header("accept-language", "en");
    let reply = english.post(&second.path("cash-out"), json!({"amount": 1})).await;
    assert_eq!(
        reply.refused(400, "406103").body["userError"]["message"],
        "The drawer does not hold that much cash"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_drawer_is_not_emptied_twice_while_somebody_sells() {
    let (world, _) = World::start_at("2026-06-11T05:03:09Z").await;
    let shop = Shop::build(&world).await;
    let setting = json!({"name": "CASH_OUT_OVER_DRAWER", "defaultValue": "refuse"});
    shop.tenant.enter("settings", setting).await;
    let till = &shop.till;
    let (rest, path) = (till.rest(), till.path("cash-out"));
    let sales = join_all((0..6).map(|_| till.sell(&[("TEA", 2)])));
    let takings = join_all((0..24).map(|_| rest.post(&path, json!({"amount": 500}))));
    let (_, takings) = join(sales, takings).await;
    let mut left = 6 * 655;
    for taken in takings {
        match taken.status {
            200 => left -= 500,
            _ => drop(taken.refused(400, "406103")),
        }
        assert!(left >= 0);
    }
    while left >= 500 {
        rest.post(&path, json!({"amount": 500})).await.ok();
        left -= 500;
    }
    rest.post(&path, json!({"amount": 500}))
        .await
        .refused(400, "406103");
    let closed = rest.post(&till.path("close"), json!({})).await.ok();
    assert_eq!(closed["expectedAmount"], left);
    world.finish().await;
}

#[tokio::test]
async fn only_coins_lie_in_a_drawer() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let (office, stores) = (shop.tenant.rest(), shop.tenant.path("stores"));
    let store = |currency: &str, coin: Value| json!({"storeCode": "zh01", "storeName": "Plum", "currency": currency, "cashCoin": coin});
    for currency in ["XXX", "ZZZ"] {
        let reply = office.post(&stores, store(currency, Value::Null)).await;
        reply.refused_field("currency");
    }
    for coin in ["0", "-0.05", "0.001"] {
        let reply = office.post(&stores, store("CHF", json!(coin))).await;
        reply.refused_field("cashCoin");
    }
    office.post(&stores, store("CHF", Value::Null)).await.created();
    let path = shop.tenant.path("stores/zh01");
    assert_eq!(office.get(&path).await.ok()["cashCoin"].to_string(), "0.05");
    let zurich = Store {
        tenant: shop.tenant.clone(),
        code: "zh01".to_owned(),
    };
    let till = zurich.closed_till(1).await.signed_in().await;
    for client in Client::all(&till) {
        let steps = async |amount: &str| {
            let mut answers = Vec::new();
            for (method, field) in [
                ("OpenTerminal", "initialAmount"),
                ("RecordCashIn", "amount"),
                ("RecordCashOut", "amount"),
                ("CloseTerminal", "physicalAmount"),
            ] {
                let answer = call(&client, method, &till, (field, amount)).await;
                answers.push(answer.map(drop));
            }
            answers
        };
        assert_eq!(steps("0.05").await, [Ok(()), Ok(()), Ok(()), Ok(())]);
        let open = till.opened("100").await;
        let refused = || Err("300001".to_owned());
        assert_eq!(
            steps("100.03").await,
            [refused(), refused(), refused(), refused()]
        );
        for (path, field) in [
            ("open", "initialAmount"),
            ("cash-in", "amount"),
            ("cash-out", "amount"),
            ("close", "physicalAmount"),
        ] {
            let reply = till.rest().post(&till.path(path), json!({field: 0.03})).await;
            reply.refused_field(field);
        }
        let change = json!({"storeName": "Plum", "currency": "EUR"});
        office.put(&path, change).await.refused(400, "407107");
        open.closed("100").await;
    }
    let own = json!({"storeName": "Plum", "cashCoin": 0.1});
    assert_eq!(office.put(&path, own).await.ok()["cashCoin"].to_string(), "0.1");
    world.finish().await;
}

#[tokio::test]
async fn the_currency_of_a_store_stays_once_a_till_was_open() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let office = tenant.rest();
    let stores = tenant.path("stores");
    let store =
        |currency: Option<&str>| json!({"storeCode": "abroad", "storeName": "Plum", "currency": currency});
    tenant.enter("stores", store(Some("CHF"))).await;
    let path = tenant.path("stores/abroad");
    for currency in ["JPY", "CHF"] {
        let change = json!({"storeName": "Plum", "currency": currency});
        office.put(&path, change).await.ok();
    }
    let here = Store {
        tenant: tenant.clone(),
        code: "abroad".to_owned(),
    };
    let till = here.till(1).await.closed("0").await;
    let change = json!({"storeName": "Plum", "currency": "JPY"});
    office.put(&path, change).await.refused(400, "407107");
    // Neither does it change when the store is entered again.
    office
        .delete(&format!("/terminals/{}", till.terminal_id))
        .await
        .ok();
    office.delete(&path).await.ok();
    office
        .post(&stores, store(Some("JPY")))
        .await
        .refused(400, "407107");
    office.post(&stores, store(None)).await.created();
    assert_eq!(office.get(&path).await.ok()["currency"], "CHF");
    world.finish().await;
}

#[tokio::test]
async fn nobody_keeps_the_rest_of_a_banknote() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.item("TEA", "162", "00").await;
    let without_change = json!({
        "paymentCode": "01", "description": "Cash", "limitAmount": 0, "canRefund": true,
        "canDepositOver": true, "canChange": false, "isActive": true,
    });
    tenant
        .rest()
        .put(&tenant.path("payments/01"), without_change)
        .await
        .ok();
    let till = tenant.store("tk01").await.till(1).await;
    let cart = till.basket(&[("TEA", 1)]).await;
    till.command(&cart, "subtotal", json!({})).await;
    let paid = till
        .command(&cart, "payments", json!([{"paymentCode": "01", "amount": 500}]))
        .await;
    assert_eq!(paid["changeAmount"], 338);
    till.command(&cart, "bill", json!({})).await;
    till.closed("162").await;
    world.finish().await;
}

#[tokio::test]
async fn a_cart_of_yesterday_is_paid_in_todays_coins() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.item("TEA", "4.29", "00").await;
    let store = json!({"storeCode": "abroad", "storeName": "Plum", "currency": "CHF", "cashCoin": 0.05});
    tenant.enter("stores", store).await;
    let here = Store {
        tenant: tenant.clone(),
        code: "abroad".to_owned(),
    };
    let till = here.till(1).await;
    let cart = till.basket(&[("TEA", 1)]).await;
    let till = till.closed("0").await;
    let coarser = json!({"storeName": "Plum", "cashCoin": 1});
    tenant
        .rest()
        .put(&tenant.path("stores/abroad"), coarser)
        .await
        .ok();
    let till = till.opened("0").await;
    let pay = |amount: f64| json!([{"paymentCode": "01", "amount": amount}]);
    let path = format!("/carts/{cart}/payments");
    till.command(&cart, "subtotal", json!({})).await;
    till.rest()
        .post(&path, pay(4.3))
        .await
        .refused_field("payments[0].amount");
    let paid = till.rest().post(&path, pay(4.0)).await.ok();
    assert_eq!(paid["roundingAmount"].to_string(), "-0.29");
}

#[tokio::test]
async fn stamp_duty_is_in_coins_too() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let table = r#"[{"target_amount":100,"duty":200.5}]"#;
    let setting = json!({"name": "STAMP_DUTY_TABLE", "defaultValue": table, "values": []});
    tenant.enter("settings", setting).await;
    let till = tenant.store("tk01").await.till(1).await;
    let reply = till.rest().post("/carts", json!({})).await.refused(400, "401001");
    assert!(reply.text.contains("STAMP_DUTY_TABLE"), "{}", reply.text);
}
