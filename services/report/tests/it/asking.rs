//! Asking for reports: what they cover, when they wait, whom they are filed for, and wrong requests.

use kugel_bus::{Bus as _, Change, ChangeKind, Topic};
use kugel_proto::report::v1::GetReportRequest;
use kugel_stand::refusal;

use crate::bills::{close_log, example_a, open_log, plain_bill};
use crate::world::{World, of_store};

#[tokio::test]
async fn a_daily_report_waits_for_the_close_and_every_log_before_it() {
    let world = World::start();
    let daily = || world.report(of_store("sales", "daily"));
    daily().await.expect("nothing was ever opened");

    let (transactions, cash) = example_a();
    let open = world.log(Topic::OpencloselogReport, open_log());
    let close = world.log(
        Topic::OpencloselogReport,
        close_log(Some(("11700", "-40")), &transactions, &cash),
    );
    let mut events: Vec<_> = transactions.iter().cloned().map(|log| world.sale(log)).collect();
    events.extend(
        cash.iter()
            .cloned()
            .map(|log| world.log(Topic::CashlogReport, log)),
    );
    world.deliver(&[open]).await.unwrap();
    let error = daily().await.unwrap_err();
    assert_eq!(refusal(&error).code, "412101");
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
    world.deliver(&[world.sale(plain_bill(1).log())]).await.unwrap();
    let request = GetReportRequest {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: Some(1),
        report_scope: "flash".to_owned(),
        report_type: "sales".to_owned(),
        business_date: Some("20260305".to_owned()),
        ..GetReportRequest::default()
    };
    let answer = world.client().get_report(world.till("T1-S1-2", request)).await;
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
        .report(GetReportRequest {
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
    world
        .deliver(&bills.map(|bill| world.sale(bill.log())))
        .await
        .unwrap();
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
        count(GetReportRequest {
            open_counter: Some(2),
            ..day.clone()
        })
        .await
        .0,
        1
    );
    assert_eq!(
        count(GetReportRequest {
            open_counter: Some(0),
            ..day.clone()
        })
        .await
        .0,
        0
    );
    let range = GetReportRequest {
        business_date_from: Some("20260301".to_owned()),
        business_date_to: Some("20260331".to_owned()),
        ..of_store("sales", "daily")
    };
    assert_eq!(count(range).await, (4, None, Some("20260301".to_owned())));
}

/// A flash report of sales, with one thing changed.
fn changed(change: impl FnOnce(&mut GetReportRequest)) -> GetReportRequest {
    let mut request = of_store("sales", "flash");
    change(&mut request);
    request
}

fn range(scope: &str, from: &str, to: &str) -> GetReportRequest {
    let mut request = of_store("sales", scope);
    request.business_date_from = Some(from.to_owned());
    request.business_date_to = Some(to.to_owned());
    request
}

#[tokio::test]
async fn wrong_requests_get_the_intended_answers() {
    let world = World::start();
    for (request, code, http) in [
        (of_store("weather", "flash"), "412001", 404),
        (of_store("sales", "weekly"), "412005", 400),
        (of_store("", "flash"), "300001", 422),
        (of_store("sales", ""), "300001", 422),
        (changed(|request| request.business_date = None), "100000", 400),
        (
            changed(|request| request.business_date = Some("20260230".to_owned())),
            "412006",
            400,
        ),
        (range("flash", "20260301", "20260302"), "100000", 400),
        (range("flush", "20260301", "20260302"), "100000", 400),
        (range("daily", "20260302", "20260301"), "412003", 400),
        (changed(|request| request.limit = Some(-1)), "300001", 422),
        (
            changed(|request| request.sort = Some("net".to_owned())),
            "300001",
            422,
        ),
        (
            changed(|request| request.store_code = "S-1".to_owned()),
            "300001",
            422,
        ),
        (
            changed(|request| request.tenant_id = "T2".to_owned()),
            "100000",
            400,
        ),
    ] {
        let error = world
            .report(request.clone())
            .await
            .expect_err(&format!("{request:?}"));
        let refused = refusal(&error);
        assert_eq!((refused.code, refused.http), (code, http), "{request:?}");
    }
}

#[tokio::test]
async fn a_terminal_asks_for_its_own_store_only() {
    let world = World::start();
    let request = world.till("T1-S2-1", of_store("sales", "flash"));
    let error = world.client().get_report(request).await.unwrap_err();
    assert_eq!(refusal(&error).code, "200002");
}

#[tokio::test]
async fn categories_have_the_names_of_the_masters() {
    let world = World::start();
    world.deliver(&[world.sale(plain_bill(1).log())]).await.unwrap();
    let name = async || {
        let report = world.report(of_store("category", "flash")).await.unwrap();
        report.categories[0].category_name.clone().unwrap()
    };
    assert_eq!(name().await, "C1", "the code, where there is no name");
    world
        .categories
        .lock()
        .unwrap()
        .insert("C1".to_owned(), "Drinks".to_owned());
    world.bus.announce(&Change {
        tenant: world.tenant.clone(),
        kind: ChangeKind::Category,
        key: "C1".to_owned(),
    });
    assert_eq!(name().await, "Drinks");
}
