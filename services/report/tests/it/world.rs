//! A report service with everything around it but its neighbours, of which only stand-ins are there.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use kugel_auth::Principal;
use kugel_bus::{Event, Rebuild, Topic};
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::journal::v1::{CreateJournalRequest, CreateJournalResponse, NewJournalEntry};
use kugel_proto::master_data::v1::{Category, ListCategoriesRequest, ListCategoriesResponse};
use kugel_proto::report::v1::report_service_client::ReportServiceClient;
use kugel_proto::report::v1::{GetReportRequest, Report};
use kugel_rpc::Channel;
use kugel_stand::{Stand, StandIn};
use serde::Serialize;
use tonic::Status;

use crate::bills::DATE;

pub(crate) struct World {
    /// What was filed in the journal.
    pub(crate) filed: Arc<Mutex<Vec<NewJournalEntry>>>,
    /// The names that master data gives.
    pub(crate) categories: Arc<Mutex<BTreeMap<String, String>>>,
    consumer: Arc<dyn Rebuild>,
    channel: Channel,
    stand: Stand,
}

impl Deref for World {
    type Target = Stand;
    fn deref(&self) -> &Stand {
        &self.stand
    }
}

impl World {
    /// Tenant `T1` on 6 March 2026, 9:00 in Tokyo.
    pub(crate) fn start() -> Self {
        let stand = Stand::new(kugel_report::NAME, "T1", "2026-03-06T00:00:00Z");
        let filed = Arc::new(Mutex::new(Vec::new()));
        let categories = Arc::new(Mutex::new(BTreeMap::new()));
        stand.connect("journal", journal(Arc::clone(&filed)));
        stand.connect("master-data", masters(Arc::clone(&categories)));
        stand.connect("terminal", StandIn::of_terminals(&["T1-S1-1"]));
        Self {
            filed,
            categories,
            consumer: kugel_report::rebuild(stand.documents.clone()),
            channel: stand.serve(kugel_report::build(stand.deps()).unwrap()),
            stand,
        }
    }

    /// An event of the first till.
    pub(crate) fn log<T: Serialize + Send + Sync + 'static>(&self, topic: Topic, log: T) -> Arc<Event> {
        self.event(topic, "S1-1", log)
    }

    /// The event of a transaction.
    pub(crate) fn sale(&self, log: TransactionLog) -> Arc<Event> {
        self.log(Topic::TranlogReport, log)
    }

    /// Delivers events as the bus does.
    pub(crate) async fn deliver(&self, events: &[Arc<Event>]) -> Result<(), kugel_bus::Failure> {
        self.consumer.handle(&self.tenant, events).await
    }

    pub(crate) fn client(&self) -> ReportServiceClient<Channel> {
        ReportServiceClient::new(self.channel.clone())
    }

    /// The report a user asks for.
    pub(crate) async fn report(&self, request: GetReportRequest) -> Result<Report, Status> {
        let answer = self.client().get_report(self.user(request)).await?;
        Ok(answer.into_inner().report.unwrap())
    }
}

/// A journal that remembers what it is given.
fn journal(filed: Arc<Mutex<Vec<NewJournalEntry>>>) -> StandIn {
    StandIn::default().answering(move |caller, request: CreateJournalRequest| {
        assert!(matches!(caller, Principal::Service { name, .. } if name == "report"));
        filed.lock().unwrap().extend(request.journal);
        Ok(CreateJournalResponse::default())
    })
}

/// Masters that know some names.
fn masters(names: Arc<Mutex<BTreeMap<String, String>>>) -> StandIn {
    StandIn::default().answering(move |_, request: ListCategoriesRequest| {
        assert_eq!(request.limit, Some(0), "all of them");
        let names = names.lock().unwrap().clone().into_iter();
        let categories = names.map(|(category_code, description)| Category {
            category_code,
            description: Some(description),
            ..Category::default()
        });
        Ok(ListCategoriesResponse {
            categories: categories.collect(),
            ..ListCategoriesResponse::default()
        })
    })
}

pub(crate) fn of_store(report_type: &str, scope: &str) -> GetReportRequest {
    GetReportRequest {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        report_scope: scope.to_owned(),
        report_type: report_type.to_owned(),
        business_date: Some(DATE.to_owned()),
        ..GetReportRequest::default()
    }
}
