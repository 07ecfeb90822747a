//! The service on the wire: admit, call, render.

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use kugel_proto::report::v1::report_service_server::ReportService;
use kugel_proto::report::v1::{
    GetStoreReportRequest, GetStoreReportResponse, GetTerminalReportRequest, GetTerminalReportResponse,
    PostTransactionRequest, PostTransactionResponse, RecountTotalsRequest, RecountTotalsResponse,
    SetUpTenantRequest, SetUpTenantResponse, StreamTransactionsRequest, StreamTransactionsResponse,
};
use kugel_rpc::admit;
use kugel_store::Documents;
use tonic::{Request, Response, Status};

use super::requests;
use crate::app::make_report::ReportDesk;
use crate::app::{post_transaction, recount, stream_transactions};

/// The gRPC face of the service.
pub struct ReportGrpc {
    /// Logs and sums.
    pub documents: Documents,
    /// Makes reports.
    pub reports: Arc<ReportDesk>,
}

#[tonic::async_trait]
impl ReportService for ReportGrpc {
    async fn get_store_report(
        &self,
        request: Request<GetStoreReportRequest>,
    ) -> Result<Response<GetStoreReportResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (query, asking) = requests::store_report(&caller, &request)?;
        let report = Some(self.reports.make(&caller, &query, asking).await?);
        Ok(Response::new(GetStoreReportResponse { report }))
    }

    async fn get_terminal_report(
        &self,
        request: Request<GetTerminalReportRequest>,
    ) -> Result<Response<GetTerminalReportResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (query, asking) = requests::terminal_report(&caller, request)?;
        let report = Some(self.reports.make(&caller, &query, asking).await?);
        Ok(Response::new(GetTerminalReportResponse { report }))
    }

    async fn post_transaction(
        &self,
        request: Request<PostTransactionRequest>,
    ) -> Result<Response<PostTransactionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let log = requests::posted_transaction(request)?;
        let counted =
            post_transaction::post_transaction(&self.documents, &caller.scope(), &caller.actor(), log)
                .await
                .map_err(|error| error.within("transaction"))?;
        let transaction = Some(counted);
        Ok(Response::new(PostTransactionResponse { transaction }))
    }

    async fn set_up_tenant(
        &self,
        request: Request<SetUpTenantRequest>,
    ) -> Result<Response<SetUpTenantResponse>, Status> {
        let (caller, _) = admit(request)?;
        // A tenant's database comes into being with its first log; what is left to do is to see that it can.
        self.documents.ping().await.map_err(kugel_error::Error::from)?;
        let tenant_id = caller.tenant().to_string();
        Ok(Response::new(SetUpTenantResponse { tenant_id }))
    }

    async fn recount_totals(
        &self,
        request: Request<RecountTotalsRequest>,
    ) -> Result<Response<RecountTotalsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (scope, actor) = (caller.scope(), caller.actor());
        let found = recount::recount(&self.documents, &scope, &actor, request.repair).await?;
        Ok(Response::new(found))
    }

    type StreamTransactionsStream =
        Pin<Box<dyn Stream<Item = Result<StreamTransactionsResponse, Status>> + Send + 'static>>;

    async fn stream_transactions(
        &self,
        request: Request<StreamTransactionsRequest>,
    ) -> Result<Response<Self::StreamTransactionsStream>, Status> {
        let (caller, request) = admit(request)?;
        let logs = stream_transactions::stream_transactions(self.documents.clone(), caller.scope(), request);
        Ok(Response::new(Box::pin(logs)))
    }
}
