//! From the bill's answer until journal, stock and report show it.

use std::time::{Duration, Instant};

use kugel_proto::cart::v1::cart_service_client::CartServiceClient;
use kugel_proto::journal::v1::SearchJournalsRequest;
use kugel_proto::journal::v1::journal_service_client::JournalServiceClient;
use kugel_proto::report::v1::GetTerminalReportRequest;
use kugel_proto::report::v1::report_service_client::ReportServiceClient;
use kugel_proto::stock::v1::GetStockRequest;
use kugel_proto::stock::v1::stock_service_client::StockServiceClient;
use tonic::transport::Channel;

use crate::checkout::checkout;
use crate::echo::connect;
use crate::figures::{Latencies, line};
use crate::shop::{STORE, Shop, item_code, with_token};

const SALES: usize = 300;
/// Between two looks: whoever asks without a pause measures how he keeps the machine busy.
const PAUSE: Duration = Duration::from_micros(500);

pub(crate) async fn measure(shop: &Shop, target: &str) {
    let channel = connect(&shop.url).await;
    let mut carts = CartServiceClient::new(channel.clone());
    let till = &shop.tills[1];
    let mut latencies = Latencies::default();
    for sale in 0..SALES {
        let cart = checkout(&mut carts, till, sale).await;
        let begun = Instant::now();
        let date = cart.business_date.unwrap();
        // One after another: the last one sets the time either way, and who asks less keeps the machine less busy.
        stock(shop, channel.clone(), till.number, sale, cart.transaction_no).await;
        journal(shop, channel.clone(), till.number, cart.receipt_no).await;
        let sales = i64::try_from(sale).unwrap() + 1;
        report(shop, channel.clone(), till.number, date, sales).await;
        latencies.record(begun);
    }
    line(
        "bill to visible in journal, stock and report",
        &latencies.percentiles(),
        target,
    );
}

async fn journal(shop: &Shop, channel: Channel, terminal: i32, receipt: i64) {
    let mut client = JournalServiceClient::new(channel);
    loop {
        let message = SearchJournalsRequest {
            tenant_id: shop.tenant.clone(),
            store_code: STORE.into(),
            terminals: vec![terminal],
            receipt_no_from: Some(receipt),
            receipt_no_to: Some(receipt),
            ..Default::default()
        };
        let answer = client
            .search_journals(with_token(&shop.token, message))
            .await
            .unwrap()
            .into_inner();
        if !answer.journals.is_empty() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn stock(shop: &Shop, channel: Channel, terminal: i32, sale: usize, transaction: i64) {
    let mut client = StockServiceClient::new(channel);
    let reference = format!("{STORE}-{terminal}-{transaction}");
    loop {
        let message = GetStockRequest {
            tenant_id: shop.tenant.clone(),
            store_code: STORE.into(),
            item_code: item_code(sale * 5),
        };
        match client.get_stock(with_token(&shop.token, message)).await {
            Ok(answer)
                if answer
                    .get_ref()
                    .stock
                    .as_ref()
                    .unwrap()
                    .last_transaction_id
                    .as_ref()
                    == Some(&reference) =>
            {
                return;
            }
            Ok(_) => {}
            Err(status) => assert_eq!(status.code(), tonic::Code::NotFound),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn report(shop: &Shop, channel: Channel, terminal: i32, date: String, sales: i64) {
    let mut client = ReportServiceClient::new(channel);
    loop {
        let message = GetTerminalReportRequest {
            tenant_id: shop.tenant.clone(),
            store_code: STORE.into(),
            terminal_no: terminal,
            report_scope: "flash".into(),
            report_type: "sales".into(),
            business_date: Some(date.clone()),
            ..Default::default()
        };
        let answer = client
            .get_terminal_report(with_token(&shop.token, message))
            .await
            .unwrap()
            .into_inner();
        if answer.report.unwrap().sales_gross.unwrap().count >= sales {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
