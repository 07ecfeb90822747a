//! Counting logs: once, whole, and again.

use std::sync::Arc;

use futures::TryStreamExt;
use kugel_bus::{Failure, Topic};
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::report::v1::{
    PostTransactionRequest, RecountTotalsRequest, RecountTotalsResponse, StreamTransactionsRequest,
};
use kugel_stand::refusal;
use kugel_store::{Query, Record};

use crate::bills::{cash_log, close_log, exact, example_a, plain_bill};
use crate::world::{World, of_store};
use kugel_report::records::{Filed, SessionItems, SessionTotals};

pub(crate) async fn gross(world: &World) -> rust_decimal::Decimal {
    let report = world.report(of_store("sales", "flash")).await.unwrap();
    report.sales_gross.unwrap().amount.unwrap().exact().unwrap()
}

pub(crate) async fn recount(world: &World, repair: bool) -> RecountTotalsResponse {
    let request = RecountTotalsRequest {
        tenant_id: "T1".to_owned(),
        repair,
    };
    let answer = world
        .client()
        .recount_totals(world.service("kugel", request))
        .await;
    answer.unwrap().into_inner()
}

#[tokio::test]
async fn every_event_counts_once_however_often_it_comes() {
    let world = World::start();
    let events: Vec<_> = (1..=5)
        .map(|number| world.sale(plain_bill(number).log()))
        .collect();
    world.deliver(&events[..2]).await.unwrap();
    // A batch that begins with what was processed already and repeats itself.
    let mut again = events.clone();
    again.push(Arc::clone(&events[4]));
    world.deliver(&again).await.unwrap();
    world.deliver(&events[3..4]).await.unwrap();
    assert_eq!(gross(&world).await, exact("500"));
    assert_eq!(recount(&world, false).await.differences, []);
}

#[tokio::test]
async fn the_same_transaction_counts_once_by_event_and_by_call() {
    let world = World::start();
    let log = plain_bill(1).log();
    let post = || {
        let transaction = Some(log.clone());
        let (tenant_id, store_code) = ("T1".to_owned(), "S1".to_owned());
        world.administrator(PostTransactionRequest {
            tenant_id,
            store_code,
            terminal_no: 1,
            transaction,
        })
    };
    for _ in 0..2 {
        let answer = world
            .client()
            .post_transaction(post())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.transaction.unwrap().transaction_no, 1);
    }
    world.deliver(&[world.sale(log.clone())]).await.unwrap();
    assert_eq!(gross(&world).await, exact("100"));
    // Another event with the same log, beside a new one.
    let batch = [world.sale(plain_bill(2).log()), world.sale(log.clone())];
    world.deliver(&batch).await.unwrap();
    assert_eq!(gross(&world).await, exact("200"));
}

#[tokio::test]
async fn logs_that_come_at_the_same_time_are_all_counted() {
    let world = World::start();
    let posts = (1..=30).map(async |number| {
        let request = PostTransactionRequest {
            tenant_id: "T1".to_owned(),
            store_code: "S1".to_owned(),
            terminal_no: 1,
            transaction: Some(plain_bill(number).log()),
        };
        let answer = world
            .client()
            .post_transaction(world.administrator(request))
            .await;
        answer.map(|_| ())
    });
    futures::future::try_join_all(posts).await.unwrap();
    assert_eq!(gross(&world).await, exact("3000"));
    assert_eq!(recount(&world, false).await.differences, []);
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_named_and_changes_nothing() {
    let world = World::start();
    let (mut kind, mut currency, mut tax) = (plain_bill(1).log(), plain_bill(1).log(), plain_bill(1).log());
    kind.transaction_type = 999;
    currency.currency_code = "yen".to_owned();
    tax.taxes[0].tax_type = "Included".to_owned();
    for (log, field) in [
        (kind, "transaction.transaction_type"),
        (currency, "transaction.currency_code"),
        (tax, "transaction.taxes.tax_type"),
    ] {
        assert!(matches!(
            world.deliver(&[world.sale(log.clone())]).await,
            Err(Failure::Malformed(_))
        ));
        let request = PostTransactionRequest {
            tenant_id: "T1".to_owned(),
            store_code: "S1".to_owned(),
            terminal_no: 1,
            transaction: Some(log),
        };
        let answer = world
            .client()
            .post_transaction(world.administrator(request))
            .await;
        assert_eq!(refusal(&answer.unwrap_err()), ("300001", 422, [field]));
    }
    assert_eq!(gross(&world).await, exact("0"));
}

#[tokio::test]
async fn a_posted_log_belongs_to_its_path() {
    let world = World::start();
    let mut log = plain_bill(1).log();
    log.store_code = "S2".to_owned();
    let (tenant_id, store_code) = ("T1".to_owned(), "S1".to_owned());
    let transaction = Some(log);
    let request = PostTransactionRequest {
        tenant_id,
        store_code,
        terminal_no: 1,
        transaction,
    };
    let error = world
        .client()
        .post_transaction(world.administrator(request))
        .await
        .unwrap_err();
    assert!(error.message().contains("store_code"), "{}", error.message());
}

#[tokio::test]
async fn sums_over_items_are_merged_as_they_grow() {
    let world = World::start();
    let parts = async || {
        let scope = world.scope();
        let parts = world.documents.find::<SessionItems>(&scope, Query::all());
        parts.await.unwrap().total
    };
    for number in 1..=100 {
        world
            .deliver(&[world.sale(plain_bill(number).log())])
            .await
            .unwrap();
    }
    assert!(parts().await <= 14, "{} parts", parts().await);
    let close = world.log(Topic::OpencloselogReport, close_log(None, &[], &[]));
    world.deliver(&[close]).await.unwrap();
    assert_eq!(parts().await, 1, "the close makes one of all");
    world.deliver(&[world.sale(plain_bill(101).log())]).await.unwrap();
    assert_eq!(parts().await, 2);
    let report = world.report(of_store("item", "flash")).await.unwrap();
    assert_eq!(report.total_net_amount.unwrap().value, "10100");
    assert_eq!(report.categories[0].items.len(), 5);
    assert_eq!(recount(&world, false).await.differences, []);
}

#[tokio::test]
async fn a_recount_names_what_differs_and_repairs_it() {
    let world = World::start();
    let (transactions, cash) = example_a();
    let mut events: Vec<_> = transactions.iter().cloned().map(|log| world.sale(log)).collect();
    events.extend(
        cash.iter()
            .cloned()
            .map(|log| world.log(Topic::CashlogReport, log)),
    );
    world.deliver(&events).await.unwrap();

    let kept = world
        .documents
        .find::<SessionTotals>(&world.scope(), Query::all())
        .await
        .unwrap();
    let mut wrong = SessionTotals::clone(&kept.rows[0]);
    wrong.totals.sales.amount += exact("0.01");
    let changes = world
        .documents
        .changes("test")
        .replace(wrong, kept.rows[0].revision);
    world.documents.commit(&world.scope(), changes).await.unwrap();

    let found = recount(&world, true).await;
    assert_eq!(
        (found.transaction_logs, found.cash_logs, found.sessions),
        (7, 3, 1)
    );
    assert_eq!(found.differences[0].part, "totals.sales");
    assert_eq!(gross(&world).await, exact("3590"));
    assert_eq!(recount(&world, false).await.differences, []);
    // What comes afterwards is added to what was repaired.
    world.deliver(&[world.sale(plain_bill(20).log())]).await.unwrap();
    assert_eq!(recount(&world, false).await.differences, []);
}

#[tokio::test]
async fn filed_logs_are_streamed_whole_and_in_order() {
    let world = World::start();
    let logs: Vec<_> = (1..=12).map(|number| plain_bill(number).log()).collect();
    let events: Vec<_> = logs.iter().rev().cloned().map(|log| world.sale(log)).collect();
    world.deliver(&events).await.unwrap();
    let request = StreamTransactionsRequest {
        tenant_id: "T1".to_owned(),
        ..StreamTransactionsRequest::default()
    };
    let stream = world
        .client()
        .stream_transactions(world.service("kugel", request.clone()))
        .await
        .unwrap();
    let streamed: Vec<_> = stream.into_inner().try_collect().await.unwrap();
    let streamed: Vec<_> = streamed.into_iter().filter_map(|one| one.transaction).collect();
    assert_eq!(streamed, logs);
    assert!(
        world
            .client()
            .stream_transactions(world.user(request))
            .await
            .is_err()
    );
    let stored = world
        .documents
        .get::<Filed<TransactionLog>>(&world.scope(), "S1/0001/000000000007")
        .await
        .unwrap();
    assert_eq!(stored.unwrap().id(), "S1/0001/000000000007");
}

#[tokio::test]
async fn a_day_settles_though_its_clock_and_its_zone_changed() {
    let world = World::start();
    // The clock was set back between the first sale and the second, and the zone was changed before the third.
    let times = [
        "2026-03-05T11:00:00.000000+09:00",
        "2026-03-05T10:00:00.000000+09:00",
        "2026-03-05T03:00:00.000000+00:00",
    ];
    let logs = [1, 2, 3].map(|number| {
        let mut log = plain_bill(number).log();
        log.generate_date_time = times[usize::try_from(number).unwrap() - 1].to_owned();
        log
    });
    let cash = times.map(|time| {
        let mut log = cash_log(1, "100");
        (log.event_id, log.generate_date_time) = (time.to_owned(), time.to_owned());
        log
    });
    let mut close = close_log(None, &logs, &cash);
    // The newest instant as the terminal writes it in the zone it has now.
    close.cash_in_out_last_datetime = Some("2026-03-05T12:00:00.000000+09:00".to_owned());
    let mut events: Vec<_> = logs.into_iter().map(|log| world.sale(log)).collect();
    events.extend(cash.into_iter().map(|log| world.log(Topic::CashlogReport, log)));
    events.push(world.log(Topic::OpencloselogReport, close));
    world.deliver(&events).await.unwrap();
    world.report(of_store("sales", "daily")).await.unwrap();
    assert_eq!(recount(&world, false).await.differences, []);
}
