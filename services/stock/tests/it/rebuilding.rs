//! Levels and history made again from the transactions and the changes by hand.

use std::sync::Arc;

use kugel_bus::Event;
use kugel_proto::stock::v1 as pb;
use kugel_stock::records::{AsideRecord, StockRecord, UpdateRecord};
use kugel_store::Query;
use kugel_types::Clock as _;

use crate::support::{World, event, transaction};

/// A sale at this moment.
fn sale(world: &World, number: i64, item: &str) -> Arc<Event> {
    world.clock.advance(60);
    let mut event = event(transaction(number, 101, &[(item, "1.5")]));
    Arc::get_mut(&mut event).unwrap().occurred_at = world.clock.now();
    event
}

async fn by_hand(world: &mut World, item: &str, kind: &str, change: &str) {
    world.clock.advance(60);
    world.update(item, kind, change).await.unwrap();
}

/// Quantities and history of both items.
async fn everything(world: &mut World) -> (Vec<String>, Vec<pb::StockUpdate>) {
    let mut history = world.history("A").await;
    history.extend(world.history("B").await);
    (
        vec![world.quantity("A").await, world.quantity("B").await],
        history,
    )
}

#[tokio::test]
async fn rebuilt_stock_is_the_one_before() {
    let mut world = World::start();
    let mut events = Vec::new();
    by_hand(&mut world, "A", "initial", "100").await;
    world.set_reorder("A", "97").await;
    for number in 1..=4 {
        let sale = sale(&world, number, if number == 2 { "B" } else { "A" });
        world.publish(&[Arc::clone(&sale)]).await;
        events.push(sale);
        let kind = if number == 3 { "damage" } else { "adjustment" };
        by_hand(&mut world, "A", kind, "-0.25").await;
        by_hand(&mut world, "A", "adjustment", "0.25").await;
    }
    let before = everything(&mut world).await;
    assert_eq!(before.0, ["95.5", "-1.5"]);

    let scope = world.scope();
    let damage = world
        .documents
        .changes("vandal")
        .delete::<StockRecord>("S1/B", None)
        .delete::<UpdateRecord<'static>>("S1/A/000000000002", None);
    world.documents.commit(&scope, damage).await.unwrap();
    let rebuild = kugel_stock::rebuild(world.documents.clone());
    // Cut off at several places: the whole is done once more.
    for count in [0, 1, 3] {
        rebuild.begin(&world.tenant).await.unwrap();
        rebuild.handle(&world.tenant, &events[..count]).await.unwrap();
    }
    let aside = world
        .documents
        .find::<AsideRecord>(&scope, Query::all())
        .await
        .unwrap();
    assert_eq!(aside.total, 4, "what was done by hand after the third sale waits");
    rebuild.begin(&world.tenant).await.unwrap();
    rebuild.handle(&world.tenant, &events).await.unwrap();
    rebuild.finish(&world.tenant).await.unwrap();
    assert_eq!(everything(&mut world).await, before);
    let aside = world
        .documents
        .find::<AsideRecord>(&scope, Query::all())
        .await
        .unwrap();
    assert_eq!(aside.total, 0);
    let request = world.user(pb::ListReorderAlertsRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
    });
    let low = world.client.list_reorder_alerts(request).await.unwrap();
    assert_eq!(low.into_inner().data.len(), 1, "thresholds stay");
    world.publish(&events).await;
    assert_eq!(
        everything(&mut world).await,
        before,
        "the events are known as processed"
    );
}
