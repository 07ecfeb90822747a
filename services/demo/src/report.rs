//! The report of the day that was replayed.

use std::time::Duration;

use anyhow::Context as _;
use kugel_proto::report::v1::GetReportRequest;
use kugel_proto::report::v1::report_service_client::ReportServiceClient;
use kugel_rpc::Client as _;
use kugel_shop::while_doing;
use tonic::Code;

use super::plan::Store;
use super::setup::Tenant;

/// How long to wait for the logs of the last session to arrive.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(30);

/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(20);

/// The daily sales report of a store as text.
pub(super) async fn daily(tenant: &Tenant, store: &Store, business_date: &str) -> anyhow::Result<String> {
    let ask = async {
        loop {
            let request = tenant.accountant.request(GetReportRequest {
                tenant_id: tenant.shop.tenant.clone(),
                store_code: store.code.clone(),
                report_scope: "daily".to_owned(),
                report_type: "sales".to_owned(),
                business_date: Some(business_date.to_owned()),
                ..Default::default()
            });
            let mut reports = ReportServiceClient::over(tenant.accountant.transport());
            match reports.get_report(request).await {
                // A daily report waits until every log of the closed sessions has arrived.
                Err(status) if status.code() == Code::FailedPrecondition => tokio::time::sleep(PAUSE).await,
                answer => break answer.map_err(while_doing("get the day's report")),
            }
        }
    };
    let answer = tokio::time::timeout(ARRIVAL_LIMIT, ask)
        .await
        .context("the sales of the day have not arrived in the report")??;
    let report = answer.into_inner().report.context("the answer holds no report")?;
    Ok(report.journal_text.unwrap_or_default())
}
