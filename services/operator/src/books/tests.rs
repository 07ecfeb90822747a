use std::sync::Arc;

use kugel_bus::{Event, Topic};
use kugel_proto::report::v1::report_service_client::ReportServiceClient;
use kugel_proto::report::v1::{GetReportRequest, Report};
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_store::{Action, Body, Scope, Write};
use kugel_types::{EventId, SystemClock};
use serde::Serialize;
use tonic::Code;

use super::*;

const AT: &str = "2026-03-05T09:00:00.000000+09:00";

fn cash(id: &EventId) -> CashLog {
    CashLog {
        event_id: id.to_string(),
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 4,
        business_date: "20260305".to_owned(),
        open_counter: 1,
        generate_date_time: AT.to_owned(),
        amount: Some(rust_decimal::Decimal::from(500).into()),
        ..CashLog::default()
    }
}

/// The opening, or the close, which announces one movement and as many sales as are said.
fn session(operation: &str, sales: i32) -> OpenCloseLog {
    OpenCloseLog {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 4,
        business_date: "20260305".to_owned(),
        open_counter: 1,
        operation: operation.to_owned(),
        generate_date_time: AT.to_owned(),
        cart_transaction_count: Some(sales),
        cart_transaction_last_no: (sales > 0).then_some(sales.into()),
        cash_in_out_count: Some(1),
        cash_in_out_last_datetime: Some(AT.to_owned()),
        ..OpenCloseLog::default()
    }
}

fn event<L: Serialize + Send + Sync + 'static>(topic: Topic, log: L) -> Arc<Event> {
    Arc::new(Event {
        id: EventId::generate(),
        topic,
        tenant: "T1".parse().unwrap(),
        store: Some("S1".parse().unwrap()),
        terminal: Some(kugel_types::TerminalNo::new(4).unwrap()),
        occurred_at: AT.parse().unwrap(),
        schema_version: Event::SCHEMA_VERSION,
        traceparent: None,
        body: Body::of(Arc::new(log)).unwrap(),
    })
}

/// A folder with a closed session whose movement lies in the terminal's log, and whose event was never sent.
async fn day(settings: &Settings, sales: i32) {
    let host = Host::open_idle(settings.clone(), Arc::new(SystemClock))
        .await
        .unwrap();
    let holdings = host.holdings();
    let terminal = holdings
        .iter()
        .find(|holding| holding.service == "terminal")
        .unwrap();
    let mut changes = terminal.documents.changes("test");
    for operation in ["open", "close"] {
        let mut log = session(operation, sales);
        log.event_id = EventId::generate().to_string();
        let event = event(Topic::OpencloselogReport, log);
        let key = format!("S1/4/0/{operation}");
        changes = terminal.outboxes[0].stage(changes, event, key).0;
    }
    let id = EventId::generate();
    let lost = Write {
        collection: terminal.outboxes[0].deliveries().log(Topic::CashlogReport),
        id: id.to_string(),
        action: Action::Append(Body::of(Arc::new(cash(&id))).unwrap()),
    };
    let scope = Scope::Tenant("T1".parse().unwrap());
    terminal
        .documents
        .commit(&scope, changes.write(lost))
        .await
        .unwrap();
    host.stop().await;
}

fn the_session() -> Session {
    Session {
        tenant: "T1".to_owned(),
        store: "S1".to_owned(),
        terminal: 4,
        date: "20260305".to_owned(),
        session: 1,
    }
}

async fn run_command(settings: &Settings, command: Command) -> bool {
    run(settings.clone(), Options { command }).await.unwrap()
}

async fn settles(settings: &Settings) -> bool {
    let (tenant, store) = ("T1".to_owned(), Some("S1".to_owned()));
    run_command(settings, Command::List { tenant, store }).await
}

async fn daily(settings: &Settings) -> Result<Report, tonic::Status> {
    let host = Host::open_idle(settings.clone(), Arc::new(SystemClock))
        .await
        .unwrap();
    let message = GetReportRequest {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        report_scope: "daily".to_owned(),
        report_type: "sales".to_owned(),
        business_date: Some("20260305".to_owned()),
        ..GetReportRequest::default()
    };
    let mut client = ReportServiceClient::over(host.neighbours().channel("report"));
    let answer = client.get_report(request(&host, "T1", message).unwrap()).await;
    host.stop().await;
    Ok(answer?.into_inner().report.unwrap())
}

fn settings(folder: &std::path::Path) -> Settings {
    Settings {
        data_dir: folder.to_owned(),
        ..Settings::for_test()
    }
}

#[tokio::test]
async fn a_log_that_never_arrived_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    day(&settings, 0).await;
    assert!(!settles(&settings).await);
    let refused = daily(&settings).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let said = refused.message();
    assert!(
        said.contains("terminal 4 on 20260305 (session 1)") && said.contains("kugel books"),
        "{said}"
    );
    assert!(run_command(&settings, Command::Mend(the_session())).await);
    assert!(settles(&settings).await);
    let report = daily(&settings).await.unwrap();
    assert!(report.remarks.is_empty());
    // A repetition finds nothing more to do.
    assert!(run_command(&settings, Command::Mend(the_session())).await);
}

#[tokio::test]
async fn a_session_whose_log_is_lost_is_settled_with_a_remark() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    day(&settings, 2).await;
    assert!(!run_command(&settings, Command::Mend(the_session())).await);
    let refused = daily(&settings).await.unwrap_err();
    assert!(
        refused.message().contains("missing: 1, 2"),
        "{}",
        refused.message()
    );
    let settle = || Command::Settle {
        session: the_session(),
        reason: "the disk of that day is lost".to_owned(),
        by: "hq-owner".to_owned(),
    };
    assert!(run_command(&settings, settle()).await);
    assert!(settles(&settings).await);
    let report = daily(&settings).await.unwrap();
    assert_eq!(report.remarks.len(), 1);
    let remark = &report.remarks[0];
    assert_eq!(
        (remark.made_by.as_str(), remark.role.as_str()),
        ("hq-owner", "service")
    );
    assert!(remark.missing.contains("missing: 1, 2"), "{}", remark.missing);
    assert!(
        report
            .journal_text
            .unwrap()
            .contains("the disk of that day is lost")
    );
    let again = run(settings.clone(), Options { command: settle() }).await;
    assert!(again.unwrap_err().to_string().contains("remark already"));
}
