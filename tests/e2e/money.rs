//! Every amount can be paid: minor units, coins, discounts, taxes and payment methods, through REST and gRPC.

use kugel_testkit::{Store, Tenant, Till, World};
use serde_json::{Value, json};

use crate::counter::{Counter, DOORS, check, figures, refused};

const NOON: &str = "2026-06-11T05:03:09Z";

async fn till_in(tenant: &Tenant, code: &str, currency: &str) -> Till {
    let store = json!({"storeCode": code, "storeName": code, "currency": currency});
    tenant.enter("stores", store).await;
    Store {
        tenant: tenant.clone(),
        code: code.to_owned(),
    }
    .till(1)
    .await
}

/// Enters articles that bear no tax, named by their prices.
async fn priced(tenant: &Tenant, prices: &[&str]) {
    for price in prices {
        tenant.item(&format!("P{price}"), price, "00").await;
    }
}

#[tokio::test]
async fn totals_are_whole_minor_units() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    priced(&tenant, &["19.99", "1.0425", "1.749"]).await;
    let tax = json!({
        "taxCode": "77", "taxType": "External", "taxName": "Fine", "rate": 8, "roundDigit": 2, "roundMethod": "Round",
    });
    tenant.enter("taxes", tax).await;
    tenant.item("TAXED", "33", "77").await;
    let yen = tenant.store("yen").await.till(1).await;
    let euro = till_in(&tenant, "euro", "EUR").await;
    for door in DOORS {
        let sold = Counter::open(&yen, door)
            .await
            .sell(&[("P19.99", "3")], &[("01", "100")])
            .await;
        check(&sold, &[("totalAmountWithTax", "60"), ("changeAmount", "40")]);
        let sold = Counter::open(&euro, door)
            .await
            .sell(&[("P1.0425", "14")], &[("11", "14.60")])
            .await;
        check(&sold, &[("totalAmountWithTax", "14.60"), ("balanceAmount", "0")]);
        let fuel = Counter::open(&euro, door)
            .await
            .sell(&[("P1.749", "40.02")], &[("01", "70")])
            .await;
        check(
            &fuel,
            &[("totalAmountWithTax", "69.99"), ("changeAmount", "0.01")],
        );
        assert_eq!(fuel["lineItems"][0]["unitPrice"], "1.749");
        let sold = Counter::open(&yen, door)
            .await
            .sell(&[("TAXED", "1")], &[("01", "36")])
            .await;
        check(&sold, &[("totalAmountWithTax", "36")]);
    }
    world.finish().await;
}

#[tokio::test]
async fn what_nobody_can_pay_is_refused_by_its_field() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    priced(&tenant, &["298"]).await;
    let till = tenant.store("yen").await.till(1).await;
    for door in DOORS {
        let counter = Counter::open(&till, door).await;
        let lines = [("P298", "1"), ("P298", "0.001"), ("P298", "0.0016")];
        refused(
            counter.add(&lines).await,
            "300001",
            &["lineItems[1].quantity", "lineItems[2].quantity"],
        );
        let cart = counter.add(&[("P298", "2"), ("P298", "1")]).await.unwrap();
        assert_eq!(
            cart["lineItems"].as_array().unwrap().len(),
            2,
            "nothing of the refused lines stays"
        );
        refused(counter.set_quantity(1, "0.001").await, "300001", &["quantity"]);
        refused(counter.set_price(1, "0.1").await, "300001", &["unitPrice"]);
        refused(
            counter.discount_line(1, &["10", "0.5", "5%", "1.5"]).await,
            "300001",
            &["discounts[1].discountValue", "discounts[3].discountValue"],
        );
        counter.subtotal().await;
        refused(
            counter.discount(&["0.5"]).await,
            "300001",
            &["discounts[0].discountValue"],
        );
        refused(
            counter
                .pay(&[("01", "100.5"), ("11", "100"), ("11", "0.01")])
                .await,
            "300001",
            &["payments[0].amount", "payments[2].amount"],
        );
        refused(
            counter.pay(&[("11", "0")]).await,
            "300001",
            &["payments[0].amount"],
        );
        refused(
            counter.pay(&[("01", "0")]).await,
            "300001",
            &["payments[0].amount"],
        );
        let paid = counter.pay(&[("01", "1000")]).await.unwrap();
        check(&paid, &[("balanceAmount", "0"), ("changeAmount", "106")]);
        counter.bill().await.unwrap();
    }
    world.finish().await;
}

#[tokio::test]
async fn cash_is_rounded_to_the_smallest_coin() {
    let (world, _clock) = World::start_at(NOON).await;
    let tenant = world.tenant().await;
    priced(&tenant, &["10.02", "10.03", "0.02", "99.5"]).await;
    let francs = till_in(&tenant, "chf", "CHF").await;
    let kronor = till_in(&tenant, "sek", "SEK").await;
    let shop = json!({"storeCode": "eur", "storeName": "eur", "currency": "EUR", "cashCoin": 0.05});
    tenant.enter("stores", shop).await;
    let store = Store {
        tenant: tenant.clone(),
        code: "eur".to_owned(),
    };
    let euro = store.till(1).await;
    for door in DOORS {
        for till in [&francs, &euro] {
            let counter = Counter::open(till, door).await;
            counter.add(&[("P10.02", "1")]).await.unwrap();
            let cart = counter.subtotal().await;
            check(
                &cart,
                &[
                    ("balanceAmount", "10.02"),
                    ("cashBalanceAmount", "10.00"),
                    ("roundingAmount", "0"),
                ],
            );
            refused(
                counter.pay(&[("01", "10.02")]).await,
                "300001",
                &["payments[0].amount"],
            );
            let paid = counter.pay(&[("01", "10")]).await.unwrap();
            check(
                &paid,
                &[
                    ("balanceAmount", "0"),
                    ("roundingAmount", "-0.02"),
                    ("changeAmount", "0"),
                ],
            );
            let sold = counter.bill().await.unwrap();
            assert!(
                sold["journalText"].as_str().unwrap().contains("端数調整"),
                "{sold}"
            );
        }
        let sold = Counter::open(&francs, door)
            .await
            .sell(&[("P10.03", "1")], &[("01", "20")])
            .await;
        check(&sold, &[("roundingAmount", "0.02"), ("changeAmount", "9.95")]);
        let by_card = Counter::open(&francs, door)
            .await
            .sell(&[("P10.02", "1")], &[("11", "10.02")])
            .await;
        check(&by_card, &[("roundingAmount", "0"), ("depositAmount", "10.02")]);
        let both = Counter::open(&francs, door)
            .await
            .sell(&[("P10.02", "1")], &[("11", "5.01"), ("01", "5")])
            .await;
        check(&both, &[("roundingAmount", "-0.01")]);
        let nothing = Counter::open(&francs, door)
            .await
            .sell(&[("P0.02", "1")], &[("01", "0")])
            .await;
        check(&nothing, &[("roundingAmount", "-0.02"), ("depositAmount", "0")]);
        let sold = Counter::open(&kronor, door)
            .await
            .sell(&[("P99.5", "1")], &[("01", "100")])
            .await;
        check(&sold, &[("roundingAmount", "0.50"), ("changeAmount", "0")]);
    }
    check(
        &sales_report(&world, &francs).await,
        &[("roundingAmount", "-0.06")],
    );
    give_back(&francs).await;
    check(
        &sales_report(&world, &francs).await,
        &[("roundingAmount", "-0.02")],
    );
    world.finish().await;
}

/// Voids and returns what was sold for cash: what was rounded goes back the same way.
async fn give_back(till: &Till) {
    let back = async |number: i64, how: &str, payments: &[(&str, &str)]| {
        let payments: Vec<_> = payments
            .iter()
            .map(|(code, amount)| json!({"paymentCode": code, "amount": amount}))
            .collect();
        let path = till.transactions(&format!("/{number}/{how}"));
        till.rest().post(&path, json!(payments)).await
    };
    back(1, "return", &[("01", "10.02")])
        .await
        .refused_field("payments[0].amount");
    back(1, "return", &[("01", "10.05")]).await.refused(400, "300001");
    let made = figures(back(1, "return", &[("01", "10")]).await.ok());
    check(
        &made,
        &[("roundingAmount", "-0.02"), ("totalAmountWithTax", "10.02")],
    );
    // By card it is the exact amount, though it was paid in cash.
    let made = figures(back(2, "return", &[("11", "10.03")]).await.ok());
    check(&made, &[("roundingAmount", "0")]);
    let made = figures(back(6, "void", &[("01", "10")]).await.ok());
    check(&made, &[("roundingAmount", "-0.02")]);
}

async fn sales_report(world: &World, till: &Till) -> Value {
    world.settled().await;
    let path = "reports?report_scope=flash&report_type=sales&business_date=20260611";
    figures(till.rest().get(&till.store.path(path)).await.ok())
}

#[tokio::test]
async fn a_percentage_is_of_the_line_and_rounded_once() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    priced(&tenant, &["0.05", "0.04", "14", "3.33"]).await;
    let yen = tenant.store("yen").await.till(1).await;
    let euro = till_in(&tenant, "euro", "EUR").await;
    for door in DOORS {
        for (till, item, quantity, off, expected) in [
            (&euro, "P0.05", "1000", &["10%"][..], "45"),
            (&euro, "P0.04", "1000", &["10%"], "36"),
            (&yen, "P14", "100", &["3%"], "1358"),
            (&euro, "P3.33", "0.333", &["50%"], "0.55"),
            // 14.00 less 1.40, then 3 % of 12.60 and 1 more.
            (&euro, "P14", "1", &["1", "10%", "3%"], "11.22"),
        ] {
            let counter = Counter::open(till, door).await;
            counter.add(&[(item, quantity)]).await.unwrap();
            let cart = counter.discount_line(1, off).await.unwrap();
            check(&cart["lineItems"][0], &[("amount", expected)]);
        }
    }
}

#[tokio::test]
async fn codes_of_one_tax_are_rounded_once() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    for code in ["81", "82"] {
        let tax =
            json!({"taxCode": code, "taxType": "External", "taxName": code, "rate": 8, "roundDigit": 0});
        tenant.enter("taxes", tax).await;
        tenant.item(code, "10", code).await;
    }
    for (rule, expected) in [("Round", ["1", "1"]), ("Floor", ["1", "0"])] {
        let store = tenant.store(rule).await;
        if rule == "Floor" {
            let setting = json!({
                "name": "ROUND_METHOD_FOR_TAX", "defaultValue": "Round",
                "values": [{"storeCode": "Floor", "value": "Floor"}],
            });
            tenant.enter("settings", setting).await;
        }
        let till = store.till(1).await;
        for door in DOORS {
            let counter = Counter::open(&till, door).await;
            counter.add(&[("81", "1"), ("82", "1")]).await.unwrap();
            let cart = counter.subtotal().await;
            for (tax, expected) in cart["taxes"].as_array().unwrap().iter().zip(expected) {
                check(tax, &[("taxAmount", expected), ("rate", "8")]);
            }
        }
    }
}

#[tokio::test]
async fn a_promotion_does_not_look_at_payments() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    priced(&tenant, &["1000"]).await;
    let promotion = json!({
        "promotionCode": "WEEK", "promotionType": "category_discount", "name": "Week",
        "startDatetime": "2020-01-01T00:00:00+09:00", "endDatetime": "2099-01-01T00:00:00+09:00",
        "detail": {"targetStoreCodes": [], "targetCategoryCodes": ["10"], "discountRate": 10},
    });
    tenant.enter("promotions", promotion).await;
    let till = tenant.store("yen").await.till(1).await;
    for door in DOORS {
        let counter = Counter::open(&till, door).await;
        counter.add(&[("P1000", "1")]).await.unwrap();
        counter.pay(&[("11", "500")]).await.unwrap();
        let cart = counter.add(&[("P1000", "1")]).await.unwrap();
        check(
            &cart,
            &[("totalDiscountAmount", "200"), ("balanceAmount", "1300")],
        );
        check(&cart["lineItems"][1], &[("amount", "900")]);
    }
}

#[tokio::test]
async fn the_flags_of_a_payment_method_count_for_every_code() {
    let (world, _clock) = World::start_at(NOON).await;
    let tenant = world.tenant().await;
    priced(&tenant, &["40"]).await;
    for (code, change, limit) in [("32", true, 0), ("33", false, 0), ("34", true, 39)] {
        let method = json!({
            "paymentCode": code, "description": code, "limitAmount": limit, "canRefund": true,
            "canDepositOver": true, "canChange": change, "isActive": true,
        });
        tenant.enter("payments", method).await;
    }
    let till = tenant.store("yen").await.till(1).await;
    for door in DOORS {
        let goods = &[("P40", "1")];
        let sold = Counter::open(&till, door)
            .await
            .sell(goods, &[("32", "50")])
            .await;
        check(
            &sold["payments"][0],
            &[
                ("paymentAmount", "40"),
                ("depositAmount", "50"),
                ("changeAmount", "10"),
            ],
        );
        let sold = Counter::open(&till, door)
            .await
            .sell(goods, &[("33", "50")])
            .await;
        check(
            &sold["payments"][0],
            &[
                ("paymentAmount", "40"),
                ("depositAmount", "50"),
                ("changeAmount", "0"),
            ],
        );
        check(&sold, &[("changeAmount", "0"), ("balanceAmount", "0")]);
        let counter = Counter::open(&till, door).await;
        counter.add(goods).await.unwrap();
        counter.subtotal().await;
        let amount = &["payments[0].amount"];
        refused(counter.pay(&[("34", "50")]).await, "300001", amount);
        refused(counter.pay(&[("11", "41")]).await, "403004", amount);
        counter.pay(&[("34", "39"), ("01", "1")]).await.unwrap();
        counter.bill().await.unwrap();
    }
    let drawer = &sales_report(&world, &till).await["cash"];
    // Change of 10 was handed out at each door, and 1 came in.
    check(drawer, &[("logicalAmount", "-18")]);
    world.finish().await;
}

#[tokio::test]
async fn a_cancelled_line_is_neither_changed_nor_billed() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    priced(&tenant, &["40"]).await;
    let till = tenant.store("yen").await.till(1).await;
    for door in DOORS {
        let counter = Counter::open(&till, door).await;
        counter.add(&[("P40", "1")]).await.unwrap();
        counter.cancel(1).await.unwrap();
        refused(counter.set_quantity(1, "2").await, "402006", &[]);
        refused(counter.set_price(1, "2").await, "402006", &[]);
        refused(counter.discount_line(1, &["1"]).await, "402006", &[]);
        counter.cancel(1).await.unwrap();
        counter.subtotal().await;
        refused(counter.bill().await, "402007", &[]);
    }
}
