//! The sums made again from the logs.

use kugel_bus::Topic;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::report::v1::PostTransactionRequest;
use kugel_store::Query;

use crate::bills::{close_log, example_a, plain_bill};
use crate::counting::recount;
use crate::world::{World, of_store};
use kugel_report::records::{Filed, LogMessage, SessionItems, SessionTotals};

#[tokio::test]
async fn rebuilt_sums_are_those_before() {
    let world = World::start();
    let (logs, cash) = example_a();
    let mut events: Vec<_> = (20..=40)
        .map(|number| world.sale(plain_bill(number).log()))
        .collect();
    events.extend(logs.into_iter().map(|log| world.sale(log)));
    events.extend(cash.into_iter().map(|log| world.log(Topic::CashlogReport, log)));
    events.push(world.log(Topic::OpencloselogReport, close_log(None, &[], &[])));
    let posted = [plain_bill(90).log(), plain_bill(25).log()];
    for log in posted {
        let (tenant_id, store_code) = ("T1".to_owned(), "S1".to_owned());
        let request = PostTransactionRequest {
            tenant_id,
            store_code,
            terminal_no: 1,
            transaction: Some(log),
        };
        world
            .client()
            .post_transaction(world.administrator(request))
            .await
            .unwrap();
    }
    for event in &events {
        world.deliver(std::slice::from_ref(event)).await.unwrap();
    }
    let before = reports(&world).await;

    let gone = plain_bill(30).log().key();
    let sums = world
        .documents
        .find::<SessionTotals>(&world.scope(), Query::all())
        .await
        .unwrap();
    let items = world
        .documents
        .find::<SessionItems>(&world.scope(), Query::all())
        .await
        .unwrap();
    let (sums, items) = (&sums.rows[0], &items.rows[0]);
    let mut wrong = SessionTotals::clone(sums);
    wrong.totals.counts.cash += rust_decimal::Decimal::ONE;
    let changes = world.documents.changes("vandal").replace(wrong, sums.revision);
    let changes = changes
        .delete::<Filed<TransactionLog>>(&gone, None)
        .delete::<SessionItems>(&kugel_store::Record::id(&*items.value), None);
    world.documents.commit(&world.scope(), changes).await.unwrap();
    assert!(!recount(&world, false).await.differences.is_empty());

    let rebuild = kugel_report::rebuild(world.documents.clone());
    // Cut off in the middle: the whole is done once more.
    rebuild.begin(&world.tenant).await.unwrap();
    rebuild.handle(&world.tenant, &events[..3]).await.unwrap();
    rebuild.begin(&world.tenant).await.unwrap();
    rebuild.handle(&world.tenant, &events[..5]).await.unwrap();
    for event in &events[4..] {
        rebuild
            .handle(&world.tenant, std::slice::from_ref(event))
            .await
            .unwrap();
    }
    rebuild.finish(&world.tenant).await.unwrap();
    let recount = recount(&world, false).await;
    assert_eq!(recount.differences, []);
    assert_eq!(reports(&world).await, before);

    rebuild.drop_posted(&world.tenant).await.unwrap();
    rebuild.begin(&world.tenant).await.unwrap();
    rebuild.handle(&world.tenant, &events).await.unwrap();
    rebuild.finish(&world.tenant).await.unwrap();
    let report = world.report(of_store("sales", "flash")).await.unwrap();
    assert_eq!(report.posted_transaction_count, 0);
}

/// Reports that are made of all kinds of sums.
async fn reports(world: &World) -> Vec<kugel_proto::report::v1::Report> {
    let mut reports = Vec::new();
    for kind in ["sales", "category", "item", "payment"] {
        reports.push(world.report(of_store(kind, "flash")).await.unwrap());
    }
    reports
}
