//! Reports: the totals kept at event time against a recount, and the recount's logs against the log.

use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::report::v1::RecountTotalsRequest;
use kugel_proto::report::v1::report_service_client::ReportServiceClient;
use kugel_rpc::Client as _;

use super::{Break, Inspector, Outcome};

pub(super) async fn check(inspector: &Inspector<'_>, log: &[TransactionLog]) -> anyhow::Result<Outcome> {
    let mut client = ReportServiceClient::over(inspector.channel("report"));
    let message = RecountTotalsRequest {
        tenant_id: inspector.tenant_id(),
        repair: false,
    };
    let recount = client
        .recount_totals(inspector.request(message))
        .await?
        .into_inner();
    if let Some(first) = recount.differences.first() {
        let record = format!(
            "store {} terminal {} date {} session {} {}",
            first.store_code, first.terminal_no, first.business_date, first.open_counter, first.part
        );
        let equation = format!(
            "the report keeps {}, a recount gives {}",
            first.kept, first.recounted
        );
        return Ok(Err(Break { record, equation }));
    }
    if usize::try_from(recount.transaction_logs) != Ok(log.len()) {
        let equation = format!(
            "{} transactions reached it, {} were made",
            recount.transaction_logs,
            log.len()
        );
        return Ok(Err(Break {
            record: "report".to_owned(),
            equation,
        }));
    }
    Ok(Ok(usize::try_from(recount.sessions).unwrap_or_default()))
}
