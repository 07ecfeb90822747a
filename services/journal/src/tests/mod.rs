//! The service as its callers see it: the real handlers behind the real server stack, over the in-process store and bus.

mod filing;
mod posting;
mod rebuilding;
mod searching;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kugel_auth::{Lifetimes, Passwords, TerminalClaims, Tokens};
use kugel_bus::{Bus, Event, InProcessBus, Topic};
use kugel_config::Settings;
use kugel_error::reason_of;
use kugel_proto::Decimal;
use kugel_proto::cart::v1::{Staff, TransactionLog, TransactionSales};
use kugel_proto::journal::v1 as pb;
use kugel_proto::journal::v1::journal_service_client::JournalServiceClient;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_rpc::{ApiKeys, Channel, Deps, Layers, Neighbours};
use kugel_state::MemoryState;
use kugel_store::{Body, DataDir, Documents, SqliteStore};
use kugel_types::{Clock, EventId, ManualClock, TenantId};
use serde::Serialize;
use tonic::{Request, Status};

pub(crate) struct World {
    pub(crate) client: JournalServiceClient<Channel>,
    pub(crate) documents: Documents,
    pub(crate) tenant: TenantId,
    bus: Arc<InProcessBus>,
    tokens: Arc<Tokens>,
}

impl World {
    pub(crate) fn start() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::for_test("2026-03-05T03:00:00Z".parse().unwrap()));
        let store = SqliteStore::open(&DataDir::for_test().unwrap(), crate::NAME).unwrap();
        let documents = Documents::new(Arc::new(store), Arc::clone(&clock));
        let bus = Arc::new(InProcessBus::default());
        let settings = Arc::new(Settings::for_test());
        let lifetimes = Lifetimes {
            user: 1_000_000,
            terminal: 1_000_000,
        };
        let tokens = Arc::new(Tokens::new("secret", lifetimes, Arc::clone(&clock)));
        let deps = Deps {
            documents: documents.clone(),
            bus: Arc::clone(&bus) as Arc<dyn Bus>,
            state: Arc::new(MemoryState::default()),
            clock,
            tokens: Arc::clone(&tokens),
            passwords: Passwords::new(8, 1),
            settings: Arc::clone(&settings),
            neighbours: Neighbours::local(),
        };
        let parts = crate::build(deps).unwrap();
        let api_keys = ApiKeys::new(Channel::local(), Arc::clone(&tokens), &*bus, &settings);
        let layers = Layers::new(Arc::clone(&tokens), api_keys, &settings);
        let channel = Channel::local();
        channel.connect(kugel_rpc::serve(&parts, &layers));
        let tenant = "T1".parse().unwrap();
        Self {
            client: JournalServiceClient::new(channel),
            documents,
            tenant,
            bus,
            tokens,
        }
    }

    /// A request of a user of the tenant.
    pub(crate) fn user<T>(&self, message: T) -> Request<T> {
        bearer(message, &self.tokens.issue_user(&self.tenant, "mori", false))
    }

    /// A request of a till.
    pub(crate) fn till<T>(&self, id: &str, message: T) -> Request<T> {
        let claims = TerminalClaims {
            id: id.parse().unwrap(),
            status: "Opened".to_owned(),
            business_date: None,
            open_counter: 1,
            business_counter: 1,
            staff: None,
        };
        bearer(message, &self.tokens.issue_terminal(&claims).0)
    }

    /// Publishes events and waits until they have arrived.
    pub(crate) async fn publish(&self, events: &[Arc<Event>]) {
        for event in events {
            self.bus.publish(Arc::clone(event)).await.unwrap();
        }
        while self.bus.backlog() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(crate) async fn search(
        &mut self,
        search: pb::SearchJournalsRequest,
    ) -> Result<pb::SearchJournalsResponse, Status> {
        let request = self.user(pb::SearchJournalsRequest {
            tenant_id: "T1".into(),
            store_code: "S1".into(),
            ..search
        });
        Ok(self.client.search_journals(request).await?.into_inner())
    }

    /// Every entry of the store as `type number amount`, in the default order.
    pub(crate) async fn entries(&mut self) -> Vec<String> {
        let found = self
            .search(pb::SearchJournalsRequest::default())
            .await
            .unwrap()
            .journals;
        found
            .into_iter()
            .map(|entry| {
                let number = entry
                    .transaction_no
                    .map_or_else(|| "-".to_owned(), |number| number.to_string());
                format!(
                    "{} {number} {}",
                    entry.transaction_type,
                    entry.amount.unwrap().value
                )
            })
            .collect()
    }
}

fn bearer<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    Some(Decimal {
        value: text.to_owned(),
    })
}

pub(crate) fn transaction(number: i64) -> TransactionLog {
    TransactionLog {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 4,
        transaction_no: number,
        receipt_no: 111_110 + number,
        transaction_type: 101,
        business_date: "20260305".to_owned(),
        open_counter: 1,
        business_counter: 7,
        generate_date_time: format!("2026-03-05T12:{:02}:00.000000+09:00", number % 60),
        sales: Some(TransactionSales {
            total_amount_with_tax: decimal("110"),
            total_quantity: decimal("2"),
            ..TransactionSales::default()
        }),
        staff: Some(Staff {
            id: "31".to_owned(),
            name: "Mori".to_owned(),
        }),
        journal_text: format!("journal {number}"),
        receipt_text: format!("receipt {number}"),
        ..TransactionLog::default()
    }
}

pub(crate) fn cash(amount: &str) -> CashLog {
    CashLog {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 4,
        business_date: "20260305".to_owned(),
        open_counter: 1,
        business_counter: 7,
        generate_date_time: "2026-03-05T09:00:00.000000+09:00".to_owned(),
        amount: decimal(amount),
        ..CashLog::default()
    }
}

pub(crate) fn session(operation: &str) -> OpenCloseLog {
    OpenCloseLog {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 4,
        business_date: "20260305".to_owned(),
        open_counter: 1,
        business_counter: 7,
        operation: operation.to_owned(),
        generate_date_time: "2026-03-05T09:00:00.000000+09:00".to_owned(),
        ..OpenCloseLog::default()
    }
}

pub(crate) fn event<T: Serialize + Send + Sync + 'static>(topic: Topic, log: T) -> Arc<Event> {
    Arc::new(Event {
        id: EventId::generate(),
        topic,
        tenant: "T1".parse().unwrap(),
        store: "S1".parse().unwrap(),
        terminal: kugel_types::TerminalNo::new(4).unwrap(),
        occurred_at: Timestamp::UNIX_EPOCH,
        schema_version: Event::SCHEMA_VERSION,
        traceparent: None,
        body: Body::of(Arc::new(log)).unwrap(),
    })
}

/// The code, the status and the first field of a refusal.
pub(crate) fn refusal(status: &Status) -> (&'static str, u16, String) {
    use tonic_types::StatusExt as _;
    let row = reason_of(status).unwrap_or_else(|| panic!("not one of ours: {status:?}"));
    let fields = status
        .get_details_bad_request()
        .map(|request| request.field_violations)
        .unwrap_or_default();
    (
        row.code,
        row.http,
        fields
            .first()
            .map(|field| field.field.clone())
            .unwrap_or_default(),
    )
}
