//! The gRPC face: admit, call, render.

use std::sync::Arc;

use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use jiff::tz::TimeZone;
use kugel_proto::common::v1::ListMetadata;
use kugel_proto::stock::v1 as pb;
use kugel_proto::stock::v1::stock_service_server::StockService;
use kugel_rpc::{Caller, admit};
use kugel_store::{Documents, Page};
use kugel_types::{Clock, StoreCode};
use tonic::{Request, Response, Status};

use crate::adapters::{convert, render};
use crate::app::alerts::Alerts;
use crate::app::list_stock::{self, Selection};
use crate::app::schedule_snapshots::Scheduler;
use crate::app::take_snapshot::{self, Order};
use crate::app::update_stock::{Thresholds, UpdateStock};
use crate::app::watch_alerts;

/// Answers the stock methods.
pub(crate) struct Stock {
    pub(crate) documents: Documents,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) zone: TimeZone,
    pub(crate) updates: UpdateStock,
    pub(crate) alerts: Arc<Alerts>,
    pub(crate) scheduler: Scheduler,
}

type Answer<T> = Result<Response<T>, Status>;

impl Stock {
    async fn list(
        &self,
        caller: &Caller,
        store: &str,
        selection: Selection,
        page: Page,
    ) -> Result<(Vec<pb::Stock>, ListMetadata), Status> {
        let store = convert::store(store)?;
        let listing =
            list_stock::list_stock(&self.documents, &caller.scope(), &store, selection, page).await?;
        let rows = listing
            .rows
            .iter()
            .map(|row| render::stock(caller.tenant(), row))
            .collect();
        Ok((rows, render::metadata(page, listing.total, Some("item_code:1"))))
    }
}

#[tonic::async_trait]
impl StockService for Stock {
    async fn list_stocks(&self, request: Request<pb::ListStocksRequest>) -> Answer<pb::ListStocksResponse> {
        let (caller, request) = admit(request)?;
        let page = convert::page(request.page, request.limit)?;
        let (data, metadata) = self
            .list(&caller, &request.store_code, Selection::All, page)
            .await?;
        Ok(Response::new(pb::ListStocksResponse {
            data,
            metadata: Some(metadata),
        }))
    }

    async fn list_low_stocks(
        &self,
        request: Request<pb::ListLowStocksRequest>,
    ) -> Answer<pb::ListLowStocksResponse> {
        let (caller, request) = admit(request)?;
        let (data, metadata) = self
            .list(&caller, &request.store_code, Selection::Low, Page::all())
            .await?;
        Ok(Response::new(pb::ListLowStocksResponse {
            data,
            metadata: Some(metadata),
        }))
    }

    async fn list_reorder_alerts(
        &self,
        request: Request<pb::ListReorderAlertsRequest>,
    ) -> Answer<pb::ListReorderAlertsResponse> {
        let (caller, request) = admit(request)?;
        let (data, metadata) = self
            .list(&caller, &request.store_code, Selection::ToReorder, Page::all())
            .await?;
        Ok(Response::new(pb::ListReorderAlertsResponse {
            data,
            metadata: Some(metadata),
        }))
    }

    async fn get_stock(&self, request: Request<pb::GetStockRequest>) -> Answer<pb::GetStockResponse> {
        let (caller, request) = admit(request)?;
        let (store, item) = (
            convert::store(&request.store_code)?,
            convert::item(&request.item_code)?,
        );
        let stock = list_stock::get_stock(&self.documents, &caller.scope(), &store, &item).await?;
        Ok(Response::new(pb::GetStockResponse {
            stock: Some(render::stock(caller.tenant(), &stock)),
        }))
    }

    async fn update_stock(
        &self,
        request: Request<pb::UpdateStockRequest>,
    ) -> Answer<pb::UpdateStockResponse> {
        let (caller, request) = admit(request)?;
        let movement = convert::movement(request, caller.principal(), self.clock.now())?;
        let (tenant, actor) = (caller.tenant(), caller.actor());
        let update = self
            .updates
            .change_quantity(tenant, &actor, caller.request(), &movement)
            .await?;
        Ok(Response::new(pb::UpdateStockResponse {
            update: Some(render::update(tenant, &update)),
        }))
    }

    async fn list_stock_history(
        &self,
        request: Request<pb::ListStockHistoryRequest>,
    ) -> Answer<pb::ListStockHistoryResponse> {
        let (caller, request) = admit(request)?;
        let page = convert::page(request.page, request.limit)?;
        let (store, item) = (
            convert::store(&request.store_code)?,
            convert::item(&request.item_code)?,
        );
        let listing = list_stock::list_history(&self.documents, &caller.scope(), &store, &item, page).await?;
        Ok(Response::new(pb::ListStockHistoryResponse {
            data: listing
                .rows
                .iter()
                .map(|row| render::update(caller.tenant(), row))
                .collect(),
            metadata: Some(render::metadata(page, listing.total, Some("timestamp:-1"))),
        }))
    }

    async fn set_minimum_quantity(
        &self,
        request: Request<pb::SetMinimumQuantityRequest>,
    ) -> Answer<pb::SetMinimumQuantityResponse> {
        let (caller, request) = admit(request)?;
        let (store, item) = (
            convert::store(&request.store_code)?,
            convert::item(&request.item_code)?,
        );
        let minimum = convert::threshold("minimum_quantity", request.minimum_quantity.as_ref())?;
        let thresholds = Thresholds {
            minimum: Some(minimum),
            ..Thresholds::default()
        };
        self.updates
            .set_thresholds(
                caller.tenant(),
                &caller.actor(),
                caller.request(),
                (&store, &item),
                &thresholds,
            )
            .await?;
        Ok(Response::new(pb::SetMinimumQuantityResponse {}))
    }

    async fn set_reorder_parameters(
        &self,
        request: Request<pb::SetReorderParametersRequest>,
    ) -> Answer<pb::SetReorderParametersResponse> {
        let (caller, request) = admit(request)?;
        let (store, item) = (
            convert::store(&request.store_code)?,
            convert::item(&request.item_code)?,
        );
        let point = convert::threshold("reorder_point", request.reorder_point.as_ref())?;
        let quantity = convert::threshold("reorder_quantity", request.reorder_quantity.as_ref())?;
        let thresholds = Thresholds {
            reorder_point: Some(point),
            reorder_quantity: Some(quantity),
            minimum: None,
        };
        self.updates
            .set_thresholds(
                caller.tenant(),
                &caller.actor(),
                caller.request(),
                (&store, &item),
                &thresholds,
            )
            .await?;
        Ok(Response::new(pb::SetReorderParametersResponse {}))
    }

    type StreamStockUpdatesStream = BoxStream<'static, Result<pb::StreamStockUpdatesResponse, Status>>;

    async fn stream_stock_updates(
        &self,
        request: Request<pb::StreamStockUpdatesRequest>,
    ) -> Answer<Self::StreamStockUpdatesStream> {
        let (caller, request) = admit(request)?;
        let (scope, tenant) = (caller.scope(), caller.tenant().clone());
        let store = convert::optional_store(&request.store_code)?;
        let updates = list_stock::stream_history(self.documents.clone(), scope, store);
        let answers = updates
            .map_err(Status::from)
            .map_ok(move |update| pb::StreamStockUpdatesResponse {
                update: Some(render::update(&tenant, &update)),
            });
        Ok(Response::new(answers.boxed()))
    }

    async fn create_snapshot(
        &self,
        request: Request<pb::CreateSnapshotRequest>,
    ) -> Answer<pb::CreateSnapshotResponse> {
        let (caller, request) = admit(request)?;
        let store: StoreCode = convert::store(&request.store_code)?;
        let (scope, actor) = (caller.scope(), caller.actor());
        let order = Order {
            id: uuid::Uuid::now_v7().to_string(),
            store: &store,
            at: self.clock.now(),
            created_by: convert::author(request.created_by, caller.principal()),
            request: caller.request().cloned(),
        };
        let snapshot =
            take_snapshot::order_snapshot(&self.documents, &scope, &self.zone, &actor, order).await?;
        let snapshot = Some(render::snapshot(caller.tenant(), &snapshot));
        Ok(Response::new(pb::CreateSnapshotResponse { snapshot }))
    }

    async fn list_snapshots(
        &self,
        request: Request<pb::ListSnapshotsRequest>,
    ) -> Answer<pb::ListSnapshotsResponse> {
        let (caller, request) = admit(request)?;
        let page = convert::page(request.page, request.limit)?;
        let store = convert::store(&request.store_code)?;
        let period = convert::period(
            request.start_date.as_deref(),
            request.end_date.as_deref(),
            &self.zone,
        )?;
        let listing =
            take_snapshot::list_snapshots(&self.documents, &caller.scope(), &store, period, page).await?;
        let mut metadata = render::metadata(page, listing.total, Some("generate_date_time:-1"));
        metadata.filter = render::dates(request.start_date, request.end_date);
        let data = listing
            .rows
            .iter()
            .map(|row| render::snapshot(caller.tenant(), row))
            .collect();
        Ok(Response::new(pb::ListSnapshotsResponse {
            data,
            metadata: Some(metadata),
        }))
    }

    async fn get_snapshot(
        &self,
        request: Request<pb::GetSnapshotRequest>,
    ) -> Answer<pb::GetSnapshotResponse> {
        let (caller, request) = admit(request)?;
        let store = convert::store(&request.store_code)?;
        let id = &request.snapshot_id;
        let stored = take_snapshot::get_snapshot(&self.documents, &caller.scope(), &store, id).await?;
        let snapshot = Some(render::snapshot(caller.tenant(), &stored));
        Ok(Response::new(pb::GetSnapshotResponse { snapshot }))
    }

    async fn get_snapshot_schedule(
        &self,
        request: Request<pb::GetSnapshotScheduleRequest>,
    ) -> Answer<pb::GetSnapshotScheduleResponse> {
        let (caller, _) = admit(request)?;
        let in_force = self.scheduler.in_force(&caller.scope()).await?;
        let schedule = Some(render::schedule(caller.tenant(), &in_force));
        Ok(Response::new(pb::GetSnapshotScheduleResponse { schedule }))
    }

    async fn set_snapshot_schedule(
        &self,
        request: Request<pb::SetSnapshotScheduleRequest>,
    ) -> Answer<pb::SetSnapshotScheduleResponse> {
        let (caller, request) = admit(request)?;
        let in_force = self
            .scheduler
            .replace(
                &caller.scope(),
                &caller.actor(),
                caller.request(),
                convert::draft(request),
            )
            .await?;
        let schedule = Some(render::schedule(caller.tenant(), &in_force));
        Ok(Response::new(pb::SetSnapshotScheduleResponse { schedule }))
    }

    async fn delete_snapshot_schedule(
        &self,
        request: Request<pb::DeleteSnapshotScheduleRequest>,
    ) -> Answer<pb::DeleteSnapshotScheduleResponse> {
        let (caller, _) = admit(request)?;
        self.scheduler
            .delete(&caller.scope(), &caller.actor(), caller.request())
            .await?;
        Ok(Response::new(pb::DeleteSnapshotScheduleResponse {
            deleted: true,
        }))
    }

    type WatchStockAlertsStream = BoxStream<'static, Result<pb::WatchStockAlertsResponse, Status>>;

    async fn watch_stock_alerts(
        &self,
        request: Request<pb::WatchStockAlertsRequest>,
    ) -> Answer<Self::WatchStockAlertsStream> {
        let (caller, request) = admit(request)?;
        let (tenant, store) = (caller.tenant().clone(), convert::store(&request.store_code)?);
        let alerts = watch_alerts::watch_alerts(&self.documents, &self.alerts, &tenant, &store).await?;
        let messages = alerts.map(|alert| Ok(render::alert(&alert)));
        let connected = futures::stream::iter([Ok(render::connection(&tenant, &store))]);
        Ok(Response::new(connected.chain(messages).boxed()))
    }

    async fn set_up_tenant(
        &self,
        request: Request<pb::SetUpTenantRequest>,
    ) -> Answer<pb::SetUpTenantResponse> {
        let (caller, _) = admit(request)?;
        // The tenant's database comes into being with its first document, so there is nothing to prepare.
        Ok(Response::new(pb::SetUpTenantResponse {
            tenant_id: caller.tenant().to_string(),
        }))
    }
}
