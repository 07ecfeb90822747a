//! Logs that are posted: history, counted and shown as such, and never in the way of what tills do.

use kugel_auth::Rights;
use kugel_bus::Topic;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::report::v1::PostTransactionRequest;
use kugel_stand::refusal;
use kugel_store::Query;

use crate::bills::{close_log, exact, plain_bill};
use crate::counting::{gross, recount};
use crate::world::{World, of_store};
use kugel_report::records::SessionTotals;

fn post(terminal_no: i32, log: TransactionLog) -> PostTransactionRequest {
    PostTransactionRequest {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no,
        transaction: Some(log),
    }
}

/// The bill of 100 as somebody writes it who wants it to be one of 49.
fn forged(number: i64) -> TransactionLog {
    let mut log = plain_bill(number).log();
    let sales = log.sales.as_mut().unwrap();
    sales.total_amount_with_tax = kugel_stand::decimal("49");
    log.line_items[0].amount = kugel_stand::decimal("49");
    log
}

async fn post_all(world: &World, logs: impl IntoIterator<Item = TransactionLog>) {
    for log in logs {
        let request = world.administrator(post(1, log));
        world.client().post_transaction(request).await.unwrap();
    }
}

#[tokio::test]
async fn an_event_takes_the_place_of_what_was_posted_under_its_number() {
    let world = World::start();
    post_all(&world, [forged(1), forged(2), forged(777)]).await;
    let report = world.report(of_store("sales", "flash")).await.unwrap();
    assert_eq!(report.posted_transaction_count, 3);
    assert!(report.journal_text.unwrap().contains("後から登録"));
    // The batch holds a neighbour that nobody posted, and comes again.
    let batch = [1, 2, 3].map(|number| world.sale(plain_bill(number).log()));
    for _ in 0..2 {
        world.deliver(&batch).await.unwrap();
        assert_eq!(gross(&world).await, exact("349"));
        let report = world.report(of_store("item", "flash")).await.unwrap();
        assert_eq!(report.posted_transaction_count, 1);
        assert_eq!(recount(&world, false).await.differences, []);
    }
    // The last one that was posted goes, and with it the sums of what was posted.
    world.deliver(&[world.sale(plain_bill(777).log())]).await.unwrap();
    assert_eq!(gross(&world).await, exact("400"));
    let scope = world.scope();
    let sums = world.documents.find::<SessionTotals>(&scope, Query::all());
    assert_eq!(sums.await.unwrap().total, 1);
    assert_eq!(recount(&world, false).await.differences, []);
}

#[tokio::test]
async fn what_was_posted_holds_no_daily_report_up() {
    let world = World::start();
    let sale = plain_bill(1).log();
    let logs = [sale.clone()];
    world.deliver(&[world.sale(sale)]).await.unwrap();
    let close = world.log(Topic::OpencloselogReport, close_log(None, &logs, &[]));
    world.deliver(&[close]).await.unwrap();
    post_all(&world, [plain_bill(777).log()]).await;
    let report = world.report(of_store("sales", "daily")).await.unwrap();
    assert_eq!(report.posted_transaction_count, 1);
    assert_eq!(gross(&world).await, exact("200"));
}

#[tokio::test]
async fn who_is_permitted_posts_for_terminals_that_are_known() {
    let world = World::start();
    let log = plain_bill(1).log();
    for request in [
        world.user_with(Rights::default(), post(1, log.clone())),
        world.till("T1-S1-1", post(1, log.clone())),
    ] {
        let refused = world.client().post_transaction(request).await.unwrap_err();
        assert_eq!(refusal(&refused).code, "200002");
    }
    let stranger = TransactionLog {
        terminal_no: 2,
        ..log.clone()
    };
    let request = world.administrator(post(2, stranger));
    let refused = world.client().post_transaction(request).await.unwrap_err();
    assert_eq!(refusal(&refused).http, 404);
    assert_eq!(gross(&world).await, exact("0"));
    // What history does not say is what the default tables say.
    let mut bare = log;
    bare.store_name.clear();
    for tax in &mut bare.taxes {
        tax.tax_type.clear();
    }
    post_all(&world, [bare]).await;
    assert_eq!(gross(&world).await, exact("100"));
}
