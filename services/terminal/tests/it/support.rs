//! The running service for one tenant; only its neighbours are played.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use async_trait::async_trait;
use kugel_auth::{ApiKey, Principal, UserClaims};
use kugel_bus::Topic;
use kugel_config::{Compatibility, Settings};
use kugel_error::{Error, ErrorSpec, codes, reason_of};
use kugel_proto::terminal::v1::session_service_client::SessionServiceClient;
use kugel_proto::terminal::v1::store_service_client::StoreServiceClient;
use kugel_proto::terminal::v1::tenant_service_client::TenantServiceClient;
use kugel_proto::terminal::v1::terminal_service_client::TerminalServiceClient;
use kugel_rpc::{Caller, Channel};
use kugel_stand::{Heard, Stand};
use kugel_store::Stored;
use kugel_terminal::app::{App, NewStore, NewTenant, NewTerminal, SignIn, TenantView};
use kugel_terminal::domain::{LastSession, Role, SessionSales, Terminal};
use kugel_terminal::ports::{Neighbourhood, SealedSession, StaffMember};
use kugel_terminal::records::TerminalDocument;
use kugel_types::{Money, StaffRef, TenantId, TerminalId};
use parking_lot::Mutex;
use tonic::Status;

/// Plays the other services.
#[derive(Default)]
pub(crate) struct Others {
    pub(crate) set_ups: AtomicUsize,
    pub(crate) away: AtomicBool,
    /// What the next session that is sealed comes to.
    pub(crate) selling: Mutex<SealedSession>,
    /// The sessions that are sealed, by their number in the terminal's life.
    pub(crate) sealed: Mutex<BTreeMap<i32, SealedSession>>,
    /// The last session, while it is not sealed.
    pub(crate) billed: Mutex<Option<LastSession>>,
    /// The generation of Mori's record, less one; below zero if it is gone.
    pub(crate) record: AtomicI64,
    /// Mori's roles.
    pub(crate) staff_roles: Mutex<Vec<String>>,
    /// What the tenant says at a terminal about cash out of more than the drawer holds.
    pub(crate) over_drawer: Mutex<BTreeMap<i32, String>>,
}

impl Others {
    fn answer<T>(&self, value: T) -> Result<T, Error> {
        if self.away.load(Ordering::SeqCst) {
            return Err(codes::TERMINAL_NEIGHBOUR_FAILED.error("nobody answers"));
        }
        Ok(value)
    }
}

#[async_trait]
impl Neighbourhood for Others {
    async fn set_up_tenant(&self, _: &TenantId) -> Result<(), Error> {
        self.set_ups.fetch_add(1, Ordering::SeqCst);
        self.answer(())
    }
    async fn staff(&self, _: &TenantId, id: &str, pin: Option<&str>) -> Result<Option<StaffMember>, Error> {
        if id == "9" && pin == Some("9090") {
            return self.answer(Some(StaffMember {
                staff: StaffRef {
                    id: id.to_owned(),
                    name: "Sato".to_owned(),
                },
                roles: vec!["supervisor".to_owned()],
                record: 1,
            }));
        }
        let known = id == "31" && pin.is_none_or(|pin| pin == "8080");
        let record = self.record.load(Ordering::SeqCst);
        self.answer((known && record >= 0).then(|| StaffMember {
            staff: StaffRef {
                id: id.to_owned(),
                name: "Mori".to_owned(),
            },
            roles: self.staff_roles.lock().clone(),
            record: record + 1,
        }))
    }
    async fn roles(&self, _: &TenantId) -> Result<Vec<Role>, Error> {
        let role = |name: &str, permissions: &[&str]| Role {
            name: name.to_owned(),
            permissions: permissions.iter().map(|&name| name.to_owned()).collect(),
            discount_limit: None,
        };
        self.answer(vec![
            role("cashier", &["sales.sell", "sessions.run"]),
            role("supervisor", &["cash.move", "sales.sell", "sessions.run"]),
        ])
    }
    async fn seal_session(&self, terminal: &Terminal) -> Result<SealedSession, Error> {
        self.answer(())?;
        let mut sealed = self.sealed.lock();
        let session = sealed.entry(terminal.business_counter);
        Ok(session.or_insert_with(|| self.selling.lock().clone()).clone())
    }
    async fn last_session(&self, _: &TerminalId) -> Result<Option<LastSession>, Error> {
        let sealed = self.sealed.lock();
        let last = sealed.last_key_value().map(|(number, session)| LastSession {
            business_counter: *number,
            is_sealed: true,
            sales: session.sales,
        });
        self.answer(self.billed.lock().or(last))
    }
    async fn setting(&self, terminal: &TerminalId, name: &str) -> Result<Option<String>, Error> {
        assert_eq!(name, "CASH_OUT_OVER_DRAWER");
        self.answer(self.over_drawer.lock().get(&terminal.number.get()).cloned())
    }
}

/// The service with everything around it, for one tenant.
pub(crate) struct World {
    pub(crate) stand: Stand,
    pub(crate) app: App,
    pub(crate) others: Arc<Others>,
    pub(crate) report: Arc<Heard>,
    pub(crate) caller: Caller,
    channel: Channel,
}

impl World {
    /// A tenant `Q7301` on 11 June 2026, 14:03 in Tokyo.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same with other settings.
    pub(crate) fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let stand = Stand::new(kugel_terminal::NAME, "Q7301", "2026-06-11T05:03:09.512345Z").set(change);
        let report = stand.hear("report", &[Topic::CashlogReport, Topic::OpencloselogReport]);
        let others = Arc::new(Others::default());
        let (app, parts) = kugel_terminal::build_among(stand.deps(), others.clone());
        let caller = Caller::for_test(Principal::User(UserClaims::superuser(
            stand.tenant.clone(),
            "owner",
        )));
        Self {
            channel: stand.serve(parts),
            stand,
            app,
            others,
            report,
            caller,
        }
    }

    /// The same with tenant and store `tk01` entered.
    pub(crate) async fn with_store() -> Self {
        Self::start().furnished().await
    }

    async fn furnished(self) -> Self {
        self.enter_tenant().await.unwrap();
        self.enter_store("tk01").await.unwrap();
        self
    }

    /// A world that serves older clients, with a terminal.
    pub(crate) async fn legacy_with_terminal() -> (Self, TerminalId) {
        let legacy = |settings: &mut Settings| settings.compatibility = Compatibility::Legacy;
        let world = Self::start_with(legacy).furnished().await;
        let (stored, _) = world.enter_terminal("Q7301-tk01-4").await.unwrap();
        (world, stored.terminal.id.clone())
    }

    /// The same with terminal 4 entered.
    pub(crate) async fn with_terminal() -> (Self, TerminalId, ApiKey) {
        let world = Self::with_store().await;
        let (stored, key) = world.enter_terminal("Q7301-tk01-4").await.unwrap();
        (world, stored.terminal.id.clone(), key)
    }

    /// The same with staff member 31 signed in and the terminal open with a fund of 20,000.
    pub(crate) async fn with_session() -> (Self, TerminalId) {
        let (world, id, _) = Self::with_terminal().await;
        world.sign_in(&id).await.unwrap();
        let fund = Some(money("20000"));
        world.app.open_terminal(&world.caller, &id, fund).await.unwrap();
        (world, id)
    }

    /// The service over the same documents, started in another time zone.
    pub(crate) fn app_in(&self, zone: &str) -> App {
        let stand = self
            .stand
            .clone()
            .set(|settings| settings.timezone = zone.to_owned());
        kugel_terminal::build_among(stand.deps(), self.others.clone()).0
    }

    pub(crate) async fn enter_tenant(&self) -> Result<TenantView, Error> {
        let new = NewTenant {
            tenant: self.stand.tenant.clone(),
            name: "Plum Mart".to_owned(),
            tags: vec!["pilot".to_owned()],
            till_rights: None,
        };
        self.app.create_tenant(&self.caller, new).await
    }

    pub(crate) async fn enter_store(&self, code: &str) -> Result<TenantView, Error> {
        let new = NewStore {
            code: code.parse().unwrap(),
            name: format!("Plum {code}"),
            tags: Vec::new(),
            currency: None,
            cash_coin: None,
        };
        self.app.create_store(&self.caller, new).await
    }

    pub(crate) async fn enter_terminal(&self, id: &str) -> Result<(Stored<TerminalDocument>, ApiKey), Error> {
        let new = NewTerminal {
            id: id.parse().unwrap(),
            description: "front counter".to_owned(),
        };
        self.app.create_terminal(&self.caller, new).await
    }

    pub(crate) async fn sign_in(&self, id: &TerminalId) -> Result<Stored<TerminalDocument>, Error> {
        let who = SignIn {
            terminal: id.clone(),
            staff_id: "31".to_owned(),
            pin: Some("8080".to_owned()),
        };
        self.app.sign_in(&self.caller, who).await
    }

    pub(crate) fn tenants(&self) -> TenantServiceClient<Channel> {
        TenantServiceClient::new(self.channel.clone())
    }
    pub(crate) fn stores(&self) -> StoreServiceClient<Channel> {
        StoreServiceClient::new(self.channel.clone())
    }
    pub(crate) fn terminals(&self) -> TerminalServiceClient<Channel> {
        TerminalServiceClient::new(self.channel.clone())
    }
    pub(crate) fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.channel.clone())
    }
}

/// A session that sold for cash.
pub(crate) fn sold(count: i32, last_no: i64, cash: &str) -> SealedSession {
    SealedSession {
        sales: SessionSales {
            count,
            last_no: Some(last_no),
            cash: money(cash),
        },
        open_carts: Vec::new(),
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

/// The same of a call.
#[track_caller]
pub(crate) fn denied<T>(result: Result<T, Status>, expected: &'static ErrorSpec) {
    match result {
        Ok(_) => panic!("expected {}", expected.reason),
        Err(status) => assert_eq!(
            reason_of(&status).map(|spec| spec.reason),
            Some(expected.reason),
            "{status}"
        ),
    }
}
