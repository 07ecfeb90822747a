//! A sale from the first line to the last book.

use std::time::Duration;

use kugel_testkit::{Reply, Site, Tenant, Till, World, eventually};
use serde_json::{Value, json};

use crate::doors::{Client, decimal_of};

const NOON: &str = "2026-06-11T05:03:09Z";
const SOON: Duration = Duration::from_secs(10);

/// Till 1 of a store `tk01`, with the articles of the contract's examples.
async fn till(site: &Site) -> Till {
    let tenant = site.tenant().await;
    for (item, price, tax) in [
        ("TEA", "298", "01"),
        ("BOOK", "1280", "02"),
        ("BREAD", "158", "11"),
        ("RADIO", "1480", "01"),
        ("STAMP", "0.10", "00"),
    ] {
        tenant.item(item, price, tax).await;
    }
    tenant.store("tk01").await.till(1).await
}

/// Rings up, discounts, pays and looks back: every answer, or its code, in order.
async fn ring_up(client: &Client, till: &Till) -> Vec<Result<Value, String>> {
    let created = client
        .call("cart.v1.CartService.CreateCart", json!({"userId": "U1"}))
        .await;
    let cart = created.unwrap()["cartId"].clone();
    let lines = json!([
        {"itemCode": "TEA", "quantity": decimal_of("3")},
        {"itemCode": "BOOK", "quantity": decimal_of("1"), "unitPrice": decimal_of("1280")},
        {"itemCode": "STAMP", "quantity": decimal_of("7")},
    ]);
    let percent = json!([{"discountType": "DiscountPercentage", "discountValue": decimal_of("12.5")}]);
    let amount = json!([{"discountType": "DiscountAmount", "discountValue": decimal_of("50")}]);
    let payments = json!([
        {"paymentCode": "11", "amount": decimal_of("1000"), "detail": "VISA"},
        {"paymentCode": "01", "amount": decimal_of("5000")},
    ]);
    let commands = [
        (
            "AddLineItems",
            json!({"lineItems": [{"itemCode": "NONE", "quantity": decimal_of("1")}]}),
        ),
        ("AddLineItems", json!({"lineItems": lines})),
        (
            "UpdateQuantity",
            json!({"lineNo": 1, "quantity": decimal_of("4")}),
        ),
        (
            "UpdateUnitPrice",
            json!({"lineNo": 1, "unitPrice": decimal_of("300")}),
        ),
        ("DiscountLineItem", json!({"lineNo": 1, "discounts": percent})),
        ("BillCart", json!({})),
        ("SubtotalCart", json!({})),
        ("DiscountCart", json!({"discounts": amount})),
        ("BillCart", json!({})),
        ("AddPayments", json!({"payments": payments})),
        ("BillCart", json!({})),
        ("GetCart", json!({})),
        ("CancelCart", json!({})),
    ];
    let mut answers = Vec::new();
    for (command, mut request) in commands {
        request["cartId"] = cart.clone();
        answers.push(
            client
                .call(&format!("cart.v1.CartService.{command}"), request)
                .await,
        );
    }
    let transaction = json!({
        "tenantId": till.store.tenant.id, "storeCode": "tk01", "terminalNo": 1, "transactionNo": 1,
    });
    answers.push(
        client
            .call("cart.v1.TransactionService.GetTransaction", transaction)
            .await,
    );
    let anonymous = |text: String| {
        text.replace(&till.store.tenant.id, "TENANT")
            .replace(cart.as_str().unwrap(), "CART")
    };
    answers
        .into_iter()
        .map(|answer| answer.map(|json| serde_json::from_str(&anonymous(json.to_string())).unwrap()))
        .collect()
}

#[tokio::test]
async fn every_door_gives_the_same_answers() {
    let (world, _clock) = World::start_at(NOON).await;
    let mut seen: Vec<Vec<Result<Value, String>>> = Vec::new();
    for door in 0..4 {
        // A tenant each, so that numbers are the same.
        let till = till(&world).await;
        let [rest, web, native] = Client::all(&till);
        let strict = Client::Rest(till.rest().header("prefer", "handling=strict"));
        seen.push(ring_up([&rest, &web, &native, &strict][door], &till).await);
    }
    for (step, rest) in seen[0].iter().enumerate() {
        assert_eq!(&seen[1][step], rest, "step {step}: gRPC-Web and REST");
        assert_eq!(&seen[2][step], rest, "step {step}: gRPC and REST");
        assert_eq!(&seen[3][step], rest, "step {step}: strict REST and REST");
    }
    let refused: Vec<_> = seen[0]
        .iter()
        .enumerate()
        .filter_map(|(step, answer)| Some((step, answer.as_ref().err()?.as_str())))
        .collect();
    assert_eq!(
        refused,
        [(0, "402001"), (5, "300004"), (8, "403002"), (12, "300004")]
    );
    let bill = seen[0][10].as_ref().unwrap();
    assert_eq!(
        (&bill["cartStatus"], &bill["receiptNo"]),
        (&json!("Completed"), &json!(111_111))
    );
    world.finish().await;
}

/// Subtotals the cart and checks X1's figures.
fn check_mixed_taxes(cart: &Value) {
    let amounts: Vec<_> = cart["lineItems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["amount"])
        .collect();
    assert_eq!(amounts, [894, 1280, 316]);
    let taxes: Vec<_> = cart["taxes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tax| &tax["taxAmount"])
        .collect();
    assert_eq!(taxes, [89, 116, 25]);
    for (field, expected) in [
        ("totalAmount", 2490),
        ("totalAmountWithTax", 2604),
        ("totalQuantity", 6),
        ("balanceAmount", 2604),
        ("totalDiscountAmount", 0),
    ] {
        assert_eq!(cart[field], expected, "{field}: {cart}");
    }
}

const MIXED: [(&str, i64); 3] = [("TEA", 3), ("BOOK", 1), ("BREAD", 2)];

#[tokio::test]
async fn taxes_of_three_kinds_are_rounded_by_code() {
    let world = World::start().await;
    let till = till(&world).await;
    let cart = till.basket(&MIXED).await;
    check_mixed_taxes(&till.command(&cart, "subtotal", json!({})).await);
    let cancelled = till.command(&cart, "cancel", json!({})).await;
    assert_eq!(cancelled["cartStatus"], "Cancelled");
    world.finish().await;
}

#[tokio::test]
async fn card_and_cash_together_give_change_once() {
    let world = World::start().await;
    let till = till(&world).await;
    let cart = till.basket(&[("RADIO", 2)]).await;
    assert_eq!(
        till.command(&cart, "subtotal", json!({})).await["balanceAmount"],
        3256
    );
    for (code, amount, balance, change) in [("11", 1000, 2256, 0), ("01", 500, 1756, 0), ("01", 2000, 0, 244)]
    {
        let paid = till
            .command(
                &cart,
                "payments",
                json!([{"paymentCode": code, "amount": amount}]),
            )
            .await;
        assert_eq!(
            (&paid["balanceAmount"], &paid["changeAmount"]),
            (&json!(balance), &json!(change))
        );
    }
    let more = json!([{"paymentCode": "01", "amount": 1}]);
    till.rest()
        .post(&format!("/carts/{cart}/payments"), more)
        .await
        .refused(406, "403001");
    let bill = till.command(&cart, "bill", json!({})).await;
    assert_eq!(bill["depositAmount"], 3500);
    let wrong = json!([{"paymentCode": "11", "amount": 1000}, {"paymentCode": "01", "amount": 2500}]);
    till.rest()
        .post(&till.transactions("/1/void"), wrong)
        .await
        .refused(400, "300001");
    let right = json!([{"paymentCode": "11", "amount": 1000}, {"paymentCode": "01", "amount": 2256}]);
    assert_eq!(
        till.rest().post(&till.transactions("/1/void"), right).await.ok()["transactionType"],
        201
    );
    world.finish().await;
}

#[tokio::test]
async fn amounts_are_shown_digit_for_digit() {
    let world = World::start().await;
    let till = till(&world).await;
    let cart = till.basket(&[("STAMP", 30)]).await;
    let reply: Reply = till.rest().get(&format!("/carts/{cart}")).await;
    assert!(reply.text.contains(r#""unitPrice":0.1,"#), "{}", reply.text);
    assert!(reply.text.contains(r#""totalAmount":3,"#), "{}", reply.text);
    // More digits than a float holds.
    let price = "12345678901.1234";
    let body = format!(r#"{{"unitPrice":{price}}}"#);
    let path = format!("/carts/{cart}/lineItems/1/unitPrice");
    let reply = till
        .rest()
        .raw(http::Method::PATCH, &path, "application/json", body)
        .await;
    assert!(
        reply.text.contains(&format!(r#""unitPrice":{price},"#)),
        "{}",
        reply.text
    );
    assert!(reply.text.contains(r#""amount":370370367034,"#), "{}", reply.text);
}

#[tokio::test]
async fn a_sale_reaches_every_book() {
    let (world, _clock) = World::start_at(NOON).await;
    let till = till(&world).await;
    let cart = till.basket(&MIXED).await;
    check_mixed_taxes(&till.command(&cart, "subtotal", json!({})).await);
    let payments = json!([{"paymentCode": "11", "amount": 604, "detail": "VISA"}, {"paymentCode": "01", "amount": 5000}]);
    till.command(&cart, "payments", payments).await;
    let bill = till.command(&cart, "bill", json!({})).await;
    insta::assert_snapshot!("receipt", bill["receiptText"].as_str().unwrap());
    insta::assert_snapshot!("journal", bill["journalText"].as_str().unwrap());
    journal_holds(&till, &bill).await;
    report_counts(&till, "flash").await;
    stock_moved(&till.store.tenant, &bill).await;
    // A flash report is no daily one: that waits until the terminals are closed.
    let daily = till
        .store
        .path("reports?report_scope=daily&report_type=sales&business_date=20260611");
    till.rest().get(&daily).await.refused(403, "412101");
    let till = till.closed("2000").await;
    eventually(SOON, async || {
        (till.rest().get(&daily).await.status == 200).then_some(())
    })
    .await;
    report_counts(&till, "daily").await;
    world.finish().await;
}

async fn journal_holds(till: &Till, bill: &Value) {
    let search = till.store.path("journals?transaction_types=101");
    let found = eventually(SOON, async || {
        let found = till.rest().get(&search).await.ok();
        (found != json!([])).then_some(found)
    })
    .await;
    let entry = &found[0];
    for (field, expected) in [
        ("terminalNo", json!(1)),
        ("transactionNo", json!(1)),
        ("receiptNo", json!(111_111)),
        ("amount", json!(2604)),
        ("quantity", json!(6)),
        ("staffId", json!("31")),
        ("businessDate", json!("20260611")),
        ("journalText", bill["journalText"].clone()),
        ("receiptText", bill["receiptText"].clone()),
    ] {
        assert_eq!(entry[field], expected, "{field}");
    }
    assert_eq!(found.as_array().unwrap().len(), 1);
}

async fn report_counts(till: &Till, scope: &str) {
    let query = format!("reports?report_scope={scope}&report_type=sales&business_date=20260611");
    let report = eventually(SOON, async || {
        let report = till.rest().get(&till.store.path(&query)).await.ok();
        (report["salesGross"]["count"] == 1).then_some(report)
    })
    .await;
    assert_eq!(
        report["salesGross"],
        json!({"amount": 2604, "quantity": 6, "count": 1})
    );
    // Without the taxes on top and those included: 2604 − 89 − 116 − 25.
    assert_eq!(report["salesNet"]["amount"], 2374);
    let payments = report["payments"].as_array().unwrap();
    let mut paid: Vec<_> = payments
        .iter()
        .map(|row| (row["paymentCode"].as_str(), &row["amount"]))
        .collect();
    paid.sort_by_key(|row| row.0);
    assert_eq!(paid, [(Some("01"), &json!(2000)), (Some("11"), &json!(604))]);
    assert_eq!(report["cash"]["logicalAmount"], 2000);
}

async fn stock_moved(tenant: &Tenant, bill: &Value) {
    let path = |rest: &str| tenant.path(&format!("stores/tk01/stock/{rest}"));
    for line in bill["lineItems"].as_array().unwrap() {
        let item = line["itemCode"].as_str().unwrap();
        let sold = line["quantity"].as_i64().unwrap();
        let stock = eventually(SOON, async || {
            let reply = tenant.rest().get(&path(item)).await;
            (reply.status == 200).then(|| reply.ok())
        })
        .await;
        assert_eq!(stock["currentQuantity"], -sold, "{item}");
        let history = tenant.rest().get(&path(&format!("{item}/history"))).await.ok();
        let movement = &history["data"][0];
        assert_eq!(movement["updateType"], "sale");
        assert_eq!(
            (&movement["quantityChange"], &movement["afterQuantity"]),
            (&json!(-sold), &json!(-sold))
        );
        assert_eq!(history["metadata"]["total"], 1, "{item} moved once");
    }
}
