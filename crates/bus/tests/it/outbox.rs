//! The outbox and the bus of one process.

use std::sync::Arc;
use std::time::Duration;

use kugel_bus::{Bus, DeliveryState, InProcessBus};

use crate::world::{POLICY, World, eventually};

#[tokio::test]
async fn the_in_process_bus_conforms() {
    kugel_bus::conformance::run(Arc::new(InProcessBus::default()), "Q7301".parse().unwrap()).await;
}

#[tokio::test]
async fn an_event_is_delivered_and_written_down() {
    let world = World::new();
    let (_bus, outbox) = world.start(true);
    let mut last = None;
    for _ in 0..20 {
        let staged = world.commit(&outbox).await;
        last = Some(staged.event.clone());
        outbox.dispatch(staged);
    }
    eventually("all is written down", async || {
        outbox.backlog() == 0 && world.undelivered().await == 0
    })
    .await;
    assert_eq!(world.counts().await, [20, 20, 20]);
    let record = outbox
        .record(&world.tenant, &last.unwrap().id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.status, DeliveryState::Delivered);
    assert!(
        record
            .services
            .iter()
            .all(|one| one.delivered_at.is_some() && one.error_message.is_none())
    );
}

#[tokio::test]
async fn what_was_committed_is_delivered_by_the_next_process_and_counts_once() {
    let world = World::new();
    let (_bus, outbox) = world.start(false);
    let first = world.leave_behind(&outbox).await;
    world.leave_behind(&outbox).await;
    drop(outbox);
    let (bus, outbox) = world.start(true);
    bus.publish(first).await.unwrap();
    eventually("nothing is left", async || {
        world.undelivered().await == 0 && outbox.backlog() == 0 && bus.backlog() == 0
    })
    .await;
    assert_eq!(
        world.counts().await,
        [2, 2, 2],
        "a second copy has no second effect"
    );
}

#[tokio::test]
async fn the_delivery_status_call_counts_like_the_bus() {
    let world = World::new();
    let (_bus, outbox) = world.start(false);
    let event = world.leave_behind(&outbox).await;
    let status = async || {
        outbox
            .record(&world.tenant, &event.id)
            .await
            .unwrap()
            .unwrap()
            .status
    };
    assert!(
        outbox
            .acknowledge(&world.tenant, &event.id, "report", None)
            .await
            .unwrap()
    );
    assert!(
        outbox
            .acknowledge(&world.tenant, &event.id, "stock", Some("no".to_owned()))
            .await
            .unwrap()
    );
    assert_eq!(status().await, DeliveryState::PartiallyDelivered);
    for service in ["stock", "journal", "nobody"] {
        assert!(
            outbox
                .acknowledge(&world.tenant, &event.id, service, None)
                .await
                .unwrap()
        );
    }
    assert_eq!(status().await, DeliveryState::Delivered);
    let unknown = kugel_types::EventId::generate();
    assert!(
        !outbox
            .acknowledge(&world.tenant, &unknown, "report", None)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_sweep_sends_what_is_old_enough() {
    let world = World::new();
    let (_bus, outbox) = world.start(true);
    world.leave_behind(&outbox).await;
    assert_eq!(
        outbox.sweep(POLICY.interval).await.unwrap(),
        0,
        "too young to be lost"
    );
    world.clock.advance(301);
    assert_eq!(outbox.sweep(POLICY.interval).await.unwrap(), 1);
    eventually("it has arrived", async || world.undelivered().await == 0).await;
    assert_eq!(world.counts().await, [1, 1, 1]);
    world.leave_behind(&outbox).await;
    world.clock.advance(86_401);
    assert_eq!(
        outbox.sweep(POLICY.interval).await.unwrap(),
        0,
        "beyond the horizon only a start sends it"
    );
    let (_bus, next) = world.start(true);
    eventually("the next process sends it", async || {
        next.backlog() == 0 && world.undelivered().await == 0
    })
    .await;
    assert_eq!(world.counts().await, [2, 2, 2]);
}

#[tokio::test]
async fn a_tenant_whose_file_is_lost_holds_up_no_other() {
    let world = World::new();
    let (_bus, outbox) = world.start(true);
    world.leave_behind(&outbox).await;
    for lost in ["a1", "z9"] {
        world.stand.lose(lost).await;
    }
    world.clock.advance(301);
    assert_eq!(outbox.sweep(POLICY.interval).await.unwrap(), 1);
    eventually("it has arrived", async || world.undelivered().await == 0).await;
}

#[tokio::test]
async fn an_event_is_found_again_in_the_log_and_missed_aloud_where_it_is_not() {
    let world = World::new();
    let (_bus, outbox) = world.start(false);
    let (kept, gone) = (
        world.leave_behind(&outbox).await,
        world.leave_behind(&outbox).await,
    );
    world.lose_log(&gone).await;
    let deliveries = outbox.deliveries();
    let records = deliveries.undelivered(&world.tenant).await.unwrap();
    let found = deliveries.events(&world.tenant, &records).await.unwrap();
    let found: Vec<_> = found.into_iter().flatten().collect();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].id, found[0].body.text()), (&kept.id, kept.body.text()));
    let refusal = outbox.replay(&world.tenant, &gone.id).await.unwrap_err();
    assert!(refusal.to_string().contains("its log is gone"), "{refusal}");
    assert_eq!(
        outbox.sweep(Duration::ZERO).await.unwrap(),
        1,
        "its neighbour passes"
    );
}
