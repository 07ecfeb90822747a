//! Stock over gRPC.

use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use kugel_proto::common::v1::ListMetadata;
use kugel_proto::stock::v1 as pb;
use kugel_proto::stock::v1::stock_service_server::StockService;
use kugel_rpc::{Caller, View, admit};
use kugel_types::StoreCode;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::{App, Selection};

/// Answers the methods of stock.
pub(crate) struct Stock(pub(crate) App);

impl Stock {
    async fn list(
        &self,
        caller: &Caller,
        selection: Selection,
        (store, view): (StoreCode, View),
    ) -> Result<(Vec<pb::Stock>, Option<ListMetadata>), Status> {
        let listing = self
            .0
            .list_stock(&caller.scope(), &store, selection, view.page)
            .await?;
        let rows = listing.rows.iter();
        let rows: Vec<_> = rows.map(|row| render::stock(caller.tenant(), row)).collect();
        let mut metadata = view.metadata(listing.total);
        if metadata.limit == 0 {
            // A list that is all on one page says how long the page is.
            metadata.limit = i32::try_from(rows.len()).unwrap_or(i32::MAX);
        }
        Ok((rows, Some(metadata)))
    }
}

#[tonic::async_trait]
impl StockService for Stock {
    async fn list_stocks(
        &self,
        request: Request<pb::ListStocksRequest>,
    ) -> Result<Response<pb::ListStocksResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (data, metadata) = self
            .list(&caller, Selection::All, convert::stocks(&request)?)
            .await?;
        Ok(Response::new(pb::ListStocksResponse { data, metadata }))
    }

    async fn list_low_stocks(
        &self,
        request: Request<pb::ListLowStocksRequest>,
    ) -> Result<Response<pb::ListLowStocksResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (data, metadata) = self
            .list(&caller, Selection::Low, convert::all_stocks(&request.store_code)?)
            .await?;
        Ok(Response::new(pb::ListLowStocksResponse { data, metadata }))
    }

    async fn list_reorder_alerts(
        &self,
        request: Request<pb::ListReorderAlertsRequest>,
    ) -> Result<Response<pb::ListReorderAlertsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (data, metadata) = self
            .list(
                &caller,
                Selection::ToReorder,
                convert::all_stocks(&request.store_code)?,
            )
            .await?;
        Ok(Response::new(pb::ListReorderAlertsResponse { data, metadata }))
    }

    async fn get_stock(
        &self,
        request: Request<pb::GetStockRequest>,
    ) -> Result<Response<pb::GetStockResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (store, item) = convert::place(&request.store_code, &request.item_code)?;
        let stock = self.0.get_stock(&caller.scope(), &store, &item).await?;
        Ok(Response::new(pb::GetStockResponse {
            stock: Some(render::stock(caller.tenant(), &stock)),
        }))
    }

    async fn update_stock(
        &self,
        request: Request<pb::UpdateStockRequest>,
    ) -> Result<Response<pb::UpdateStockResponse>, Status> {
        let (caller, request) = admit(request)?;
        let movement = convert::movement(&caller, request, self.0.clock.now())?;
        let update = self.0.change_quantity(&caller, &movement).await?;
        Ok(Response::new(pb::UpdateStockResponse {
            update: Some(render::update(caller.tenant(), &update)),
        }))
    }

    async fn list_stock_history(
        &self,
        request: Request<pb::ListStockHistoryRequest>,
    ) -> Result<Response<pb::ListStockHistoryResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (store, item, view) = convert::history(&request)?;
        let listing = self
            .0
            .list_history(&caller.scope(), &store, &item, view.page)
            .await?;
        Ok(Response::new(pb::ListStockHistoryResponse {
            data: listing
                .rows
                .iter()
                .map(|row| render::update(caller.tenant(), row))
                .collect(),
            metadata: Some(view.metadata(listing.total)),
        }))
    }

    async fn set_minimum_quantity(
        &self,
        request: Request<pb::SetMinimumQuantityRequest>,
    ) -> Result<Response<pb::SetMinimumQuantityResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (store, item, thresholds) = convert::minimum(&request)?;
        self.0
            .set_thresholds(&caller, (&store, &item), &thresholds)
            .await?;
        Ok(Response::new(pb::SetMinimumQuantityResponse {}))
    }

    async fn set_reorder_parameters(
        &self,
        request: Request<pb::SetReorderParametersRequest>,
    ) -> Result<Response<pb::SetReorderParametersResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (store, item, thresholds) = convert::reorder(&request)?;
        self.0
            .set_thresholds(&caller, (&store, &item), &thresholds)
            .await?;
        Ok(Response::new(pb::SetReorderParametersResponse {}))
    }

    type StreamStockUpdatesStream = BoxStream<'static, Result<pb::StreamStockUpdatesResponse, Status>>;

    async fn stream_stock_updates(
        &self,
        request: Request<pb::StreamStockUpdatesRequest>,
    ) -> Result<Response<Self::StreamStockUpdatesStream>, Status> {
        let (caller, request) = admit(request)?;
        let tenant = caller.tenant().clone();
        let store = convert::optional_store(&request.store_code)?;
        let updates = self.0.stream_history(&caller, store);
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
    ) -> Result<Response<pb::CreateSnapshotResponse>, Status> {
        let (caller, request) = admit(request)?;
        let store = convert::store(&request.store_code)?;
        let author = convert::author(&caller, request.created_by);
        let snapshot = self.0.order_snapshot(&caller, &store, author).await?;
        let snapshot = Some(render::snapshot(caller.tenant(), &snapshot));
        Ok(Response::new(pb::CreateSnapshotResponse { snapshot }))
    }

    async fn list_snapshots(
        &self,
        request: Request<pb::ListSnapshotsRequest>,
    ) -> Result<Response<pb::ListSnapshotsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (store, period, view) = convert::snapshots(request, &self.0.zone)?;
        let listing = self
            .0
            .list_snapshots(&caller.scope(), &store, period, view.page)
            .await?;
        let rows = listing.rows.iter();
        Ok(Response::new(pb::ListSnapshotsResponse {
            data: rows.map(|row| render::snapshot(caller.tenant(), row)).collect(),
            metadata: Some(view.metadata(listing.total)),
        }))
    }

    async fn get_snapshot(
        &self,
        request: Request<pb::GetSnapshotRequest>,
    ) -> Result<Response<pb::GetSnapshotResponse>, Status> {
        let (caller, request) = admit(request)?;
        let store = convert::store(&request.store_code)?;
        let id = &request.snapshot_id;
        let stored = self.0.get_snapshot(&caller.scope(), &store, id).await?;
        let snapshot = Some(render::snapshot(caller.tenant(), &stored));
        Ok(Response::new(pb::GetSnapshotResponse { snapshot }))
    }

    async fn get_snapshot_schedule(
        &self,
        request: Request<pb::GetSnapshotScheduleRequest>,
    ) -> Result<Response<pb::GetSnapshotScheduleResponse>, Status> {
        let (caller, _) = admit(request)?;
        let in_force = self.0.schedule_in_force(&caller.scope()).await?;
        let schedule = Some(render::schedule(caller.tenant(), &in_force));
        Ok(Response::new(pb::GetSnapshotScheduleResponse { schedule }))
    }

    async fn set_snapshot_schedule(
        &self,
        request: Request<pb::SetSnapshotScheduleRequest>,
    ) -> Result<Response<pb::SetSnapshotScheduleResponse>, Status> {
        let (caller, request) = admit(request)?;
        let in_force = self.0.replace_schedule(&caller, convert::draft(request)).await?;
        let schedule = Some(render::schedule(caller.tenant(), &in_force));
        Ok(Response::new(pb::SetSnapshotScheduleResponse { schedule }))
    }

    async fn delete_snapshot_schedule(
        &self,
        request: Request<pb::DeleteSnapshotScheduleRequest>,
    ) -> Result<Response<pb::DeleteSnapshotScheduleResponse>, Status> {
        let (caller, _) = admit(request)?;
        self.0.delete_schedule(&caller).await?;
        Ok(Response::new(pb::DeleteSnapshotScheduleResponse {
            deleted: true,
        }))
    }

    type WatchStockAlertsStream = BoxStream<'static, Result<pb::WatchStockAlertsResponse, Status>>;

    async fn watch_stock_alerts(
        &self,
        request: Request<pb::WatchStockAlertsRequest>,
    ) -> Result<Response<Self::WatchStockAlertsStream>, Status> {
        let (caller, request) = admit(request)?;
        let (tenant, store) = (caller.tenant().clone(), convert::store(&request.store_code)?);
        let alerts = self.0.watch_alerts(&tenant, &store).await?;
        let messages = alerts.map(|alert| Ok(render::alert(&alert)));
        let connected = stream::iter([Ok(render::connection(&tenant, &store))]);
        let messages = connected.chain(messages).boxed();
        Ok(Response::new(caller.while_it_holds(messages).boxed()))
    }

    async fn set_up_tenant(
        &self,
        request: Request<pb::SetUpTenantRequest>,
    ) -> Result<Response<pb::SetUpTenantResponse>, Status> {
        let (caller, _) = admit(request)?;
        // The tenant's database comes into being with its first document, so there is nothing to prepare.
        Ok(Response::new(pb::SetUpTenantResponse {
            tenant_id: caller.tenant().to_string(),
        }))
    }
}
