//! Old events of topics that are kept for a time.

use jiff::SignedDuration;
use kugel_bus::Topic;
use kugel_types::Clock as _;

use crate::world::{World, eventually};

#[tokio::test]
async fn old_events_are_forgotten_with_their_logs_once_everybody_has_them() {
    let world = World::new();
    let (_bus, outbox) = world.start(true);
    let mut ids = Vec::new();
    for is_dispatched in [true, false] {
        let staged = world.commit(&outbox).await;
        ids.push(staged.event.id.clone());
        if is_dispatched {
            outbox.dispatch(staged);
        }
    }
    world.clock.advance(100);
    let staged = world.commit(&outbox).await;
    ids.push(staged.event.id.clone());
    outbox.dispatch(staged);
    eventually("what was sent is written down", async || {
        outbox.backlog() == 0 && world.undelivered().await == 1
    })
    .await;
    let deliveries = outbox.deliveries();
    let known = async || {
        let mut known = Vec::new();
        for id in &ids {
            let record = deliveries.get(&world.tenant, id).await.unwrap();
            let records: Vec<_> = record.into_iter().collect();
            let events = deliveries.events(&world.tenant, &records).await.unwrap();
            known.push(events.into_iter().flatten().count());
        }
        known
    };
    let (now, age) = (world.clock.now(), SignedDuration::from_secs(50));
    let forget = deliveries.forget(&world.tenant, Topic::TranlogReport, now - age);
    forget.await.unwrap();
    assert_eq!(known().await, [0, 1, 1], "old and delivered, undelivered, young");
}
