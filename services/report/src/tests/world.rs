//! A report service with everything around it but its neighbours, of which only stand-ins are there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use kugel_auth::{Lifetimes, Passwords, Staff, TerminalClaims, Tokens};
use kugel_bus::{Bus, Event, Handler, InProcessBus, Topic};
use kugel_config::Settings;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::journal::v1::NewJournalEntry;
use kugel_proto::journal::v1::journal_service_server::JournalServiceServer;
use kugel_proto::master_data::v1::category_service_server::CategoryServiceServer;
use kugel_proto::report::v1::report_service_client::ReportServiceClient;
use kugel_proto::report::v1::{GetStoreReportRequest, Report};
use kugel_rpc::{ApiKeys, Channel, Deps, Layers, Neighbours, Parts, Routes, serve};
use kugel_state::MemoryState;
use kugel_store::{Body, DataDir, Documents, Scope, SqliteStore};
use kugel_types::{Clock, EventId, ManualClock, TenantId};
use serde::Serialize;
use tonic::{Request, Status};

use super::bills::DATE;
use super::stand_ins::{CategoryStandIn, JournalStandIn};
use crate::adapters::events::LogHandler;

pub(super) struct World {
    pub(super) tenant: TenantId,
    pub(super) scope: Scope,
    pub(super) documents: Documents,
    pub(super) tokens: Arc<Tokens>,
    pub(super) filed: Arc<Mutex<Vec<NewJournalEntry>>>,
    pub(super) categories: Arc<Mutex<BTreeMap<String, String>>>,
    pub(super) bus: Arc<dyn Bus>,
    handler: LogHandler,
    channel: Channel,
}

impl World {
    /// Tenant `T1` on 6 March 2026, 9:00 in Tokyo.
    pub(super) fn start() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::for_test(
            "2026-03-06T00:00:00Z".parse::<Timestamp>().unwrap(),
        ));
        let settings = Arc::new(Settings::for_test());
        let store = SqliteStore::open(&DataDir::for_test().unwrap(), "report").unwrap();
        let documents = Documents::new(Arc::new(store), Arc::clone(&clock));
        let bus: Arc<dyn Bus> = Arc::new(InProcessBus::default());
        let lifetimes = Lifetimes {
            user: 1_800,
            terminal: 86_400,
        };
        let root = "0123456789abcdef0123456789abcdef";
        let tokens = Arc::new(Tokens::new(root, lifetimes, Arc::clone(&clock)));
        let neighbours = Neighbours::local();
        let keys = ApiKeys::new(
            neighbours.channel("terminal"),
            Arc::clone(&tokens),
            &*bus,
            &settings,
        );
        let layers = Layers::new(Arc::clone(&tokens), keys, &settings);

        let filed = Arc::new(Mutex::new(Vec::new()));
        let journal = JournalServiceServer::new(JournalStandIn(Arc::clone(&filed)));
        let journal = parts("journal", Routes::new(journal));
        neighbours.channel("journal").connect(serve(&journal, &layers));
        let categories = Arc::new(Mutex::new(BTreeMap::new()));
        let masters = CategoryServiceServer::new(CategoryStandIn(Arc::clone(&categories)));
        let masters = parts("master-data", Routes::new(masters));
        neighbours
            .channel("master-data")
            .connect(serve(&masters, &layers));
        let report = crate::build(Deps {
            documents: documents.clone(),
            bus: Arc::clone(&bus),
            state: Arc::new(MemoryState::default()),
            clock,
            tokens: Arc::clone(&tokens),
            passwords: Passwords::new(8, 1),
            settings,
            neighbours: neighbours.clone(),
        });
        let channel = neighbours.channel("report");
        channel.connect(serve(&report.unwrap(), &layers));
        let tenant: TenantId = "T1".parse().unwrap();
        Self {
            scope: Scope::from(&tenant),
            tenant,
            handler: LogHandler::new(documents.clone()),
            documents,
            tokens,
            filed,
            categories,
            bus,
            channel,
        }
    }

    /// Delivers events as the bus does.
    pub(super) async fn deliver(&self, events: &[Arc<Event>]) -> Result<(), kugel_bus::Failure> {
        self.handler.handle(&self.tenant, events).await
    }

    pub(super) fn client(&self) -> ReportServiceClient<Channel> {
        ReportServiceClient::new(self.channel.clone())
    }

    pub(super) fn as_user<T>(&self, message: T) -> Request<T> {
        with_token(message, &self.tokens.issue_user(&self.tenant, "ann", false))
    }

    pub(super) fn as_terminal<T>(&self, terminal_id: &str, message: T) -> Request<T> {
        let claims = TerminalClaims {
            id: terminal_id.parse().unwrap(),
            status: "Opened".to_owned(),
            business_date: Some(DATE.parse().unwrap()),
            open_counter: 1,
            business_counter: 9,
            staff: Some(Staff {
                id: "31".to_owned(),
                name: "Mori".to_owned(),
            }),
        };
        with_token(message, &self.tokens.issue_terminal(&claims).0)
    }

    pub(super) fn as_service<T>(&self, message: T) -> Request<T> {
        kugel_rpc::outgoing(&self.tokens, "kugel", &self.tenant, message)
    }

    /// The report a user asks for.
    pub(super) async fn report(&self, request: GetStoreReportRequest) -> Result<Report, Status> {
        let answer = self.client().get_store_report(self.as_user(request)).await?;
        Ok(answer.into_inner().report.unwrap())
    }
}

pub(super) fn of_store(report_type: &str, scope: &str) -> GetStoreReportRequest {
    GetStoreReportRequest {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        report_scope: scope.to_owned(),
        report_type: report_type.to_owned(),
        business_date: Some(DATE.to_owned()),
        ..GetStoreReportRequest::default()
    }
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

fn parts(name: &'static str, routes: Routes) -> Parts {
    Parts {
        collections: Vec::new(),
        name,
        routes,
        outboxes: Vec::new(),
        background: Vec::new(),
    }
}

/// An event of a log.
pub(super) fn event<T: Serialize + Send + Sync + 'static>(topic: Topic, log: T) -> Arc<Event> {
    Arc::new(Event {
        id: EventId::generate(),
        topic,
        tenant: "T1".parse().unwrap(),
        store: "S1".parse().unwrap(),
        terminal: kugel_types::TerminalNo::new(1).unwrap(),
        occurred_at: Timestamp::UNIX_EPOCH,
        schema_version: Event::SCHEMA_VERSION,
        traceparent: None,
        body: Body::of(Arc::new(log)).unwrap(),
    })
}

pub(super) fn sale(log: TransactionLog) -> Arc<Event> {
    event(Topic::TranlogReport, log)
}
