//! Several outboxes over the same documents, as several processes of one producer have them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use kugel_bus::{
    Acknowledgement, AcknowledgementListener, Bus, Change, ChangeListener, DeliveryRecord, DeliveryState,
    Event, Failure, Handler, Outbox, ReadyListener, Topic,
};
use kugel_store::{Revision, Scope};
use kugel_types::EventId;
use parking_lot::Mutex;

use crate::world::{DELIVERIES, POLICY, World, eventually};

/// A bus without consumers: the test says what became of the events.
#[derive(Default)]
struct Switchboard {
    is_away: AtomicBool,
    sent: Mutex<Vec<(EventId, Vec<String>)>>,
    heard: Mutex<Vec<AcknowledgementListener>>,
    ready: Mutex<Vec<ReadyListener>>,
}

impl Switchboard {
    fn answer(&self, event: &Event, service: &str, failure: Option<Failure>) {
        let acknowledgement = Acknowledgement {
            event_id: event.id.clone(),
            topic: event.topic,
            tenant: event.tenant.clone(),
            service: service.to_owned(),
            failure,
        };
        let heard = self.heard.lock();
        heard
            .iter()
            .for_each(|listener| listener(vec![acknowledgement.clone()]));
    }

    fn take_sent(&self) -> Vec<(EventId, Vec<String>)> {
        std::mem::take(&mut *self.sent.lock())
    }
}

#[async_trait]
impl Bus for Switchboard {
    fn subscribe(&self, _: &'static str, _: &'static [Topic], _: Arc<dyn Handler>) {}
    async fn publish(&self, event: Arc<Event>) -> Result<(), Failure> {
        self.publish_to(event, &["report", "journal", "stock"]).await
    }
    async fn publish_to(&self, event: Arc<Event>, services: &[&str]) -> Result<(), Failure> {
        self.ping().await?;
        let services = services.iter().map(|service| (*service).to_owned()).collect();
        self.sent.lock().push((event.id.clone(), services));
        Ok(())
    }
    fn on_ready(&self, listener: ReadyListener) {
        self.ready.lock().push(listener);
    }
    async fn ping(&self) -> Result<(), Failure> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(Failure::Transient("away".to_owned()));
        }
        Ok(())
    }
    fn on_acknowledgement(&self, _: &[Topic], listener: AcknowledgementListener) {
        self.heard.lock().push(listener);
    }
    fn announce(&self, _: &Change) {}
    fn on_change(&self, _: ChangeListener) {}
    fn backlog(&self) -> usize {
        0
    }
    async fn close(&self) {}
}

/// A process of the producer. Its first sweep is over.
async fn replica(world: &World) -> (Arc<Switchboard>, Outbox) {
    let bus = Arc::new(Switchboard::default());
    let outbox = world.outbox(bus.clone());
    eventually("the first sweep is over", async || outbox.backlog() == 0).await;
    (bus, outbox)
}

/// The record as it is stored, with its revision.
async fn stored(world: &World, event: &Event) -> (DeliveryRecord, Revision) {
    let scope = Scope::from(&world.tenant);
    let store = world.producer.store();
    let found = store.get(&scope, &DELIVERIES, event.id.as_str()).await.unwrap();
    let document = found.unwrap();
    let record = document.body.parse::<DeliveryRecord>().unwrap();
    ((*record).clone(), document.revision)
}

#[tokio::test]
async fn acknowledgements_may_arrive_at_another_replica() {
    let world = World::new();
    let ((_, one), (bus, two)) = (replica(&world).await, replica(&world).await);
    let staged = world.commit(&one).await;
    let event = staged.event.clone();
    one.dispatch(staged);
    for service in ["report", "journal", "stock"] {
        bus.answer(&event, service, None);
    }
    eventually("all is written down", async || world.undelivered().await == 0).await;
    let (record, revision) = stored(&world, &event).await;
    assert_eq!(record.status, DeliveryState::Delivered);
    assert_eq!(revision, Revision::new(2), "three acknowledgements are one write");
    eventually("nobody waits", async || one.backlog() + two.backlog() == 0).await;
}

#[tokio::test]
async fn acknowledgements_of_one_event_may_arrive_apart() {
    let world = World::new();
    let ((first, one), (second, two)) = (replica(&world).await, replica(&world).await);
    let staged = world.commit(&one).await;
    let event = staged.event.clone();
    one.dispatch(staged);
    first.answer(&event, "report", None);
    second.answer(&event, "journal", None);
    second.answer(&event, "stock", Some(Failure::Transient("busy".to_owned())));
    let status = async |outbox: &Outbox| {
        let record = outbox.record(&world.tenant, &event.id).await.unwrap();
        record.unwrap().status
    };
    eventually("the failure is written", async || {
        stored(&world, &event).await.0.services[2]
            .error_message
            .as_deref()
            == Some("busy")
    })
    .await;
    // The first replica has heard something that is not written yet, and shows it.
    assert_eq!(status(&one).await, DeliveryState::PartiallyDelivered);
    let (left, right) = tokio::join!(
        one.acknowledge(&world.tenant, &event.id, "stock", None),
        two.acknowledge(&world.tenant, &event.id, "stock", None)
    );
    assert!(left.unwrap() && right.unwrap());
    one.flush().await;
    two.flush().await;
    let (record, _) = stored(&world, &event).await;
    assert_eq!(record.status, DeliveryState::Delivered, "{record:?}");
}

#[tokio::test]
async fn two_sweeps_at_once_are_harmless() {
    let world = World::new();
    let ((first, one), (second, two)) = (replica(&world).await, replica(&world).await);
    let event = world.leave_behind(&one).await;
    // Old enough to be reported as failed by both.
    world.clock.advance(1_000);
    let (left, right) = tokio::join!(one.sweep(POLICY.interval), two.sweep(POLICY.interval));
    assert_eq!((left.unwrap(), right.unwrap()), (1, 1));
    let (record, _) = stored(&world, &event).await;
    assert_eq!(
        record.status,
        DeliveryState::Failed,
        "fifteen minutes are too long"
    );
    for service in ["report", "journal", "stock"] {
        first.answer(&event, service, None);
        second.answer(&event, service, None);
    }
    eventually("it is delivered", async || {
        world.undelivered().await == 0 && one.backlog() + two.backlog() == 0
    })
    .await;
}

#[tokio::test]
async fn a_late_event_is_failed_once_and_until_everybody_has_it() {
    let world = World::new();
    let (bus, outbox) = replica(&world).await;
    let event = world.leave_behind(&outbox).await;
    bus.answer(&event, "report", None);
    bus.answer(&event, "stock", Some(Failure::Transient("busy".to_owned())));
    eventually("it is written down", async || outbox.backlog() == 0).await;
    world.clock.advance(900);
    outbox.sweep(POLICY.interval).await.unwrap();
    let (record, _) = stored(&world, &event).await;
    assert_eq!(record.status, DeliveryState::PartiallyDelivered, "not late yet");
    // Whether it can be sent or not.
    bus.is_away.store(true, Ordering::SeqCst);
    bus.take_sent();
    world.clock.advance(1);
    assert_eq!(outbox.sweep(POLICY.interval).await.unwrap(), 0);
    let (record, revision) = stored(&world, &event).await;
    assert_eq!(record.status, DeliveryState::Failed);
    outbox.sweep(POLICY.interval).await.unwrap();
    assert_eq!(stored(&world, &event).await.1, revision, "said once");
    outbox
        .acknowledge(&world.tenant, &event.id, "journal", None)
        .await
        .unwrap();
    assert_eq!(stored(&world, &event).await.0.status, DeliveryState::Failed);
    outbox
        .acknowledge(&world.tenant, &event.id, "stock", None)
        .await
        .unwrap();
    assert_eq!(stored(&world, &event).await.0.status, DeliveryState::Delivered);
}

#[tokio::test]
async fn a_start_without_a_bus_sends_everything_when_it_is_there() {
    let world = World::new();
    let (_, outbox) = replica(&world).await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        expected.push(world.leave_behind(&outbox).await.id.clone());
        world.clock.advance(86_401);
    }
    let bus = Arc::new(Switchboard::default());
    bus.is_away.store(true, Ordering::SeqCst);
    let outbox = world.outbox(bus.clone());
    eventually("the first sweep is over", async || outbox.backlog() == 0).await;
    let failed = async |id: &EventId| {
        let record = outbox.record(&world.tenant, id).await.unwrap();
        record.unwrap().status == DeliveryState::Failed
    };
    assert!(failed(&expected[0]).await && failed(&expected[2]).await);
    bus.is_away.store(false, Ordering::SeqCst);
    bus.ready.lock().iter().for_each(|listener| listener());
    eventually("all are sent", async || bus.sent.lock().len() == 3).await;
    let sent: Vec<EventId> = bus.take_sent().into_iter().map(|(id, _)| id).collect();
    assert_eq!(sent, expected, "the oldest first");
}

#[tokio::test]
async fn a_sweep_sends_to_those_who_have_not_answered_and_leaves_parked_events_to_people() {
    let world = World::new();
    let (bus, outbox) = replica(&world).await;
    let (late, bad) = (
        world.leave_behind(&outbox).await,
        world.leave_behind(&outbox).await,
    );
    let transient = Some(Failure::Transient("busy".to_owned()));
    let malformed = Some(Failure::Malformed("no JSON".to_owned()));
    for (event, failure) in [(&late, transient), (&bad, malformed)] {
        bus.answer(event, "report", None);
        bus.answer(event, "journal", failure);
        bus.answer(event, "stock", None);
    }
    eventually("both are written down", async || {
        outbox.backlog() == 0 && stored(&world, &bad).await.0.status == DeliveryState::PartiallyDelivered
    })
    .await;
    world.clock.advance(301);
    assert_eq!(outbox.sweep(POLICY.interval).await.unwrap(), 1);
    assert_eq!(bus.take_sent(), [(late.id.clone(), vec!["journal".to_owned()])]);
    let services = outbox.replay(&world.tenant, &bad.id).await.unwrap();
    assert_eq!(services, ["journal"], "a person may send it again");
    assert_eq!(bus.take_sent(), [(bad.id.clone(), services)]);
    for event in [&late, &bad] {
        bus.answer(event, "journal", None);
    }
    eventually("both are delivered", async || world.undelivered().await == 0).await;
    assert!(!stored(&world, &bad).await.0.services[1].is_parked);
}

#[tokio::test]
async fn a_bus_that_is_back_gets_at_once_what_it_has_missed() {
    let world = World::new();
    let (bus, outbox) = replica(&world).await;
    bus.is_away.store(true, Ordering::SeqCst);
    let mut expected = Vec::new();
    // More than a sweep reads at once, and all of the same instant.
    for _ in 0..1_203 {
        let staged = world.commit(&outbox).await;
        expected.push(staged.event.id.clone());
        outbox.dispatch(staged);
    }
    eventually("nothing waits in memory", async || outbox.backlog() == 0).await;
    assert!(bus.take_sent().is_empty());
    bus.is_away.store(false, Ordering::SeqCst);
    bus.ready.lock().iter().for_each(|listener| listener());
    eventually("all are sent", async || bus.sent.lock().len() == expected.len()).await;
    let mut sent: Vec<EventId> = bus.take_sent().into_iter().map(|(id, _)| id).collect();
    sent.sort_by(|left, right| left.as_str().cmp(right.as_str()));
    expected.sort_by(|left, right| left.as_str().cmp(right.as_str()));
    assert_eq!(sent, expected, "each once");
    let last = world.commit(&outbox).await;
    let expected = last.event.id.clone();
    outbox.dispatch(last);
    eventually("one more is sent", async || !bus.sent.lock().is_empty()).await;
    let sent: Vec<EventId> = bus.take_sent().into_iter().map(|(id, _)| id).collect();
    assert_eq!(sent, [expected], "and nothing before it");
}
