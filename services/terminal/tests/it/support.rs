//! Use cases over a real store and a bus in the process; only the other services are stand-ins.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_auth::{ApiKey, Lifetimes, Principal, Tokens};
use kugel_bus::{Bus, Event, Failure, Handler, InProcessBus, Outbox, SweepPolicy, Topic};
use kugel_error::{Error, ErrorSpec, codes};
use kugel_rpc::Caller;
use kugel_store::{DataDir, Documents, SqliteStore};
use kugel_terminal::app::{App, NewStore, NewTenant, NewTerminal, SignIn, TenantView, TerminalView};
use kugel_terminal::domain::{SessionSales, Staff};
use kugel_terminal::ports::Neighbourhood;
use kugel_terminal::records::PRODUCER;
use kugel_types::{Clock, Currency, ManualClock, Money, TenantId, TerminalId};
use parking_lot::Mutex;

/// Stands in for the other services.
#[derive(Default)]
pub(crate) struct StandIn {
    pub(crate) set_ups: AtomicUsize,
    pub(crate) away: AtomicBool,
    pub(crate) sales: Mutex<SessionSales>,
    pub(crate) asked_after: Mutex<Option<i64>>,
}

impl StandIn {
    fn answer<T>(&self, value: T) -> Result<T, Error> {
        if self.away.load(Ordering::SeqCst) {
            return Err(codes::TERMINAL_NEIGHBOUR_FAILED.error("nobody answers"));
        }
        Ok(value)
    }
}

#[async_trait]
impl Neighbourhood for StandIn {
    async fn set_up_tenant(&self, _: &TenantId) -> Result<(), Error> {
        self.set_ups.fetch_add(1, Ordering::SeqCst);
        self.answer(())
    }
    async fn staff(&self, _: &TenantId, id: &str, pin: Option<&str>) -> Result<Option<Staff>, Error> {
        let known = id == "31" && pin.is_none_or(|pin| pin == "8080");
        self.answer(known.then(|| Staff {
            id: id.to_owned(),
            name: "Mori".to_owned(),
        }))
    }
    async fn session_sales(&self, _: &TerminalId, _: i32, after: i64) -> Result<SessionSales, Error> {
        *self.asked_after.lock() = Some(after);
        self.answer(*self.sales.lock())
    }
}

/// Keeps every event it is given, as report and journal do.
#[derive(Default)]
pub(crate) struct Listener(Mutex<Vec<Arc<Event>>>);

#[async_trait]
impl Handler for Listener {
    async fn handle(&self, _: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        self.0.lock().extend(events.iter().cloned());
        Ok(())
    }
}

/// The service with everything around it, for one tenant.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) stand_in: Arc<StandIn>,
    pub(crate) report: Arc<Listener>,
    pub(crate) caller: Caller,
    pub(crate) tenant: TenantId,
}

impl World {
    /// A tenant `Q7301` on 11 June 2026, 14:03 in Tokyo.
    pub(crate) async fn start() -> Self {
        let noon: Timestamp = "2026-06-11T05:03:09.512345Z".parse().unwrap();
        let clock = Arc::new(ManualClock::for_test(noon));
        let time: Arc<dyn Clock> = clock.clone();
        let store = SqliteStore::open(&DataDir::for_test().unwrap(), "terminal").unwrap();
        let documents = Documents::new(Arc::new(store), time.clone());
        let bus: Arc<dyn Bus> = Arc::new(InProcessBus::default());
        let report = Arc::new(Listener::default());
        let topics = &[Topic::CashlogReport, Topic::OpencloselogReport];
        bus.subscribe("report", topics, report.clone());
        let policy = SweepPolicy {
            interval: Duration::from_secs(300),
            horizon: Duration::from_secs(86_400),
            failed_after: Duration::from_secs(900),
        };
        let (outbox, task) = Outbox::new(documents.clone(), bus.clone(), time.clone(), &PRODUCER, policy);
        tokio::spawn(task);
        let lifetimes = Lifetimes {
            user: 1800,
            terminal: 86_400,
        };
        let stand_in = Arc::new(StandIn::default());
        let tenant: TenantId = "Q7301".parse().unwrap();
        let app = App {
            documents,
            bus,
            outbox,
            tokens: Arc::new(Tokens::new(
                "0123456789abcdef0123456789abcdef",
                lifetimes,
                time.clone(),
            )),
            clock: time,
            zone: TimeZone::get("Asia/Tokyo").unwrap(),
            currency: Currency::JPY,
            neighbourhood: stand_in.clone(),
        };
        let caller = Caller::for_test(Principal::User {
            tenant: tenant.clone(),
            username: "owner".to_owned(),
            is_superuser: true,
        });
        Self {
            app,
            clock,
            stand_in,
            report,
            caller,
            tenant,
        }
    }

    /// The same with tenant, store `tk01` and terminal 4 entered.
    pub(crate) async fn with_terminal() -> (Self, TerminalId, ApiKey) {
        let world = Self::start().await;
        world.enter_tenant().await.unwrap();
        world.enter_store("tk01").await.unwrap();
        let (view, key) = world.enter_terminal("Q7301-tk01-4").await.unwrap();
        (world, view.terminal.id, key)
    }

    /// The same with staff member 31 signed in and the terminal open with a fund of 20,000.
    pub(crate) async fn with_session() -> (Self, TerminalId) {
        let (world, id, _) = Self::with_terminal().await;
        world.sign_in(&id).await.unwrap();
        world
            .app
            .open_terminal(&world.caller, &id, Some(money("20000")))
            .await
            .unwrap();
        (world, id)
    }

    pub(crate) async fn enter_tenant(&self) -> Result<TenantView, Error> {
        let (tenant, name) = (self.tenant.clone(), "Plum Mart".to_owned());
        self.app
            .create_tenant(
                &self.caller,
                NewTenant {
                    tenant,
                    name,
                    tags: vec!["pilot".to_owned()],
                },
            )
            .await
    }

    pub(crate) async fn enter_store(&self, code: &str) -> Result<TenantView, Error> {
        let new = NewStore {
            tenant: self.tenant.clone(),
            code: code.parse().unwrap(),
            name: format!("Plum {code}"),
            tags: Vec::new(),
            currency: None,
        };
        self.app.create_store(&self.caller, new).await
    }

    pub(crate) async fn enter_terminal(&self, id: &str) -> Result<(TerminalView, ApiKey), Error> {
        let new = NewTerminal {
            id: id.parse().unwrap(),
            description: "front counter".to_owned(),
        };
        self.app.create_terminal(&self.caller, new).await
    }

    pub(crate) async fn sign_in(&self, id: &TerminalId) -> Result<TerminalView, Error> {
        let who = SignIn {
            terminal: id.clone(),
            staff_id: "31".to_owned(),
            pin: None,
        };
        self.app.sign_in(&self.caller, who).await
    }

    /// Events that report has received once there are `count` of them.
    pub(crate) async fn events(&self, count: usize) -> Vec<Arc<Event>> {
        for _ in 0..500 {
            let events = self.report.0.lock().clone();
            if events.len() >= count {
                return events;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("only {} of {count} events arrived", self.report.0.lock().len());
    }
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[track_caller]
pub(crate) fn refused<T>(result: Result<T, Error>, expected: &'static ErrorSpec) {
    match result {
        Ok(_) => panic!("expected {}", expected.reason),
        Err(error) => assert_eq!(error.spec().reason, expected.reason, "{error}"),
    }
}
