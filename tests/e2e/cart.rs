//! A cart's life through REST: which command is allowed when, and what discounts, resuming and cancelling do.

use http::Method;
use kugel_testkit::{Door, Reply, Till, World};
use serde_json::{Value, json};

use crate::doors::decimal_of;
use crate::shop::Shop;

/// A command: its name, its method, its path below the cart, its body.
type Command = (&'static str, Method, &'static str, Value);

fn commands() -> Vec<Command> {
    let post = |name, path, body| (name, Method::POST, path, body);
    let discount = json!([{"discountType": "DiscountAmount", "discountValue": 1}]);
    vec![
        ("get", Method::GET, "", Value::Null),
        post("cancel", "/cancel", json!({})),
        post(
            "add line",
            "/lineItems",
            json!([{"itemCode": "TEA", "quantity": 1}]),
        ),
        post("cancel line", "/lineItems/1/cancel", json!({})),
        (
            "price",
            Method::PATCH,
            "/lineItems/1/unitPrice",
            json!({"unitPrice": 5}),
        ),
        (
            "quantity",
            Method::PATCH,
            "/lineItems/1/quantity",
            json!({"quantity": 5}),
        ),
        post("discount line", "/lineItems/1/discounts", discount.clone()),
        post("subtotal", "/subtotal", json!({})),
        post("discount", "/discounts", discount),
        post("pay", "/payments", json!([{"paymentCode": "01", "amount": 1}])),
        post("bill", "/bill", json!({})),
        post("resume", "/resume-item-entry", json!({})),
    ]
}

async fn send(till: &Till, cart: &str, (_, method, path, body): &Command) -> Reply {
    let body = (!body.is_null()).then_some(body);
    till.rest()
        .send(method.clone(), &format!("/carts/{cart}{path}"), body)
        .await
}

/// A new cart in a state.
async fn cart_in(till: &Till, state: &str) -> String {
    let cart = till.cart().await;
    let line = json!([{"itemCode": "TEA", "quantity": 2}]);
    let steps: &[(&str, Value)] = match state {
        "Idle" => &[],
        "EnteringItem" => &[("lineItems", line)],
        "Paying" => &[("lineItems", line), ("subtotal", json!({}))],
        "Completed" => &[
            ("lineItems", line),
            ("subtotal", json!({})),
            ("payments", json!([{"paymentCode": "01", "amount": 655}])),
            ("bill", json!({})),
        ],
        _ => &[("lineItems", line), ("cancel", json!({}))],
    };
    for (command, body) in steps {
        till.command(&cart, command, body.clone()).await;
    }
    assert_eq!(
        till.rest().get(&format!("/carts/{cart}")).await.ok()["cartStatus"],
        state
    );
    cart
}

#[tokio::test]
async fn every_state_allows_its_commands_and_no_other() {
    let world = World::start().await;
    let till = Shop::build(&world).await.till;
    for (state, allowed) in [
        ("Idle", "get,cancel,add line"),
        (
            "EnteringItem",
            "get,cancel,add line,cancel line,price,quantity,discount line,subtotal,pay",
        ),
        ("Paying", "get,cancel,discount,pay,bill,resume"),
        ("Completed", "get"),
        ("Cancelled", "get"),
    ] {
        let allowed: Vec<_> = allowed.split(',').collect();
        for command in commands() {
            let cart = cart_in(&till, state).await;
            let before = till.rest().get(&format!("/carts/{cart}")).await.ok();
            let reply = send(&till, &cart, &command).await;
            if allowed.contains(&command.0) {
                assert_ne!(reply.body["code"], "300004", "{state}: {}", command.0);
                assert!(
                    command.0 == "bill" || reply.status == 200,
                    "{state}: {}: {}",
                    command.0,
                    reply.text
                );
            } else {
                assert_eq!(reply.status, 400, "{state}: {}: {}", command.0, reply.text);
                reply.refused(400, "300004");
                let after = till.rest().get(&format!("/carts/{cart}")).await.ok();
                assert_eq!(after, before, "{state}: {}", command.0);
            }
        }
    }
    world.finish().await;
}

#[tokio::test]
async fn a_cart_needs_an_open_till_and_a_cashier() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let till = shop.store.closed_till(2).await;
    till.rest().post("/carts", json!({})).await.refused(400, "404001");
    let office = shop.tenant.rest();
    office
        .post(&till.path("open"), json!({"initialAmount": 0}))
        .await
        .ok();
    till.rest().post("/carts", json!({})).await.refused(400, "404002");
    let till = till.signed_in().await;
    till.rest().post("/carts", json!({})).await.created();
}

#[tokio::test]
async fn line_discounts_compound_and_are_rounded_once_each() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let mug = json!({
        "itemCode": "MUG", "description": "Mug", "unitPrice": 333, "unitCost": 1, "itemDetails": [],
        "imageUrls": [], "categoryCode": "10", "taxCode": "01", "isDiscountRestricted": false,
    });
    shop.tenant.enter("items", mug.clone()).await;
    let mut fixed = mug;
    fixed["itemCode"] = json!("FIXED");
    fixed["isDiscountRestricted"] = json!(true);
    shop.tenant.enter("items", fixed).await;
    let cart = shop.till.basket(&[("MUG", 4), ("FIXED", 1)]).await;
    let percent = |rate: i32| json!({"discountType": "DiscountPercentage", "discountValue": rate});
    let amount = |value: i32| json!({"discountType": "DiscountAmount", "discountValue": value, "discountDetail": "dent"});
    let path = |line: i32| format!("/carts/{cart}/lineItems/{line}/discounts");
    let rest = shop.till.rest();
    let discounts = json!([percent(15), percent(10), amount(50)]);
    let priced = rest.post(&path(1), discounts).await.ok();
    let line = &priced["lineItems"][0];
    assert_eq!(line["amount"], 969);
    let amounts: Vec<_> = line["discounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["discountAmount"])
        .collect();
    assert_eq!(amounts, [200, 113, 50]);
    assert_eq!(line["discounts"][2]["discountDetail"], "dent");
    rest.post(&path(1), json!([amount(10_000)]))
        .await
        .refused(400, "402002");
    rest.post(&path(2), json!([amount(1)]))
        .await
        .refused(400, "402005");
    rest.post(&path(1), json!([percent(101)]))
        .await
        .refused(422, "300001");
    rest.post(&path(1), json!([{"discountType": "Gift", "discountValue": 1}]))
        .await
        .refused(422, "300001");
    let cleared = rest.post(&path(1), json!([])).await.ok();
    assert_eq!(
        (
            &cleared["lineItems"][0]["amount"],
            &cleared["totalDiscountAmount"]
        ),
        (&json!(1332), &json!(0))
    );
}

/// X6 of the contract, then what the older system got wrong: clearing gives the tax back.
#[tokio::test]
async fn a_cart_discount_lowers_the_tax_and_can_be_cleared() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    for (item, price, tax) in [("A", "980", "01"), ("B", "460", "01"), ("C", "275", "02")] {
        shop.tenant.item(item, price, tax).await;
    }
    let till = &shop.till;
    let cart = till.basket(&[("A", 1), ("B", 1), ("C", 1)]).await;
    assert_eq!(
        till.command(&cart, "subtotal", json!({})).await["totalAmountWithTax"],
        1859
    );
    let amount = |value: i32| json!([{"discountType": "DiscountAmount", "discountValue": value}]);
    let discounted = till.command(&cart, "discounts", amount(200)).await;
    let taxes: Vec<_> = discounted["taxes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tax| &tax["taxAmount"])
        .collect();
    assert_eq!(taxes, [127, 22]);
    assert_eq!(
        (&discounted["totalAmount"], &discounted["totalAmountWithTax"]),
        (&json!(1515), &json!(1642))
    );
    till.rest()
        .post(&format!("/carts/{cart}/discounts"), amount(2000))
        .await
        .refused(400, "402003");
    let percent = json!([{"discountType": "DiscountPercentage", "discountValue": "10"}]);
    assert_eq!(
        till.command(&cart, "discounts", percent).await["totalDiscountAmount"],
        172
    );
    let cleared = till.command(&cart, "discounts", json!([])).await;
    assert_eq!(
        (&cleared["totalDiscountAmount"], &cleared["totalAmountWithTax"]),
        (&json!(0), &json!(1859))
    );
    assert_eq!(cleared["subtotalDiscounts"], json!([]));
}

#[tokio::test]
async fn resuming_hands_every_tender_back() {
    let world = World::start().await;
    let till = Shop::build(&world).await.till;
    let cart = cart_in(&till, "Paying").await;
    let paid = till
        .command(&cart, "payments", json!([{"paymentCode": "01", "amount": 1000}]))
        .await;
    assert_eq!(
        (&paid["changeAmount"], &paid["balanceAmount"]),
        (&json!(345), &json!(0))
    );
    let resumed = till.command(&cart, "resume-item-entry", json!({})).await;
    assert_eq!(resumed["cartStatus"], "EnteringItem");
    for (field, expected) in [
        ("changeAmount", json!(0)),
        ("depositAmount", json!(0)),
        ("balanceAmount", json!(655)),
        ("payments", json!([])),
    ] {
        assert_eq!(resumed[field], expected, "{field}");
    }
    till.command(&cart, "subtotal", json!({})).await;
    till.command(&cart, "payments", json!([{"paymentCode": "11", "amount": 655}]))
        .await;
    assert_eq!(till.command(&cart, "bill", json!({})).await["changeAmount"], 0);
    world.finish().await;
}

#[tokio::test]
async fn a_cancelled_cart_reports_the_tenders_to_hand_back() {
    let world = World::start().await;
    let till = Shop::build(&world).await.till;
    let cart = cart_in(&till, "Paying").await;
    till.command(&cart, "payments", json!([{"paymentCode": "11", "amount": 100}]))
        .await;
    let cancelled = till.command(&cart, "cancel", json!({})).await;
    assert_eq!(cancelled["cartStatus"], "Cancelled");
    assert_eq!(cancelled["payments"][0]["paymentCode"], "11");
    assert_eq!(cancelled["payments"][0]["paymentAmount"], 100);
    assert_eq!(
        (&cancelled["transactionNo"], &cancelled["receiptNo"]),
        (&json!(1), &json!(111_111))
    );
    let log = till.rest().get(&till.transactions("/1")).await.ok();
    assert_eq!(
        log["status"],
        json!({"isCancelled": true, "isVoided": false, "isRefunded": false})
    );
    assert_eq!(till.rest().get(&till.transactions("")).await.ok(), json!([]));
    let all = till
        .rest()
        .get(&till.transactions("?include_cancelled=true"))
        .await
        .ok();
    assert_eq!(all.as_array().unwrap().len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn the_same_command_twice_is_carried_out_once() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let lines = shop.cart_path("/lineItems");
    let rest = shop.till.rest().header("idempotency-key", "tap-1");
    let body = json!([{"itemCode": "TEA", "quantity": 1}]);
    let first = rest.post(&lines, body.clone()).await.ok();
    let again = rest.post(&lines, body).await.ok();
    assert_eq!(first, again);
    // One quantity is one command, however it is written.
    for quantity in ["1.0", "\"1\"", "\"1.00\"", "1e0"] {
        let body = format!(r#"[{{"itemCode": "TEA", "quantity": {quantity}}}]"#);
        let again = rest.raw(Method::POST, &lines, "application/json", body).await;
        assert_eq!(again.ok(), first, "{quantity}");
    }
    let grpc = shop.till.grpc(Door::Native).metadata("request_id", "tap-1");
    let line = json!({"itemCode": "TEA", "quantity": decimal_of("1.0")});
    let request = json!({"cartId": shop.cart, "lineItems": [line]});
    let by_grpc = grpc
        .call("cart.v1.CartService.AddLineItems", request)
        .await
        .unwrap();
    assert_eq!(by_grpc["cart"]["lineItems"].as_array().unwrap().len(), 2);
    assert_eq!(
        again["lineItems"].as_array().unwrap().len(),
        2,
        "the shop's own line and this one"
    );
    let other = rest
        .post(&lines, json!([{"itemCode": "TEA", "quantity": 9}]))
        .await;
    assert!(
        (400..500).contains(&other.status),
        "the same key for something else: {}",
        other.text
    );
    assert_eq!(
        shop.till.rest().get(&shop.cart_path("")).await.ok()["lineItems"],
        again["lineItems"]
    );
}

#[tokio::test]
async fn prices_and_promotions_change_at_once() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let price = |cart: &Value, line: usize| cart["lineItems"][line]["unitPrice"].clone();
    let store_price = json!({"itemCode": "TEA", "storePrice": 250});
    shop.tenant.enter("stores/tk01/items", store_price).await;
    let line = json!([{"itemCode": "TEA", "quantity": 1}]);
    let fresh = shop.till.basket(&[("TEA", 1)]).await;
    let cart = shop.till.command(&fresh, "lineItems", line.clone()).await;
    assert_eq!(price(&cart, 0), 250, "the store's own price");
    let promotion = json!({
        "promotionCode": "TEAWEEK", "promotionType": "category_discount", "name": "Tea week",
        "startDatetime": "2020-01-01T00:00:00+09:00", "endDatetime": "2099-01-01T00:00:00+09:00",
        "detail": {"targetStoreCodes": [], "targetCategoryCodes": ["10"], "discountRate": 20},
    });
    shop.tenant.enter("promotions", promotion).await;
    let cart = shop.till.cart().await;
    let cart = shop.till.command(&cart, "lineItems", line).await;
    assert_eq!(cart["lineItems"][0]["amount"], 200);
    assert_eq!(cart["lineItems"][0]["discounts"][0]["promotionCode"], "TEAWEEK");
}
