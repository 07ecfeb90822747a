//! The running service, and what is sent to it.

use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use kugel_auth::Principal;
use kugel_bus::{Event, Topic};
use kugel_error::codes;
use kugel_proto::cart::v1::{LineItem, TransactionLog, TransactionSales};
use kugel_proto::stock::v1 as pb;
use kugel_proto::stock::v1::stock_service_client::StockServiceClient;
use kugel_proto::terminal::v1::{GetStoreRequest, GetStoreResponse, Store};
use kugel_rpc::{Channel, KnownTerminals, Neighbour};
use kugel_stand::{Stand, StandIn, decimal};
use kugel_stock::app::App;
use kugel_store::Body;
use kugel_types::EventId;
use tonic::Status;

/// The tenant has the stores S1 and S2.
fn store(_: &Principal, request: GetStoreRequest) -> Result<GetStoreResponse, Status> {
    match request.store_code.as_str() {
        "S1" | "S2" => Ok(GetStoreResponse {
            store: Some(Store::default()),
        }),
        other => Err(codes::STORE_NOT_FOUND.error(other).into()),
    }
}

/// The stand with the service on it.
pub(crate) struct World {
    pub(crate) client: StockServiceClient<Channel>,
    stand: Stand,
}

impl Deref for World {
    type Target = Stand;
    fn deref(&self) -> &Stand {
        &self.stand
    }
}

impl World {
    pub(crate) fn start() -> Self {
        let stand = Stand::new(kugel_stock::NAME, "T1", "2026-03-05T03:00:00Z");
        stand.connect("terminal", StandIn::default().answering(store));
        let channel = stand.serve(kugel_stock::build(stand.deps()).unwrap());
        let client = StockServiceClient::new(channel);
        Self { client, stand }
    }

    /// The use cases as another process has them.
    pub(crate) fn app(&self) -> App {
        let deps = self.deps();
        let failed = &codes::NEIGHBOUR_FAILED;
        let terminals = Neighbour::new(
            kugel_stock::NAME,
            "terminal",
            &deps.neighbours,
            deps.tokens,
            failed,
        );
        let stores = KnownTerminals::new(terminals);
        App::new(deps.documents, deps.clock, stores, &deps.settings)
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
            reorder_point: decimal(point),
            reorder_quantity: decimal("20"),
        };
        let request = self.user(message);
        self.client.set_reorder_parameters(request).await.unwrap();
    }

    pub(crate) async fn set_minimum(&mut self, item: &str, minimum: &str) {
        let message = pb::SetMinimumQuantityRequest {
            tenant_id: "T1".into(),
            store_code: "S1".into(),
            item_code: item.into(),
            minimum_quantity: decimal(minimum),
        };
        let request = self.user(message);
        self.client.set_minimum_quantity(request).await.unwrap();
    }
}

pub(crate) fn update_request(item: &str, kind: &str, change: &str) -> pb::UpdateStockRequest {
    pb::UpdateStockRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
        item_code: item.into(),
        quantity_change: decimal(change),
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
        quantity: decimal(quantity),
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
        store: Some(log.store_code.parse().unwrap()),
        terminal: Some(kugel_types::TerminalNo::new(log.terminal_no.into()).unwrap()),
        occurred_at: Timestamp::UNIX_EPOCH,
        schema_version: Event::SCHEMA_VERSION,
        traceparent: None,
        body: Body::of(Arc::new(log)).unwrap(),
    })
}
