//! Drawers: a closed session's logs against the transactions and cash movements that lie in it.

use std::collections::BTreeMap;

use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::report::v1::GetReportRequest;
use kugel_proto::report::v1::report_service_client::ReportServiceClient;
use kugel_proto::terminal::v1::session_service_client::SessionServiceClient;
use kugel_proto::terminal::v1::stream_logs_response::Log;
use kugel_proto::terminal::v1::{OpenCloseLog, StreamLogsRequest};
use kugel_rpc::Client as _;
use kugel_types::PaymentKind;
use rust_decimal::Decimal;

use super::tally::Tally;
use super::{Break, Inspector, Outcome, decimal, equal, is_cancelled, signed};

/// A session: store, terminal, business date, opening of that date.
type Session = (String, i32, String, i32);

#[derive(Default)]
struct Drawer {
    cash: Decimal,
    movements: i32,
    transactions: i32,
    close: Option<OpenCloseLog>,
}

pub(super) async fn check(
    inspector: &Inspector<'_>,
    log: &[TransactionLog],
    tally: &mut Tally,
) -> anyhow::Result<Outcome> {
    let mut drawers: BTreeMap<Session, Drawer> = BTreeMap::new();
    for transaction in log {
        let session = (
            transaction.store_code.clone(),
            transaction.terminal_no,
            transaction.business_date.clone(),
            transaction.open_counter,
        );
        let drawer = drawers.entry(session).or_default();
        drawer.transactions += 1;
        if !is_cancelled(transaction) {
            let cash = transaction
                .payments
                .iter()
                .filter(|payment| PaymentKind::of_code(&payment.payment_code) == PaymentKind::Cash);
            let cash = super::sum(cash.map(|payment| payment.amount.as_ref())).unwrap_or_default();
            drawer.cash += signed(transaction, cash);
        }
    }
    for store in super::stores(inspector).await? {
        read_movements(inspector, &store, &mut drawers).await?;
    }
    for drawer in drawers.values() {
        tally.add("sessions", Decimal::ONE);
        tally.add("cash", drawer.cash);
    }
    for (session, drawer) in &drawers {
        if let Err(broken) = compare(inspector, session, drawer).await? {
            return Ok(Err(broken));
        }
    }
    Ok(Ok(drawers.len()))
}

async fn read_movements(
    inspector: &Inspector<'_>,
    store: &str,
    drawers: &mut BTreeMap<Session, Drawer>,
) -> anyhow::Result<()> {
    let mut client = SessionServiceClient::over(inspector.channel("terminal"));
    let message = StreamLogsRequest {
        tenant_id: inspector.tenant_id(),
        store_code: store.to_owned(),
    };
    let mut stream = client.stream_logs(inspector.request(message)).await?.into_inner();
    while let Some(row) = stream.message().await? {
        match row.log {
            Some(Log::CashLog(cash)) => {
                let session = (
                    cash.store_code,
                    cash.terminal_no,
                    cash.business_date,
                    cash.open_counter,
                );
                let drawer = drawers.entry(session).or_default();
                drawer.cash += decimal(cash.amount.as_ref()).unwrap_or_default();
                drawer.movements += 1;
            }
            Some(Log::OpenCloseLog(log)) if log.operation == "close" => {
                let session = (
                    log.store_code.clone(),
                    log.terminal_no,
                    log.business_date.clone(),
                    log.open_counter,
                );
                drawers.entry(session).or_default().close = Some(log);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The close log counted what the session holds, and the report expects the cash that logs and payments add up to.
async fn compare(
    inspector: &Inspector<'_>,
    (store, terminal, date, opening): &Session,
    drawer: &Drawer,
) -> anyhow::Result<Result<(), Break>> {
    let record = || format!("store {store} terminal {terminal} date {date} session {opening}");
    if let Some(close) = &drawer.close {
        let counted = close.cart_transaction_count.zip(close.cash_in_out_count);
        let held = (drawer.transactions, drawer.movements);
        if counted.map(|(sales, cash)| (i64::from(sales), i64::from(cash)))
            != Some((held.0.into(), held.1.into()))
        {
            let equation = format!(
                "the close log counts {counted:?} transactions and cash movements, there are {held:?}"
            );
            return Ok(Err(Break {
                record: record(),
                equation,
            }));
        }
    }
    let mut client = ReportServiceClient::over(inspector.channel("report"));
    let message = GetReportRequest {
        tenant_id: inspector.tenant_id(),
        store_code: store.clone(),
        terminal_no: Some(*terminal),
        report_scope: "flash".to_owned(),
        report_type: "sales".to_owned(),
        business_date: Some(date.clone()),
        open_counter: Some(*opening),
        ..Default::default()
    };
    let report = client
        .get_report(inspector.request(message))
        .await?
        .into_inner()
        .report;
    let expected = report
        .and_then(|report| report.cash)
        .and_then(|cash| decimal(cash.logical_amount.as_ref()));
    Ok(equal(
        record,
        "reported drawer = cash sales + cash movements",
        expected,
        Some(drawer.cash),
    ))
}
