//! The journal made again from the logs.

use kugel_bus::Topic;
use kugel_proto::journal::v1 as pb;
use kugel_store::Query;

use crate::posting::{create, entry, post};
use crate::support::{TILL, World, cash, session, transaction};
use kugel_journal::records::{Entry, TransactionRecord};

#[tokio::test]
async fn a_rebuilt_journal_is_the_one_before() {
    let mut world = World::start();
    let events = [
        world.event(Topic::OpencloselogReport, TILL, session("open")),
        world.event(Topic::CashlogReport, TILL, cash("500")),
        world.event(Topic::TranlogReport, TILL, transaction(1)),
        world.event(Topic::TranlogReport, TILL, transaction(2)),
        world.event(Topic::TranlogReport, TILL, transaction(3)),
    ];
    let (by_hand, posted, also_posted) = (create(entry()), post(transaction(9)), post(transaction(3)));
    let (by_hand, posted) = (world.administrator(by_hand), world.administrator(posted));
    let also_posted = world.administrator(also_posted);
    world.client.create_journal(by_hand).await.unwrap();
    world.client.post_transaction(posted).await.unwrap();
    world.client.post_transaction(also_posted).await.unwrap();
    world.publish(&events).await;
    let before = everything(&mut world).await;
    assert_eq!(before.len(), 7);

    let scope = world.scope();
    let wrong = world
        .documents
        .get::<Entry>(&scope, "transaction/S1/4/1")
        .await
        .unwrap()
        .unwrap();
    let mut value = (*wrong.value).clone();
    value.journal_text = "something else".to_owned();
    let damage = world
        .documents
        .changes("vandal")
        .replace(value, wrong.revision)
        .delete::<Entry>("transaction/S1/4/2", None)
        .delete::<TransactionRecord>("S1/4/2", None);
    world.documents.commit(&scope, damage).await.unwrap();
    assert_ne!(everything(&mut world).await, before);

    let rebuild = kugel_journal::rebuild(world.documents.clone());
    // Cut off in the middle: the whole is done once more.
    rebuild.begin(&world.tenant).await.unwrap();
    rebuild.handle(&world.tenant, &events[..3]).await.unwrap();
    rebuild.begin(&world.tenant).await.unwrap();
    for event in &events {
        rebuild
            .handle(&world.tenant, std::slice::from_ref(event))
            .await
            .unwrap();
    }
    rebuild.finish(&world.tenant).await.unwrap();
    assert_eq!(everything(&mut world).await, before);
    let logs = world
        .documents
        .find::<TransactionRecord>(&scope, Query::all())
        .await
        .unwrap();
    assert_eq!(logs.total, 4);
    world.publish(&events).await;
    assert_eq!(
        everything(&mut world).await,
        before,
        "the events are known as processed"
    );
    rebuild.drop_posted(&world.tenant).await.unwrap();
    let left = everything(&mut world).await;
    assert_eq!(left.len(), 5, "what events made: {left:?}");
}

async fn everything(world: &mut World) -> Vec<pb::JournalEntry> {
    let found = world.search(pb::SearchJournalsRequest::default()).await.unwrap();
    let mut entries = found.journals;
    entries.sort_by_key(|entry| (entry.transaction_type, entry.transaction_no));
    entries
}
