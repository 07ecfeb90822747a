//! Sales, their logs, and stock.

use serde_json::{Value, json};

use super::Walk;

fn decimal(text: &str) -> Value {
    json!({"value": text})
}

/// From an empty cart to a bill, and another one that is given up.
pub(super) async fn carts(walk: &mut Walk) {
    let create = "cart.v1.CartService.CreateCart";
    let made = walk.kept(create, json!({}), json!({"userId": "u-1"})).await;
    let cart = &made["cartId"];
    let own = json!({"cartId": cart});
    let stranger = json!({"cartId": "00000000-0000-4000-8000-000000000000"});
    let lines = |count: &str| {
        let line = |count: &str| json!({"itemCode": "TEA", "quantity": decimal(count)});
        json!([line(count), line("1")])
    };
    let discount =
        |amount: &str| json!([{"discountType": "DiscountAmount", "discountValue": decimal(amount)}]);
    let payment = |amount: &str| json!([{"paymentCode": "01", "amount": decimal(amount)}]);
    for (method, request, other) in [
        (
            "AddLineItems",
            json!({"lineItems": lines("2")}),
            json!({"lineItems": lines("3")}),
        ),
        (
            "UpdateQuantity",
            json!({"lineNo": 1, "quantity": decimal("3")}),
            json!({"quantity": decimal("4")}),
        ),
        (
            "UpdateUnitPrice",
            json!({"lineNo": 1, "unitPrice": decimal("280")}),
            json!({"lineNo": 2}),
        ),
        (
            "DiscountLineItem",
            json!({"lineNo": 1, "discounts": discount("10")}),
            json!({"discounts": []}),
        ),
        ("CancelLineItem", json!({"lineNo": 1}), json!({"lineNo": 2})),
        ("SubtotalCart", json!({}), stranger.clone()),
        ("ResumeItemEntry", json!({}), stranger.clone()),
    ] {
        let mut whole = own.clone();
        whole
            .as_object_mut()
            .unwrap()
            .extend(request.as_object().unwrap().clone());
        walk.kept(format!("cart.v1.CartService.{method}").leak(), whole, other)
            .await;
    }
    let person = json!({"id": "9", "name": "Sato", "pin": "9090", "roles": ["supervisor"]});
    walk.tenant.enter("staff", person).await;
    walk.kept(
        "terminal.v1.SessionService.CreateApproval",
        json!({"staffId": "9", "staffPin": "9090", "permission": "cash.move"}),
        json!({"permission": "sales.void"}),
    )
    .await;
    walk.plain("cart.v1.CartService.SubtotalCart", own.clone()).await;
    let reduced = json!({"cartId": cart, "discounts": discount("8")});
    walk.kept(
        "cart.v1.CartService.DiscountCart",
        reduced,
        json!({"discounts": []}),
    )
    .await;
    let paid = json!({"cartId": cart, "payments": payment("319")});
    let other = json!({"payments": payment("500")});
    walk.kept("cart.v1.CartService.AddPayments", paid, other).await;
    let billed = walk
        .kept("cart.v1.CartService.BillCart", own, stranger.clone())
        .await;
    assert_eq!(billed["cart"]["cartStatus"], "Completed");
    let given_up = walk.plain(create, json!({})).await;
    walk.kept("cart.v1.CartService.CancelCart", given_up, stranger)
        .await;
}

pub(super) async fn reversals(walk: &mut Walk) {
    for (method, count) in [("VoidTransaction", 1), ("ReturnTransaction", 2)] {
        let sale = walk.till.sell(&[("TEA", count)]).await;
        let payments = |code: &str| {
            let amount = sale["totalAmountWithTax"].to_string();
            json!([{"paymentCode": code, "amount": decimal(&amount)}])
        };
        let request = json!({
            "storeCode": "tk01", "terminalNo": 1, "transactionNo": sale["transactionNo"], "payments": payments("01"),
        });
        let method = format!("cart.v1.TransactionService.{method}");
        let made = walk
            .kept(method.leak(), request, json!({"payments": payments("11")}))
            .await;
        let receipt = made["transaction"]["receiptText"].as_str();
        assert!(receipt.is_some_and(|text| !text.is_empty()), "{made}");
    }
}

/// What services are told about a sale, and what is written into the journal by hand.
pub(super) async fn books(walk: &mut Walk) {
    walk.world.settled().await;
    let at = json!({"storeCode": "tk01", "terminalNo": 1});
    let logs = walk
        .plain("cart.v1.TransactionService.StreamTransactions", at.clone())
        .await;
    let log = &logs["transaction"];
    for method in [
        "journal.v1.JournalService.PostTransaction",
        "report.v1.ReportService.PostTransaction",
    ] {
        let posted = json!({"storeCode": "tk01", "terminalNo": 1, "transaction": log});
        walk.same(method, posted).await;
    }
    let word = json!({
        "storeCode": "tk01", "terminalNo": 1, "transactionNo": log["transactionNo"], "event_id": log["eventId"],
        "service": "journal", "status": "received",
    });
    walk.same("cart.v1.TransactionService.UpdateDeliveryStatus", word)
        .await;
    let logs = walk
        .plain(
            "terminal.v1.SessionService.StreamLogs",
            json!({"storeCode": "tk01"}),
        )
        .await;
    let log = if logs["cashLog"].is_null() {
        &logs["openCloseLog"]
    } else {
        &logs["cashLog"]
    };
    let word = json!({
        "terminal_id": walk.till.terminal_id, "event_id": log["eventId"], "service": "journal", "status": "received",
    });
    walk.same("terminal.v1.SessionService.UpdateDeliveryStatus", word)
        .await;
    walk.afresh("report.v1.ReportService.RecountTotals", json!({"repair": true}))
        .await;
    let session = json!({
        "storeCode": "tk01", "terminalNo": 1, "businessDate": log["businessDate"], "openCounter": log["openCounter"],
    });
    walk.afresh("report.v1.BooksService.MendSession", session.clone())
        .await;
    let mut settled = session;
    settled["reason"] = json!("the till burned down");
    walk.kept(
        "report.v1.BooksService.SettleSession",
        settled,
        json!({"reason": "x"}),
    )
    .await;
    let entry = |text: &str| {
        json!({
            "tenantId": walk.tenant.id, "storeCode": "tk01", "terminalNo": 1, "transactionType": 501,
            "businessDate": "20260611", "openCounter": 1, "businessCounter": 1,
            "generateDateTime": "2026-06-11T10:00:00+09:00", "journalText": text, "receiptText": text,
        })
    };
    let journal = json!({"storeCode": "tk01", "terminalNo": 1, "journal": entry("One")});
    let other = json!({"journal": entry("Two")});
    walk.kept("journal.v1.JournalService.CreateJournal", journal, other)
        .await;
}

pub(super) async fn stock(walk: &mut Walk) {
    let item = |fields: Value| {
        let mut item = json!({"storeCode": "tk01", "itemCode": "TEA"});
        item.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        item
    };
    let change = item(json!({"quantityChange": decimal("40"), "updateType": "purchase"}));
    let other = json!({"quantityChange": decimal("41")});
    walk.kept("stock.v1.StockService.UpdateStock", change, other)
        .await;
    let minimum = item(json!({"minimumQuantity": decimal("5")}));
    let other = json!({"minimumQuantity": decimal("6")});
    walk.kept("stock.v1.StockService.SetMinimumQuantity", minimum, other)
        .await;
    let reorder = item(json!({"reorderPoint": decimal("7"), "reorderQuantity": decimal("20")}));
    let other = json!({"reorderPoint": decimal("8")});
    walk.kept("stock.v1.StockService.SetReorderParameters", reorder, other)
        .await;
    let snapshot = json!({"storeCode": "tk01"});
    let other = json!({"createdBy": "somebody"});
    walk.kept("stock.v1.StockService.CreateSnapshot", snapshot, other)
        .await;
    let schedule = json!({
        "enabled": true, "schedule_interval": "daily", "schedule_hour": 3, "schedule_minute": 0, "retention_days": 30,
        "target_stores": ["all"],
    });
    let other = json!({"schedule_hour": 4});
    walk.kept("stock.v1.StockService.SetSnapshotSchedule", schedule, other)
        .await;
    let other = json!({"tenantId": ""});
    walk.kept("stock.v1.StockService.DeleteSnapshotSchedule", json!({}), other)
        .await;
}

/// What the effects of the walk are counted by.
pub(super) async fn state(walk: &Walk) -> Vec<Value> {
    let mut state = Vec::new();
    let (store, till) = (
        json!({"storeCode": "tk01"}),
        json!({"storeCode": "tk01", "terminalNo": 1}),
    );
    for (method, request) in [
        (
            "account.v1.AccountService.ListUsers",
            json!({"sort": "username:1"}),
        ),
        ("terminal.v1.TenantService.GetTenant", json!({})),
        ("terminal.v1.TerminalService.ListTerminals", json!({})),
        ("master_data.v1.ItemService.ListItems", json!({})),
        ("master_data.v1.ItemBookService.ListItemBooks", json!({})),
        ("master_data.v1.StaffService.ListStaff", json!({})),
        ("cart.v1.TransactionService.ListTransactions", till),
        ("journal.v1.JournalService.SearchJournals", store.clone()),
        ("stock.v1.StockService.ListStocks", store.clone()),
        (
            "stock.v1.StockService.ListStockHistory",
            json!({"storeCode": "tk01", "itemCode": "TEA"}),
        ),
        ("stock.v1.StockService.ListSnapshots", store),
        ("stock.v1.StockService.GetSnapshotSchedule", json!({})),
    ] {
        state.push(walk.plain(method, request).await);
    }
    // Logging in again is an effect, and the one that is meant.
    for user in state[0]["users"].as_array_mut().unwrap() {
        user["lastLogin"] = Value::Null;
    }
    state
}
