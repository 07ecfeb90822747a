//! From events to answers, over the embedded store.

use std::sync::Arc;

use futures::TryStreamExt;
use kugel_bus::{Failure, Topic};
use kugel_error::{codes, reason_of};
use kugel_proto::report::v1::{
    GetStoreReportRequest, GetTerminalReportRequest, PostTransactionRequest, RecountTotalsRequest,
    RecountTotalsResponse, StreamTransactionsRequest,
};
use kugel_store::{Query, Record};

use super::bills::{Bill, close_log, exact, example_a, open_log};
use super::world::{World, event, of_store, sale};
use crate::adapters::documents::{SessionProducts, SessionTotals, TransactionDocument};

fn plain_bill(number: i64) -> Bill {
    Bill::new(number, 101)
        .line(&format!("I{}", number % 5), "C1", "00", "1", "100")
        .tax("00", "Exempt", "非課税", ["0", "100", "1"])
        .paid("01", "Cash", "100")
}

async fn gross(world: &World) -> rust_decimal::Decimal {
    let report = world.report(of_store("sales", "flash")).await.unwrap();
    report.sales_gross.unwrap().amount.unwrap().exact().unwrap()
}

async fn recount(world: &World, repair: bool) -> RecountTotalsResponse {
    let request = RecountTotalsRequest {
        tenant_id: "T1".to_owned(),
        repair,
    };
    let answer = world.client().recount_totals(world.as_service(request)).await;
    answer.unwrap().into_inner()
}

#[tokio::test]
async fn every_event_counts_once_however_often_it_comes() {
    let world = World::start();
    let events: Vec<_> = (1..=5).map(|number| sale(plain_bill(number).log())).collect();
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
        world.as_user(PostTransactionRequest {
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
    world.deliver(&[sale(log.clone())]).await.unwrap();
    assert_eq!(gross(&world).await, exact("100"));
    // In a batch it makes the batch fail as a whole, and the bus then gives the events one by one.
    let batch = [sale(plain_bill(2).log()), sale(log.clone())];
    assert!(matches!(world.deliver(&batch).await, Err(Failure::Transient(_))));
    for one in &batch {
        world.deliver(std::slice::from_ref(one)).await.unwrap();
    }
    assert_eq!(gross(&world).await, exact("200"));
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_named_and_changes_nothing() {
    let world = World::start();
    let mut log = plain_bill(1).log();
    log.transaction_type = 999;
    assert!(matches!(
        world.deliver(&[sale(log.clone())]).await,
        Err(Failure::Malformed(_))
    ));
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
        .post_transaction(world.as_user(request))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&error).unwrap().code, "300001");
    assert!(error.message().contains("transaction_type"));
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
        .post_transaction(world.as_user(request))
        .await
        .unwrap_err();
    assert!(error.message().contains("store_code"), "{}", error.message());
}

#[tokio::test]
async fn product_sums_are_merged_as_they_grow() {
    let world = World::start();
    for number in 1..=100 {
        world.deliver(&[sale(plain_bill(number).log())]).await.unwrap();
    }
    let parts = world
        .documents
        .find::<SessionProducts>(&world.scope, Query::all())
        .await
        .unwrap();
    assert!(parts.total <= 14, "{} parts", parts.total);
    let report = world.report(of_store("item", "flash")).await.unwrap();
    assert_eq!(report.total_net_amount.unwrap().value, "10000");
    assert_eq!(report.categories[0].items.len(), 5);
    assert_eq!(recount(&world, false).await.differences, []);
}

#[tokio::test]
async fn a_recount_names_what_differs_and_repairs_it() {
    let world = World::start();
    let (transactions, cash) = example_a();
    let mut events: Vec<_> = transactions.iter().cloned().map(sale).collect();
    events.extend(cash.iter().cloned().map(|log| event(Topic::CashlogReport, log)));
    world.deliver(&events).await.unwrap();

    let kept = world
        .documents
        .find::<SessionTotals>(&world.scope, Query::all())
        .await
        .unwrap();
    let mut wrong = SessionTotals::clone(&kept.rows[0]);
    wrong.totals.sales.amount += exact("0.01");
    let changes = world
        .documents
        .changes("test")
        .replace(wrong, kept.rows[0].revision);
    world.documents.commit(&world.scope, changes).await.unwrap();

    let found = recount(&world, true).await;
    assert_eq!(
        (found.transaction_logs, found.cash_logs, found.sessions),
        (7, 3, 1)
    );
    assert_eq!(found.differences[0].part, "totals.sales");
    assert_eq!(gross(&world).await, exact("3590"));
    assert_eq!(recount(&world, false).await.differences, []);
    // What comes afterwards is added to what was repaired.
    world.deliver(&[sale(plain_bill(20).log())]).await.unwrap();
    assert_eq!(recount(&world, false).await.differences, []);
}

#[tokio::test]
async fn a_daily_report_waits_for_the_close_and_every_log_before_it() {
    let world = World::start();
    let daily = || world.report(of_store("sales", "daily"));
    daily().await.expect("nothing was ever opened");

    let (transactions, cash) = example_a();
    let open = event(Topic::OpencloselogReport, open_log());
    let close = event(
        Topic::OpencloselogReport,
        close_log("11700", &transactions, &cash),
    );
    let mut events: Vec<_> = transactions.iter().cloned().map(sale).collect();
    events.extend(cash.iter().cloned().map(|log| event(Topic::CashlogReport, log)));
    world.deliver(&[open]).await.unwrap();
    let error = daily().await.unwrap_err();
    assert_eq!(reason_of(&error).unwrap().code, "412101");
    assert!(error.message().contains("not closed"), "{}", error.message());

    // The close overtakes the last sale.
    world.deliver(&events[1..]).await.unwrap();
    world.deliver(&[close]).await.unwrap();
    let error = daily().await.unwrap_err();
    assert!(
        error.message().contains("6 transaction logs of 7"),
        "{}",
        error.message()
    );
    world.deliver(&events[..1]).await.unwrap();
    let report = daily().await.unwrap();
    assert_eq!(report.cash.unwrap().difference_amount.unwrap().value, "-40");
    world.report(of_store("category", "daily")).await.unwrap();
}

#[tokio::test]
async fn a_terminals_report_is_filed_in_the_journal_under_its_own_number() {
    let world = World::start();
    world.deliver(&[sale(plain_bill(1).log())]).await.unwrap();
    let request = GetTerminalReportRequest {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 1,
        report_scope: "flash".to_owned(),
        report_type: "sales".to_owned(),
        business_date: Some("20260305".to_owned()),
        ..GetTerminalReportRequest::default()
    };
    let answer = world
        .client()
        .get_terminal_report(world.as_terminal("T1-S1-2", request))
        .await;
    let report = answer.unwrap().into_inner().report.unwrap();
    assert_eq!(report.terminal_no, Some(1));
    let entry = world.filed.lock().unwrap().pop().unwrap();
    assert_eq!((entry.terminal_no, entry.transaction_type), (Some(2), Some(501)));
    assert_eq!(entry.staff_id.as_deref(), Some("31"));
    assert_eq!(entry.journal_text, report.journal_text);
    assert_eq!(entry.generate_date_time, "2026-03-06T09:00:00.000000+09:00");

    // A user files only in the name of a terminal.
    world.report(of_store("sales", "flash")).await.unwrap();
    assert!(world.filed.lock().unwrap().is_empty());
    let terminal_id = Some("T1-S1-3".to_owned());
    world
        .report(GetStoreReportRequest {
            terminal_id,
            ..of_store("sales", "flash")
        })
        .await
        .unwrap();
    let entry = world.filed.lock().unwrap().pop().unwrap();
    assert_eq!(
        (entry.terminal_no, entry.staff_id.as_deref()),
        (Some(3), Some("SYSTEM"))
    );
}

#[tokio::test]
async fn a_report_covers_the_days_terminals_and_sessions_asked_for() {
    let world = World::start();
    let mut next_day = plain_bill(2);
    next_day.0.business_date = "20260306".to_owned();
    let mut other_session = plain_bill(3);
    other_session.0.open_counter = 2;
    let bills = [plain_bill(1), next_day, other_session, plain_bill(1).at(2)];
    world.deliver(&bills.map(|bill| sale(bill.log()))).await.unwrap();
    let count = async |request| {
        let report = world.report(request).await.unwrap();
        (
            report.sales_net.unwrap().count,
            report.business_date,
            report.business_date_from,
        )
    };
    let day = of_store("sales", "flash");
    assert_eq!(count(day.clone()).await, (3, Some("20260305".to_owned()), None));
    assert_eq!(
        count(GetStoreReportRequest {
            open_counter: Some(2),
            ..day.clone()
        })
        .await
        .0,
        1
    );
    assert_eq!(
        count(GetStoreReportRequest {
            open_counter: Some(0),
            ..day.clone()
        })
        .await
        .0,
        0
    );
    let range = GetStoreReportRequest {
        business_date_from: Some("20260301".to_owned()),
        business_date_to: Some("20260331".to_owned()),
        ..of_store("sales", "daily")
    };
    assert_eq!(count(range).await, (4, None, Some("20260301".to_owned())));
}

#[tokio::test]
async fn wrong_requests_get_the_intended_answers() {
    let world = World::start();
    let good = of_store("sales", "flash");
    let range = |from: &str, to: &str| GetStoreReportRequest {
        report_scope: "daily".to_owned(),
        business_date_from: Some(from.to_owned()),
        business_date_to: Some(to.to_owned()),
        ..of_store("sales", "flash")
    };
    for (request, code, http) in [
        (of_store("weather", "flash"), "412001", 404),
        (of_store("sales", "weekly"), "412005", 400),
        (of_store("", "flash"), "300001", 422),
        (of_store("sales", ""), "300001", 422),
        (
            GetStoreReportRequest {
                business_date: None,
                ..good.clone()
            },
            "100000",
            400,
        ),
        (
            GetStoreReportRequest {
                business_date: Some("20260230".to_owned()),
                ..good.clone()
            },
            "412006",
            400,
        ),
        (
            GetStoreReportRequest {
                report_scope: "flush".to_owned(),
                ..range("20260301", "20260302")
            },
            "100000",
            400,
        ),
        (range("20260302", "20260301"), "412003", 500),
        (
            GetStoreReportRequest {
                limit: Some(-1),
                ..good.clone()
            },
            "300001",
            422,
        ),
        (
            GetStoreReportRequest {
                sort: Some("net".to_owned()),
                ..good.clone()
            },
            "300001",
            422,
        ),
        (
            GetStoreReportRequest {
                store_code: "S-1".to_owned(),
                ..good.clone()
            },
            "300001",
            422,
        ),
        (
            GetStoreReportRequest {
                tenant_id: "T2".to_owned(),
                ..good.clone()
            },
            "100000",
            400,
        ),
    ] {
        let error = world
            .report(request.clone())
            .await
            .expect_err(&format!("{request:?}"));
        let row = reason_of(&error).unwrap();
        assert_eq!((row.code, row.http), (code, http), "{request:?}");
    }
    let of_another_store = world.as_terminal("T1-S2-1", good);
    let error = world
        .client()
        .get_store_report(of_another_store)
        .await
        .unwrap_err();
    assert!(reason_of(&error).unwrap().reason == codes::PERMISSION_DENIED.reason);
}

#[tokio::test]
async fn filed_logs_are_streamed_whole_and_in_order() {
    let world = World::start();
    let logs: Vec<_> = (1..=12).map(|number| plain_bill(number).log()).collect();
    let events: Vec<_> = logs.iter().rev().cloned().map(sale).collect();
    world.deliver(&events).await.unwrap();
    let request = StreamTransactionsRequest {
        tenant_id: "T1".to_owned(),
        ..StreamTransactionsRequest::default()
    };
    let stream = world
        .client()
        .stream_transactions(world.as_service(request.clone()))
        .await
        .unwrap();
    let streamed: Vec<_> = stream.into_inner().try_collect().await.unwrap();
    let streamed: Vec<_> = streamed.into_iter().filter_map(|one| one.transaction).collect();
    assert_eq!(streamed, logs);
    assert!(
        world
            .client()
            .stream_transactions(world.as_user(request))
            .await
            .is_err()
    );
    let stored = world
        .documents
        .get::<TransactionDocument>(&world.scope, "S1/0001/000000000007")
        .await
        .unwrap();
    assert_eq!(stored.unwrap().id(), "S1/0001/000000000007");
}
