//! The running service, and what is sent to it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kugel_auth::{Lifetimes, Passwords, TerminalClaims, Tokens};
use kugel_bus::{Bus, Event, InProcessBus, Topic};
use kugel_config::Settings;
use kugel_error::reason_of;
use kugel_proto::Decimal;
use kugel_proto::cart::v1::{LineItem, TransactionLog, TransactionSales};
use kugel_proto::stock::v1 as pb;
use kugel_proto::stock::v1::stock_service_client::StockServiceClient;
use kugel_rpc::{ApiKeys, Channel, Deps, Layers, Neighbours};
use kugel_state::MemoryState;
use kugel_stock::app::App;
use kugel_store::{Body, DataDir, Documents, SqliteStore};
use kugel_types::{Clock, EventId, ManualClock, TenantId};
use tonic::{Request, Status};

pub(crate) struct World {
    pub(crate) client: StockServiceClient<Channel>,
    pub(crate) documents: Documents,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tenant: TenantId,
    bus: Arc<InProcessBus>,
    tokens: Arc<Tokens>,
    settings: Arc<Settings>,
}

impl World {
    pub(crate) fn start() -> Self {
        let clock = Arc::new(ManualClock::for_test("2026-03-05T03:00:00Z".parse().unwrap()));
        let store = SqliteStore::open(&DataDir::for_test().unwrap(), kugel_stock::NAME).unwrap();
        let documents = Documents::new(Arc::new(store), Arc::clone(&clock) as Arc<dyn Clock>);
        let bus = Arc::new(InProcessBus::default());
        let settings = Arc::new(Settings::for_test());
        let lifetimes = Lifetimes {
            user: 1_000_000,
            terminal: 1_000_000,
        };
        let tokens = Arc::new(Tokens::new(
            "secret",
            lifetimes,
            Arc::clone(&clock) as Arc<dyn Clock>,
        ));
        let deps = Deps {
            documents: documents.clone(),
            bus: Arc::clone(&bus) as Arc<dyn Bus>,
            state: Arc::new(MemoryState::default()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            tokens: Arc::clone(&tokens),
            passwords: Passwords::new(8, 1),
            settings: Arc::clone(&settings),
            neighbours: Neighbours::local(),
        };
        let parts = kugel_stock::build(deps).unwrap();
        let api_keys = ApiKeys::new(Channel::local(), Arc::clone(&tokens), &*bus, &settings);
        let layers = Layers::new(Arc::clone(&tokens), api_keys, &settings);
        let channel = Channel::local();
        channel.connect(kugel_rpc::serve(&parts, &layers));
        let client = StockServiceClient::new(channel);
        let tenant = "T1".parse().unwrap();
        Self {
            client,
            documents,
            clock,
            tenant,
            bus,
            tokens,
            settings,
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

    /// The use cases as another process has them.
    pub(crate) fn app(&self) -> App {
        App::new(self.documents.clone(), self.clock.clone(), &self.settings)
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

    pub(crate) async fn quantity(&mut self, item: &str) -> String {
        let message = pb::GetStockRequest {
            tenant_id: "T1".into(),
            store_code: "S1".into(),
            item_code: item.into(),
        };
        let request = self.user(message);
        let stock = self
            .client
            .get_stock(request)
            .await
            .unwrap()
            .into_inner()
            .stock
            .unwrap();
        stock.current_quantity.unwrap().value
    }

    pub(crate) async fn history(&mut self, item: &str) -> Vec<pb::StockUpdate> {
        let message = pb::ListStockHistoryRequest {
            tenant_id: "T1".into(),
            store_code: "S1".into(),
            item_code: item.into(),
            page: None,
            limit: Some(1000),
        };
        let request = self.user(message);
        self.client
            .list_stock_history(request)
            .await
            .unwrap()
            .into_inner()
            .data
    }

    pub(crate) async fn update(
        &mut self,
        item: &str,
        kind: &str,
        change: &str,
    ) -> Result<pb::StockUpdate, Status> {
        let request = self.user(update_request(item, kind, change));
        Ok(self
            .client
            .update_stock(request)
            .await?
            .into_inner()
            .update
            .unwrap())
    }

    pub(crate) async fn set_reorder(&mut self, item: &str, point: &str) {
        let message = pb::SetReorderParametersRequest {
            tenant_id: "T1".into(),
            store_code: "S1".into(),
            item_code: item.into(),
            reorder_point: Some(decimal(point)),
            reorder_quantity: Some(decimal("20")),
        };
        let request = self.user(message);
        self.client.set_reorder_parameters(request).await.unwrap();
    }

    pub(crate) async fn set_minimum(&mut self, item: &str, minimum: &str) {
        let message = pb::SetMinimumQuantityRequest {
            tenant_id: "T1".into(),
            store_code: "S1".into(),
            item_code: item.into(),
            minimum_quantity: Some(decimal(minimum)),
        };
        let request = self.user(message);
        self.client.set_minimum_quantity(request).await.unwrap();
    }
}

fn bearer<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

pub(crate) fn decimal(text: &str) -> Decimal {
    Decimal {
        value: text.to_owned(),
    }
}

pub(crate) fn update_request(item: &str, kind: &str, change: &str) -> pb::UpdateStockRequest {
    pb::UpdateStockRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
        item_code: item.into(),
        quantity_change: Some(decimal(change)),
        update_type: kind.into(),
        ..pb::UpdateStockRequest::default()
    }
}

/// A line of a transaction: item and quantity.
pub(crate) type Line<'a> = (&'a str, &'a str);

pub(crate) fn transaction(number: i64, transaction_type: i32, lines: &[Line<'_>]) -> TransactionLog {
    let line = |(position, (item, quantity)): (usize, &Line<'_>)| LineItem {
        line_no: i32::try_from(position).unwrap() + 1,
        item_code: (*item).to_owned(),
        quantity: Some(decimal(quantity)),
        ..LineItem::default()
    };
    TransactionLog {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 4,
        transaction_no: number,
        transaction_type,
        sales: Some(TransactionSales::default()),
        line_items: lines.iter().enumerate().map(line).collect(),
        ..TransactionLog::default()
    }
}

pub(crate) fn event(log: TransactionLog) -> Arc<Event> {
    Arc::new(Event {
        id: EventId::generate(),
        topic: Topic::TranlogReport,
        tenant: "T1".parse().unwrap(),
        store: log.store_code.parse().unwrap(),
        terminal: kugel_types::TerminalNo::new(log.terminal_no.into()).unwrap(),
        occurred_at: Timestamp::UNIX_EPOCH,
        schema_version: Event::SCHEMA_VERSION,
        traceparent: None,
        body: Body::of(Arc::new(log)).unwrap(),
    })
}

/// The code and the first field of a refusal.
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
