//! Paying, billing, cancelling, and what the consumers receive.

use kugel_error::codes;
use kugel_proto::cart::v1 as pb;
use kugel_proto::cart::v1::TransactionLog;
use kugel_stand::decimal;

use crate::neighbours::state;
use crate::support::{Shop, discount, refused, till};

#[tokio::test]
async fn a_sale_is_billed_numbered_logged_and_delivered() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    let added = shop.add(&pos, &cart, &[("melon", "2")]).await.unwrap();
    refused(shop.bill_cart(&pos, &cart).await, &codes::OPERATION_NOT_ALLOWED);
    shop.subtotal_cart(&pos, &cart).await.unwrap();
    refused(shop.bill_cart(&pos, &cart).await, &codes::BALANCE_REMAINS);
    refused(
        shop.pay(&pos, &cart, &[("11", "2201")]).await,
        &codes::DEPOSIT_EXCEEDS_BALANCE,
    );
    refused(
        shop.pay(&pos, &cart, &[("99", "1")]).await,
        &codes::PAYMENT_METHOD_UNKNOWN,
    );
    shop.pay(&pos, &cart, &[("11", "1000"), ("01", "1500")])
        .await
        .unwrap();
    refused(shop.pay(&pos, &cart, &[("01", "1")]).await, &codes::BALANCE_ZERO);
    let billed = shop.bill_cart(&pos, &cart).await.unwrap();
    assert_eq!(billed.cart_status, "Completed");
    assert_eq!((billed.transaction_no, billed.receipt_no), (1, 111_111));
    assert_eq!(billed.change_amount, decimal("300"));
    assert!(billed.receipt_text().contains("MELON"));
    refused(shop.bill_cart(&pos, &cart).await, &codes::OPERATION_NOT_ALLOWED);

    shop.journal.wait_for(1).await;
    let log = shop.journal.logs::<TransactionLog>().remove(0);
    assert_eq!(log.transaction_no, 1);
    assert_eq!(
        (log.business_date.as_str(), log.open_counter, log.business_counter),
        ("20260611", 2, 42)
    );
    assert_eq!(log.generate_date_time, "2026-06-11T14:03:09.512345+09:00");
    assert_eq!(log.staff.as_ref().unwrap().id, "mori");
    assert_eq!(log.payments[1].amount, decimal("1200"));
    assert_eq!(log.payments[1].deposit_amount, decimal("1500"));
    let kinds = log.payments.iter().map(|payment| payment.payment_kind.as_str());
    assert_eq!(kinds.collect::<Vec<_>>(), ["Cashless", "Cash"]);
    assert_eq!(log.journal_text, billed.journal_text());

    // A line is the same thing wherever it is shown.
    let read = shop.transaction(&pos, 1).await.unwrap();
    for lines in [&billed.line_items, &log.line_items, &read.line_items] {
        assert_eq!(lines, &added.line_items);
    }
    assert_eq!(read.payments, log.payments);
    shop.stand.settle().await;
}

#[tokio::test]
async fn a_cancelled_cart_reports_its_tenders_and_takes_numbers() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, &cart, &[("melon", "1")]).await.unwrap();
    shop.subtotal_cart(&pos, &cart).await.unwrap();
    shop.pay(&pos, &cart, &[("11", "500")]).await.unwrap();
    let cancelled = shop.cancel_cart(&pos, &cart).await.unwrap();
    assert_eq!(cancelled.cart_status, "Cancelled");
    assert_eq!(cancelled.transaction_no, 1);
    assert_eq!(cancelled.payments[0].amount, decimal("500"));
    refused(shop.cancel_cart(&pos, &cart).await, &codes::OPERATION_NOT_ALLOWED);
    assert_eq!(shop.sell(&pos).await.transaction_no, 2);

    assert_eq!(shop.list(&pos, false).await.len(), 1);
    let all = shop.list(&pos, true).await;
    let numbers: Vec<i64> = all.iter().map(|row| row.transaction_no).collect();
    assert_eq!(numbers, [2, 1]);
    assert!(all[1].status.as_ref().unwrap().is_cancelled);
}

#[tokio::test]
async fn resuming_removes_payments_and_their_change() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, &cart, &[("melon", "1")]).await.unwrap();
    shop.subtotal_cart(&pos, &cart).await.unwrap();
    let discounts = discount("DiscountAmount", "100");
    shop.discount_cart(&pos, &cart, discounts).await.unwrap();
    let paid = shop.pay(&pos, &cart, &[("01", "1000")]).await.unwrap();
    assert_eq!(paid.change_amount, decimal("10"));
    let resumed = shop.resume_item_entry(&pos, &cart).await.unwrap();
    assert_eq!(resumed.cart_status, "EnteringItem");
    assert!(resumed.payments.is_empty());
    assert_eq!(resumed.change_amount, decimal("0"));
    assert_eq!(resumed.balance_amount, decimal("990"));
    assert_eq!(resumed.subtotal_discounts.len(), 1);
    let shares = &resumed.line_items[0].discounts_allocated;
    assert_eq!(
        (shares[0].seq_no, &shares[0].discount_amount),
        (1, &decimal("100"))
    );
}

#[tokio::test]
async fn a_sale_belongs_to_the_session_that_takes_the_money() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, &cart, &[("melon", "1")]).await.unwrap();
    shop.subtotal_cart(&pos, &cart).await.unwrap();
    shop.pay(&pos, &cart, &[("01", "1100")]).await.unwrap();
    shop.change_till(&pos, |terminal| {
        *terminal = state("ito", 1);
        terminal.business_date = Some("20260612".to_owned());
    });
    shop.bill_cart(&pos, &cart).await.unwrap();
    let made = shop.transaction(&pos, 1).await.unwrap();
    assert_eq!(
        (
            made.business_date.as_str(),
            made.open_counter,
            made.business_counter
        ),
        ("20260612", 1, 41)
    );
    assert_eq!(made.staff.unwrap().id, "ito");
}

#[tokio::test]
async fn stamp_duty_is_found_when_the_cart_is_billed() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, &cart, &[("melon", "50")]).await.unwrap();
    let subtotal = shop.subtotal_cart(&pos, &cart).await.unwrap();
    assert_eq!(subtotal.stamp_duty_amount, decimal("0"));
    shop.pay(&pos, &cart, &[("01", "55000")]).await.unwrap();
    let billed = shop.bill_cart(&pos, &cart).await.unwrap();
    assert_eq!(billed.stamp_duty_amount, decimal("200"));
    assert_eq!(billed.total_amount_with_tax, decimal("55000"));
}

#[tokio::test]
async fn the_log_streams_terminal_by_terminal_in_order() {
    let shop = Shop::open();
    for number in [1, 2, 1, 2, 1] {
        shop.sell(&till(number)).await;
    }
    let request = pb::StreamTransactionsRequest {
        tenant_id: "t1".to_owned(),
        ..Default::default()
    };
    let request = shop.stand.service("report", request);
    let answer = shop.transactions().stream_transactions(request).await;
    let mut stream = answer.unwrap().into_inner();
    let mut read = Vec::new();
    while let Some(part) = stream.message().await.unwrap() {
        let log = part.transaction.unwrap();
        read.push((log.terminal_no, log.transaction_no));
    }
    assert_eq!(read, [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]);
}

/// In the hour that comes twice, and where the time zone is changed, a later text is not a later time.
#[tokio::test]
async fn transactions_are_listed_in_the_order_in_which_they_were_made() {
    let shop = Shop::open();
    let pos = till(1);
    for step in [0, -3_600, 60] {
        shop.stand.clock.advance(step);
        shop.sell(&pos).await;
    }
    let listed = async |sort: &str| -> Vec<i64> {
        let request = pb::ListTransactionsRequest {
            tenant_id: "t1".to_owned(),
            store_code: "s1".to_owned(),
            terminal_no: 1,
            sort: Some(sort.to_owned()),
            ..Default::default()
        };
        let request = shop.request(&pos, request);
        let answer = shop.transactions().list_transactions(request).await.unwrap();
        let rows = answer.into_inner().transactions;
        rows.iter().map(|row| row.transaction_no).collect()
    };
    assert_eq!(listed("generate_date_time:1").await, [1, 2, 3]);
    assert_eq!(listed("generate_date_time:-1,transaction_no:1").await, [3, 2, 1]);
}
