//! Watchers hear of items that run low.

use std::time::Duration;

use kugel_proto::stock::v1 as pb;
use kugel_stand::refusal;
use pb::watch_stock_alerts_response::Event as Told;
use tonic::Streaming;

use crate::support::{World, event, transaction};

type Watch = Streaming<pb::WatchStockAlertsResponse>;

async fn watch(world: &mut World) -> Watch {
    let request = world.user(pb::WatchStockAlertsRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
    });
    let mut watch = world
        .client
        .watch_stock_alerts(request)
        .await
        .unwrap()
        .into_inner();
    let Some(Told::Connection(connection)) = watch.message().await.unwrap().unwrap().event else {
        panic!("the first message confirms the watch")
    };
    assert_eq!(
        (connection.r#type.as_str(), connection.status.as_str()),
        ("connection", "connected")
    );
    watch
}

async fn next(watch: &mut Watch) -> pb::StockAlert {
    match watch.message().await.unwrap().unwrap().event {
        Some(Told::Alert(alert)) => alert,
        other => panic!("not an alert: {other:?}"),
    }
}

fn brief(alert: &pb::StockAlert) -> String {
    format!(
        "{} {} {}",
        alert.alert_type,
        alert.item_code,
        alert.current_quantity.as_ref().unwrap().value
    )
}

#[tokio::test]
async fn a_sale_below_the_thresholds_is_told_with_both_of_them() {
    let mut world = World::start();
    world.update("A", "initial", "12").await.unwrap();
    world.set_minimum("A", "5").await;
    world.set_reorder("A", "10").await;
    let mut watcher = watch(&mut world).await;
    world.publish(&[event(transaction(1, 101, &[("A", "8")]))]).await;
    let reorder = next(&mut watcher).await;
    assert_eq!(brief(&reorder), "reorder_point A 4");
    assert_eq!(reorder.reorder_point.unwrap().value, "10");
    assert_eq!(reorder.minimum_quantity.unwrap().value, "5");
    assert_eq!(reorder.reorder_quantity.unwrap().value, "20");
    assert_eq!(reorder.timestamp, "2026-03-05T03:00:00Z");
    assert_eq!(brief(&next(&mut watcher).await), "minimum_stock A 4");
}

#[tokio::test]
async fn present_alerts_go_to_the_new_watcher_alone_and_setting_a_threshold_tells() {
    let mut world = World::start();
    for item in ["A", "B"] {
        world.update(item, "initial", "4").await.unwrap();
        world.set_reorder(item, "10").await;
    }
    let mut first = watch(&mut world).await;
    assert_eq!(brief(&next(&mut first).await), "reorder_point A 4");
    assert_eq!(brief(&next(&mut first).await), "reorder_point B 4");
    let mut second = watch(&mut world).await;
    assert_eq!(brief(&next(&mut second).await), "reorder_point A 4");
    // The first watcher hears only what is new: the second one's arrival is not.
    world.set_minimum("B", "5").await;
    assert_eq!(brief(&next(&mut first).await), "minimum_stock B 4");
    world.clock.advance(60);
    world.update("B", "purchase", "1").await.unwrap();
    assert_eq!(brief(&next(&mut first).await), "reorder_point B 5");
    let silence = tokio::time::timeout(Duration::from_millis(20), next(&mut first)).await;
    assert!(silence.is_err(), "5 is not below the minimum of 5");
}

#[tokio::test]
async fn a_till_watches_its_own_store_only() {
    let mut world = World::start();
    let message = pb::WatchStockAlertsRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
    };
    let request = world.till("T1-S2-1", message.clone());
    assert_eq!(
        refusal(&world.client.watch_stock_alerts(request).await.unwrap_err()).code,
        "200002"
    );
    let request = world.till("T1-S1-1", message);
    assert!(world.client.watch_stock_alerts(request).await.is_ok());
}

#[tokio::test]
async fn a_store_that_the_tenant_does_not_have_is_not_watched() {
    let mut world = World::start();
    let request = world.user(pb::WatchStockAlertsRequest {
        tenant_id: "T1".into(),
        store_code: "S9".into(),
    });
    let refused = world.client.watch_stock_alerts(request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);
    assert_eq!(refusal(&refused).code, "407101");
}
