//! The bus on a real broker, which `AMQP_URL` names.

mod faults;
mod letters;
mod proxy;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use kugel_bus::{Announcement, Bus, Change, ChangeKind, Event, Failure, Handler, RabbitBus, Topic};
use kugel_types::TenantId;
use parking_lot::Mutex;

use crate::world::{World, eventually};

/// A broker and a namespace of the test's own.
struct Broker {
    url: String,
    namespace: String,
}

impl Broker {
    fn bus(&self) -> Arc<RabbitBus> {
        self.bus_by(&self.url)
    }

    /// A bus that reaches the broker by another way.
    fn bus_by(&self, url: &str) -> Arc<RabbitBus> {
        Arc::new(RabbitBus::start(url, &self.namespace, "test").unwrap())
    }

    /// A bus that is connected.
    async fn connected(&self) -> Arc<RabbitBus> {
        let bus = self.bus();
        connected(&*bus).await;
        bus
    }

    /// The broker without Kugel's help.
    async fn channel(&self) -> (lapin::Connection, lapin::Channel) {
        let connection = lapin::Connection::connect(&self.url, lapin::ConnectionProperties::default())
            .await
            .unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }

    fn named(&self, name: &str) -> lapin::types::ShortString {
        format!("{}{name}", self.namespace).into()
    }
}

async fn connected(bus: &dyn Bus) {
    eventually("the bus is connected", async || bus.ping().await.is_ok()).await;
}

/// Runs a test on a broker, if there is one, and leaves nothing behind.
async fn on_broker(test: impl AsyncFnOnce(&Broker)) {
    #[allow(
        clippy::disallowed_methods,
        reason = "tests are told by the environment where their servers are"
    )]
    let (url, ci) = (std::env::var("AMQP_URL"), std::env::var("CI"));
    let Ok(url) = url else {
        assert!(ci.is_err(), "CI must run these tests: set AMQP_URL");
        eprintln!("SKIPPED: what needs RabbitMQ was not tested, set AMQP_URL");
        return;
    };
    let namespace = format!("t{:08x}_", rand::random::<u32>());
    let broker = Broker { url, namespace };
    let outcome = AssertUnwindSafe(test(&broker)).catch_unwind().await;
    RabbitBus::remove(&broker.url, &broker.namespace).await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// Remembers the bodies of what it was given.
#[derive(Default)]
struct Recorder {
    seen: Mutex<Vec<String>>,
    pause: Duration,
}

#[async_trait]
impl Handler for Recorder {
    async fn handle(&self, _: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        tokio::time::sleep(self.pause).await;
        let texts = events.iter().map(|event| event.body.text().to_owned());
        self.seen.lock().extend(texts);
        Ok(())
    }
}

fn numbered(tenant: &TenantId, number: usize) -> Arc<Event> {
    kugel_bus::conformance::event(tenant, Topic::TranlogReport, &number.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_conforms() {
    on_broker(async |broker| {
        kugel_bus::conformance::run(broker.bus(), "Q7301".parse().unwrap()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_deliver_each_event_once_and_write_it_down() {
    on_broker(async |broker| {
        let world = World::new();
        let buses = [broker.bus(), broker.bus()];
        let outboxes = [0, 1].map(|number| {
            world.consume(&*buses[number]);
            world.outbox(buses[number].clone())
        });
        for bus in &buses {
            connected(&**bus).await;
        }
        for _ in 0..100 {
            for outbox in &outboxes {
                outbox.dispatch(world.commit(outbox).await);
            }
        }
        // Without a consumer's answer a copy of each is on its way beside the first.
        outboxes[1].sweep(Duration::ZERO).await.unwrap();
        eventually("all is written down", async || {
            world.undelivered().await == 0 && outboxes.iter().all(|outbox| outbox.backlog() == 0)
        })
        .await;
        assert_eq!(world.counts().await, [200, 200, 200]);
        for bus in buses {
            bus.close().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_of_a_consumer_keep_the_order_and_one_takes_over() {
    on_broker(async |broker| {
        let tenant: TenantId = "Q7301".parse().unwrap();
        let recorder = Arc::new(Recorder::default());
        let mut replicas = vec![broker.bus(), broker.bus()];
        for replica in &replicas {
            replica.subscribe("journal", &[Topic::TranlogReport], recorder.clone());
            connected(&**replica).await;
        }
        let producer = broker.connected().await;
        for number in 0..600 {
            if number == 300 {
                replicas.remove(0).close().await;
            }
            producer.publish(numbered(&tenant, number)).await.unwrap();
        }
        eventually("all have arrived", async || recorder.seen.lock().len() >= 600).await;
        let expected: Vec<String> = (0..600).map(|number| number.to_string()).collect();
        let seen = recorder.seen.lock();
        let first = seen
            .iter()
            .zip(&expected)
            .find(|(seen, expected)| seen != expected);
        assert_eq!((seen.len(), first), (600, None), "in order, and none twice");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_finishes_the_batch_and_leaves_the_rest_to_others() {
    on_broker(async |broker| {
        let tenant: TenantId = "Q7301".parse().unwrap();
        let slow = Arc::new(Recorder {
            pause: Duration::from_millis(300),
            ..Recorder::default()
        });
        let bus = broker.connected().await;
        bus.subscribe("journal", &[Topic::TranlogReport], slow.clone());
        for number in 0..400 {
            bus.publish(numbered(&tenant, number)).await.unwrap();
        }
        let at_work = bus.clone();
        eventually("a batch is at work", async || {
            at_work.backlog() > 0 && slow.seen.lock().len() < 400
        })
        .await;
        bus.close().await;
        assert_eq!(bus.backlog(), 0);
        assert!(bus.ping().await.is_err());
        assert!(bus.publish(numbered(&tenant, 400)).await.is_err(), "it is closed");
        let next = broker.bus();
        let rest = Arc::new(Recorder::default());
        next.subscribe("journal", &[Topic::TranlogReport], rest.clone());
        let seen = || slow.seen.lock().len() + rest.seen.lock().len();
        eventually("the next one takes the rest", async || seen() >= 400).await;
        // What comes again comes before what is new.
        next.publish(numbered(&tenant, 401)).await.unwrap();
        eventually("a new one arrives", async || seen() >= 401).await;
        assert_eq!(seen(), 401, "what was finished is not delivered again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_reaches_the_caches_of_other_processes_within_a_second() {
    on_broker(async |broker| {
        let (one, two) = (broker.connected().await, broker.connected().await);
        let heard: Arc<Mutex<Vec<(u8, Announcement)>>> = Arc::default();
        for (number, bus) in [(1, &one), (2, &two)] {
            let heard = heard.clone();
            bus.on_change(Box::new(move |announcement| {
                heard.lock().push((number, announcement.clone()));
            }));
        }
        let change = |key: &str| Change {
            tenant: "Q7301".parse().unwrap(),
            kind: ChangeKind::Item,
            key: key.to_owned(),
        };
        // The queue of the other one is there once the first announcement has come through.
        eventually("they hear each other", async || {
            one.announce(&change("warm-up"));
            heard.lock().iter().any(|(number, _)| *number == 2)
        })
        .await;
        let has_heard = |process: u8, key: &str| {
            let expected = (process, Announcement::Changed(change(key)));
            heard.lock().contains(&expected)
        };
        // Announcements come in their order: behind this one there is no warming up left.
        one.announce(&change("begin"));
        eventually("the last of it is heard", async || has_heard(2, "begin")).await;
        heard.lock().clear();
        one.announce(&change("8801-M"));
        let expected = Announcement::Changed(change("8801-M"));
        assert_eq!(
            *heard.lock(),
            [(1, expected.clone())],
            "its own listeners hear at once"
        );
        one.announce(&change("end"));
        eventually("the other one hears both", async || has_heard(2, "end")).await;
        let count = |process| {
            let heard = heard.lock();
            heard
                .iter()
                .filter(|one| **one == (process, expected.clone()))
                .count()
        };
        assert_eq!((count(1), count(2)), (1, 1), "each once");
    })
    .await;
}
