//! The cash drawer through every door.

use kugel_testkit::{Till, World};
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
