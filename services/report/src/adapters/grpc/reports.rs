//! Reports over gRPC, and the administration of the service.

use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use kugel_error::Error;
use kugel_proto::report::v1 as pb;
use kugel_proto::report::v1::report_service_server::ReportService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;

/// Answers the methods of reports.
pub(crate) struct Reports(pub(crate) App);

#[tonic::async_trait]
impl ReportService for Reports {
    async fn get_report(
        &self,
        request: Request<pb::GetReportRequest>,
    ) -> Result<Response<pb::GetReportResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (query, asking) = convert::report(&caller, &request)?;
        let report = Some(self.0.make_report(&caller, &query, asking).await?);
        Ok(Response::new(pb::GetReportResponse { report }))
    }

    async fn post_transaction(
        &self,
        request: Request<pb::PostTransactionRequest>,
    ) -> Result<Response<pb::PostTransactionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let log = convert::posted_transaction(request)?;
        let counted = render::counted(&log);
        let posted = self.0.post_transaction(&caller, log).await;
        posted.map_err(|error| error.within("transaction"))?;
        Ok(Response::new(counted))
    }

    async fn set_up_tenant(
        &self,
        request: Request<pb::SetUpTenantRequest>,
    ) -> Result<Response<pb::SetUpTenantResponse>, Status> {
        let (caller, _) = admit(request)?;
        // A tenant's database comes into being with its first log; what is left to do is to see that it can.
        self.0.documents.ping().await.map_err(Error::from)?;
        let tenant_id = caller.tenant().to_string();
        Ok(Response::new(pb::SetUpTenantResponse { tenant_id }))
    }

    async fn recount_totals(
        &self,
        request: Request<pb::RecountTotalsRequest>,
    ) -> Result<Response<pb::RecountTotalsResponse>, Status> {
        let (caller, request) = admit(request)?;
        Ok(Response::new(self.0.recount(&caller, request.repair).await?))
    }

    type StreamTransactionsStream = BoxStream<'static, Result<pb::StreamTransactionsResponse, Status>>;

    async fn stream_transactions(
        &self,
        request: Request<pb::StreamTransactionsRequest>,
    ) -> Result<Response<Self::StreamTransactionsStream>, Status> {
        let (caller, request) = admit(request)?;
        let (store, date) = (request.store_code.as_deref(), request.business_date.as_deref());
        let logs = self.0.stream_transactions(&caller, store, date);
        Ok(Response::new(
            logs.map_ok(render::streamed).map_err(Status::from).boxed(),
        ))
    }
}
