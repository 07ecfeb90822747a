use std::sync::Arc;

use async_trait::async_trait;
use kugel_bus::{Bus, Event, Failure, Handler, RabbitBus, Topic};
use kugel_config::{Secret, Settings};
use kugel_host::{Holding, Host};
use kugel_proto::terminal::v1::CashLog;
use kugel_store::{Action, Body, Changes, MongoStore, Scope, Write};
use kugel_types::{EventId, SystemClock, TenantId, TerminalNo};

use super::desk::Desk;
use super::replay::{self, Wanted};

fn in_folder(folder: &std::path::Path) -> Settings {
    Settings {
        data_dir: folder.to_owned(),
        ..Settings::for_test()
    }
}

fn wanted(id: &EventId) -> Wanted {
    Wanted {
        id: Some(id.clone()),
        tenant: None,
    }
}

/// Money that was put into a drawer; with `business_date` it is a log that consumers take.
fn cash(business_date: &str) -> Arc<Event> {
    let log = CashLog {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 4,
        business_date: business_date.to_owned(),
        open_counter: 1,
        business_counter: 7,
        generate_date_time: "2026-03-05T09:00:00.000000+09:00".to_owned(),
        amount: Some(rust_decimal::Decimal::from(500).into()),
        ..CashLog::default()
    };
    Arc::new(Event {
        id: EventId::generate(),
        topic: Topic::CashlogReport,
        tenant: "T1".parse().unwrap(),
        store: Some("S1".parse().unwrap()),
        terminal: Some(TerminalNo::new(4).unwrap()),
        occurred_at: super::now(),
        schema_version: Event::SCHEMA_VERSION,
        traceparent: None,
        body: Body::of(Arc::new(log)).unwrap(),
    })
}

/// Makes a commit as the terminal service does, and dies before anything comes of it.
async fn commit(settings: &Settings, tenant: &TenantId, build: impl FnOnce(&Holding) -> Changes) {
    let host = Host::open_idle(settings.clone(), Arc::new(SystemClock))
        .await
        .unwrap();
    let holdings = host.holdings();
    let terminal = holdings.iter().find(|holding| holding.service == "terminal");
    let terminal = terminal.unwrap();
    let changes = build(terminal);
    terminal
        .documents
        .commit(&Scope::from(tenant), changes)
        .await
        .unwrap();
    host.stop().await;
}

async fn leave_behind(settings: &Settings, event: &Arc<Event>) {
    let stage = |terminal: &Holding| {
        let (changes, log_id) = (terminal.documents.changes("test"), event.id.to_string());
        terminal.outboxes[0].stage(changes, Arc::clone(event), log_id).0
    };
    commit(settings, &event.tenant, stage).await;
}

/// Removes what an event says from the log.
async fn lose_log(settings: &Settings, event: &Event) {
    let remove = |terminal: &Holding| {
        terminal.documents.changes("test").write(Write {
            collection: terminal.outboxes[0].deliveries().log(event.topic),
            id: event.id.to_string(),
            action: Action::Delete(None),
        })
    };
    commit(settings, &event.tenant, remove).await;
}

async fn undelivered(settings: &Settings) -> Vec<(String, String)> {
    let desk = Desk::open(settings.clone()).await.unwrap();
    let events = desk.undelivered(None).await.unwrap();
    desk.close().await;
    let line =
        |event: super::Undelivered| (event.record.event_id.clone(), super::desk::reasons(&event.record));
    events.into_iter().map(line).collect()
}

async fn show(settings: &Settings, id: &EventId) -> bool {
    let desk = Desk::open(settings.clone()).await.unwrap();
    let is_there = super::show_one(&desk, id).await.unwrap();
    super::show_list(&desk, None, true).await.unwrap();
    super::show_list(&desk, None, false).await.unwrap();
    desk.close().await;
    is_there
}

#[tokio::test]
async fn a_folder_tells_what_has_not_arrived_and_delivers_it() {
    let folder = tempfile::tempdir().unwrap();
    let settings = in_folder(folder.path());
    let (good, bad) = (cash("20260305"), cash("not a date"));
    leave_behind(&settings, &good).await;
    leave_behind(&settings, &bad).await;
    let waiting = "report has not answered; journal has not answered".to_owned();
    assert_eq!(
        undelivered(&settings).await,
        [
            (good.id.to_string(), waiting.clone()),
            (bad.id.to_string(), waiting)
        ]
    );
    assert!(show(&settings, &good.id).await);
    let unknown = EventId::generate();
    assert!(!show(&settings, &unknown).await);
    assert!(!replay::run(settings.clone(), &wanted(&unknown)).await.unwrap());
    assert!(replay::run(settings.clone(), &wanted(&good.id)).await.unwrap());
    assert!(
        !replay::run(settings.clone(), &wanted(&good.id)).await.unwrap(),
        "it has arrived"
    );
    assert!(show(&settings, &good.id).await, "delivered events are shown too");
    assert!(
        !replay::run(settings.clone(), &wanted(&bad.id)).await.unwrap(),
        "it cannot arrive"
    );
    let left = undelivered(&settings).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].0, bad.id.to_string());
    assert!(left[0].1.contains("report has laid it aside: "), "{}", left[0].1);
    let all = Wanted {
        id: None,
        tenant: Some("T2".parse().unwrap()),
    };
    assert!(
        replay::run(settings, &all).await.unwrap(),
        "nothing waits for this tenant"
    );
}

#[tokio::test]
async fn every_start_sends_what_is_undelivered_however_old() {
    let folder = tempfile::tempdir().unwrap();
    let settings = in_folder(folder.path());
    let mut old = (*cash("20260305")).clone();
    old.occurred_at = super::now() - jiff::SignedDuration::from_hours(24 * 400);
    let old = Arc::new(old);
    leave_behind(&settings, &old).await;
    assert_eq!(undelivered(&settings).await[0].0, old.id.to_string());
    let host = Host::start(settings.clone(), Arc::new(SystemClock))
        .await
        .unwrap();
    host.settled().await;
    host.stop().await;
    assert_eq!(undelivered(&settings).await, []);
}

#[tokio::test]
async fn an_event_whose_log_is_gone_keeps_no_other_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let settings = in_folder(folder.path());
    let (gone, good) = (cash("20260305"), cash("20260305"));
    leave_behind(&settings, &gone).await;
    leave_behind(&settings, &good).await;
    lose_log(&settings, &gone).await;
    assert!(show(&settings, &gone.id).await);
    let all = Wanted {
        id: None,
        tenant: None,
    };
    assert!(!replay::run(settings.clone(), &all).await.unwrap());
    let left: Vec<_> = undelivered(&settings)
        .await
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(left, [gone.id.to_string()]);
}

/// The settings of a mesh, if there are servers for one.
fn mesh() -> Option<Settings> {
    #[allow(
        clippy::disallowed_methods,
        reason = "tests are told by the environment where their servers are"
    )]
    let [mongodb, amqp, ci] = ["MONGODB_URI", "AMQP_URL", "CI"].map(|name| std::env::var(name).ok());
    let (Some(mongodb), Some(amqp)) = (mongodb, amqp) else {
        assert!(
            ci.is_none(),
            "CI must run these tests: set MONGODB_URI and AMQP_URL"
        );
        eprintln!("SKIPPED: dead letters were not tested, set MONGODB_URI and AMQP_URL");
        return None;
    };
    Some(Settings {
        mongodb_uri: Some(Secret::new(mongodb)),
        amqp_url: Some(Secret::new(amqp)),
        namespace: format!("t{:08x}_", rand::random::<u32>()),
        ..Settings::for_test()
    })
}

/// Refuses everything, or takes everything.
struct Consumer(bool);

#[async_trait]
impl Handler for Consumer {
    async fn handle(&self, _: &TenantId, _: &[Arc<Event>]) -> Result<(), Failure> {
        if self.0 {
            return Ok(());
        }
        Err(Failure::Malformed("not in this version".to_owned()))
    }
}

async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    assert!(
        tokio::time::timeout(std::time::Duration::from_secs(60), wait)
            .await
            .is_ok(),
        "{what}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mesh_tells_of_dead_letters_and_sends_them_again() {
    let Some(settings) = mesh() else {
        return;
    };
    let (url, namespace) = (settings.amqp_url.clone().unwrap(), settings.namespace.clone());
    let bus = || RabbitBus::start(url.reveal(), &namespace, "test").unwrap();
    let event = cash("20260305");
    leave_behind(&settings, &event).await;
    // Without a process of the producer the event is published by hand.
    let (one, desk) = (bus(), Desk::open(settings.clone()).await.unwrap());
    one.subscribe("journal", &[Topic::CashlogReport], Arc::new(Consumer(false)));
    assert!(replay::run(settings.clone(), &wanted(&event.id)).await.unwrap());
    eventually("the journal lays it aside", async || {
        !desk.dead_letters().await.unwrap().is_empty()
    })
    .await;
    one.close().await;
    let letters = desk.dead_letters().await.unwrap();
    assert_eq!(
        (letters[0].service, letters[0].reason.as_str()),
        ("journal", "not in this version")
    );
    assert!(show(&settings, &event.id).await);
    let unknown = EventId::generate();
    assert!(!show(&settings, &unknown).await);
    assert!(!replay::run(settings.clone(), &wanted(&unknown)).await.unwrap());
    let next = bus();
    next.subscribe("journal", &[Topic::CashlogReport], Arc::new(Consumer(true)));
    let heard = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = Arc::clone(&heard);
    let listen = move |batch: Vec<kugel_bus::Acknowledgement>| {
        let processed = batch.iter().filter(|one| one.failure.is_none()).count();
        counter.fetch_add(processed, std::sync::atomic::Ordering::SeqCst);
    };
    next.on_acknowledgement(&[Topic::CashlogReport], Box::new(listen));
    let all = Wanted {
        id: None,
        tenant: Some(event.tenant.clone()),
    };
    assert!(replay::run(settings.clone(), &all).await.unwrap());
    eventually("the journal takes it", async || {
        heard.load(std::sync::atomic::Ordering::SeqCst) == 1
    })
    .await;
    assert!(desk.dead_letters().await.unwrap().is_empty());
    next.close().await;
    desk.close().await;
    RabbitBus::remove(url.reveal(), &namespace).await.unwrap();
    let uri = settings.mongodb_uri.unwrap();
    MongoStore::drop_namespace(uri.reveal(), &namespace)
        .await
        .unwrap();
}
