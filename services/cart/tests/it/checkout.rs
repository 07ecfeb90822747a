//! Paying, billing, cancelling, and what the consumers receive.

use kugel_cart::app::TransactionFilter;
use kugel_cart::domain::state::CartState;
use kugel_error::codes;
use kugel_pricing::Discount;
use kugel_store::{Direction, Page, Sort};

use crate::support::{Shop, eventually, money, refused, state, till};

#[tokio::test]
async fn a_sale_is_billed_numbered_logged_and_delivered() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, cart, &[("melon", "2")]).await.unwrap();
    refused(
        shop.app.bill_cart(&pos, cart).await,
        &codes::OPERATION_NOT_ALLOWED,
    );
    shop.app.subtotal_cart(&pos, cart).await.unwrap();
    refused(shop.app.bill_cart(&pos, cart).await, &codes::BALANCE_REMAINS);
    refused(
        shop.pay(&pos, cart, &[("11", "2201")]).await,
        &codes::DEPOSIT_EXCEEDS_BALANCE,
    );
    refused(
        shop.pay(&pos, cart, &[("99", "1")]).await,
        &codes::PAYMENT_METHOD_UNKNOWN,
    );
    shop.pay(&pos, cart, &[("11", "1000"), ("01", "1500")])
        .await
        .unwrap();
    refused(shop.pay(&pos, cart, &[("01", "1")]).await, &codes::BALANCE_ZERO);
    let billed = shop.app.bill_cart(&pos, cart).await.unwrap();
    assert_eq!(billed.cart_status, CartState::Completed);
    assert_eq!((billed.transaction_no, billed.receipt_no), (1, 111_111));
    assert_eq!(billed.sales.change_amount, money("300"));
    assert!(billed.log.as_ref().unwrap().receipt_text.contains("MELON"));
    refused(
        shop.app.bill_cart(&pos, cart).await,
        &codes::OPERATION_NOT_ALLOWED,
    );

    eventually(|| shop.journal.0.lock().len() == 1).await;
    let log = shop.journal.0.lock()[0].clone();
    assert_eq!(log.transaction_no, 1);
    assert_eq!(
        (log.business_date.as_str(), log.open_counter, log.business_counter),
        ("20260611", 2, 42)
    );
    assert_eq!(log.generate_date_time, "2026-06-11T14:03:09.512345+09:00");
    assert_eq!(log.staff.as_ref().unwrap().id, "mori");
    assert_eq!(log.payments[1].amount.as_ref().unwrap().value, "1200");
    assert_eq!(log.payments[1].deposit_amount.as_ref().unwrap().value, "1500");
    assert_eq!(log.journal_text, *billed.log.as_ref().unwrap().journal_text);
    let read = shop.app.get_transaction(&pos, 1).await.unwrap();
    assert_eq!(read.log, log);
    eventually(|| shop.app.outbox.backlog() == 0).await;
}

#[tokio::test]
async fn a_cancelled_cart_reports_its_tenders_and_takes_numbers() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, cart, &[("melon", "1")]).await.unwrap();
    shop.app.subtotal_cart(&pos, cart).await.unwrap();
    shop.pay(&pos, cart, &[("11", "500")]).await.unwrap();
    let cancelled = shop.app.cancel_cart(&pos, cart).await.unwrap();
    assert_eq!(cancelled.cart_status, CartState::Cancelled);
    assert_eq!(cancelled.transaction_no, 1);
    assert_eq!(cancelled.payments[0].payment_amount, money("500"));
    refused(
        shop.app.cancel_cart(&pos, cart).await,
        &codes::OPERATION_NOT_ALLOWED,
    );
    assert_eq!(shop.sell(&pos).await.transaction_no, 2);

    let sort = || Sort(vec![("transaction_no".to_owned(), Direction::Descending)]);
    let list = |include_cancelled| {
        let filter = TransactionFilter {
            include_cancelled,
            ..TransactionFilter::default()
        };
        shop.app.list_transactions(&pos, filter, sort(), Page::all())
    };
    assert_eq!(list(false).await.unwrap().total, 1);
    let all = list(true).await.unwrap();
    let numbers: Vec<i64> = all.rows.iter().map(|row| row.log.transaction_no).collect();
    assert_eq!(numbers, [2, 1]);
    assert!(all.rows[1].log.sales.as_ref().unwrap().is_cancelled);
}

#[tokio::test]
async fn resuming_removes_payments_and_their_change() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, cart, &[("melon", "1")]).await.unwrap();
    shop.app.subtotal_cart(&pos, cart).await.unwrap();
    let discounts = vec![Discount::amount(money("100"))];
    shop.app.discount_cart(&pos, cart, discounts).await.unwrap();
    let paid = shop.pay(&pos, cart, &[("01", "1000")]).await.unwrap();
    assert_eq!(paid.sales.change_amount, money("10"));
    let resumed = shop.app.resume_item_entry(&pos, cart).await.unwrap();
    assert_eq!(resumed.cart_status, CartState::EnteringItem);
    assert!(resumed.payments.is_empty());
    assert_eq!(resumed.sales.change_amount, money("0"));
    assert_eq!(resumed.sales.balance_amount, money("990"));
    assert_eq!(resumed.subtotal_discounts.len(), 1);
}

#[tokio::test]
async fn a_sale_belongs_to_the_session_that_takes_the_money() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, cart, &[("melon", "1")]).await.unwrap();
    shop.app.subtotal_cart(&pos, cart).await.unwrap();
    shop.pay(&pos, cart, &[("01", "1100")]).await.unwrap();
    shop.change(|world| {
        let mut next = state("ito", 1);
        next.session.as_mut().unwrap().business_date = "20260612".parse().unwrap();
        world.terminals.insert(till(1).terminal, next);
    });
    shop.app.bill_cart(&pos, cart).await.unwrap();
    let log = shop.app.get_transaction(&pos, 1).await.unwrap().log;
    assert_eq!(
        (log.business_date.as_str(), log.open_counter, log.business_counter),
        ("20260612", 1, 41)
    );
    assert_eq!(log.staff.as_ref().unwrap().id, "ito");
}

#[tokio::test]
async fn stamp_duty_is_found_when_the_cart_is_billed() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, cart, &[("melon", "50")]).await.unwrap();
    let subtotal = shop.app.subtotal_cart(&pos, cart).await.unwrap();
    assert_eq!(subtotal.sales.stamp_duty_amount, money("0"));
    shop.pay(&pos, cart, &[("01", "55000")]).await.unwrap();
    let billed = shop.app.bill_cart(&pos, cart).await.unwrap();
    assert_eq!(billed.sales.stamp_duty_amount, money("200"));
    assert_eq!(billed.sales.total_amount_with_tax, money("55000"));
}

#[tokio::test]
async fn the_log_streams_terminal_by_terminal_in_order() {
    let shop = Shop::open();
    for number in [1, 2, 1, 2, 1] {
        shop.sell(&till(number)).await;
    }
    let start = kugel_cart::app::StreamStart {
        store: None,
        terminal: None,
        after_transaction_no: 0,
    };
    let mut stream = shop.app.stream_transactions("t1".parse().unwrap(), start);
    let mut read = Vec::new();
    while let Some(log) = stream.recv().await {
        let log = log.unwrap();
        read.push((log.terminal_no, log.transaction_no));
    }
    assert_eq!(read, [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]);
}
