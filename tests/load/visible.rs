//! From the bill's answer until journal, stock and report show it.

use std::time::{Duration, Instant};

use kugel_proto::cart::v1::cart_service_client::CartServiceClient;
use kugel_proto::journal::v1::SearchJournalsRequest;
use kugel_proto::journal::v1::journal_service_client::JournalServiceClient;
use kugel_proto::report::v1::GetReportRequest;
use kugel_proto::report::v1::report_service_client::ReportServiceClient;
use kugel_proto::stock::v1::GetStockRequest;
use kugel_proto::stock::v1::stock_service_client::StockServiceClient;

use crate::checkout::checkout;
use crate::connection::Connection;
use crate::figures::line;
use crate::shop::{STORE, Shop, item_code, with_token};

/// Sales that are looked for at each delay.
const SALES: usize = 100;
/// Between two delays, until half of the sales are there.
const STEP: Duration = Duration::from_micros(500);
/// From then on a delay is so many times the one before.
const GROWTH: f64 = 1.2;
/// Between two looks at what was not there at the first.
const PAUSE: Duration = Duration::from_millis(2);

/// Each sale is looked for once, so long after its bill, because who asks again and again measures how he keeps the
/// machine busy. The delays grow until 99 of 100 sales are there.
pub(crate) async fn measure(shop: &Shop, target: &str) {
    let channel = Connection::open(&shop.url).await;
    let (mut delay, mut half, mut sold) = (STEP, None, 0);
    let (half, nearly_all) = loop {
        let (mut seen, mut waited) = (0, Duration::ZERO);
        for sale in sold..sold + SALES {
            let (is_seen, after) = look(shop, &channel, sale, delay).await;
            seen += usize::from(is_seen);
            waited += after;
        }
        sold += SALES;
        let waited = waited / u32::try_from(SALES).unwrap();
        if seen * 2 >= SALES {
            half.get_or_insert(waited);
        }
        if seen * 100 >= SALES * 99 {
            break (half.unwrap_or(waited), waited);
        }
        delay = half.map_or(delay + STEP, |_| delay.mul_f64(GROWTH));
    };
    let measured = format!("p50 {half:.1?}, p99 {nearly_all:.1?}");
    line("bill to visible in journal, stock and report", &measured, target);
}

/// Sells, and tells whether a look at all three so long after the answer shows it, and when the look began.
async fn look(shop: &Shop, channel: &Connection, sale: usize, delay: Duration) -> (bool, Duration) {
    let till = &shop.tills[1];
    let cart = checkout(&mut CartServiceClient::new(channel.clone()), till, sale).await;
    let answered = Instant::now();
    let date = cart.business_date.unwrap();
    // The runtime's own timers know whole milliseconds only.
    let pause = move || std::thread::sleep(delay);
    tokio::task::spawn_blocking(pause).await.unwrap();
    let (waited, mut is_first) = (answered.elapsed(), true);
    loop {
        let shown = tokio::join!(
            stock(shop, channel.clone(), till.number, sale, cart.transaction_no),
            journal(shop, channel.clone(), till.number, cart.receipt_no),
            report(shop, channel.clone(), till.number, date.clone(), sale + 1),
        );
        if shown == (true, true, true) {
            return (is_first, waited);
        }
        is_first = false;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn journal(shop: &Shop, channel: Connection, terminal: i32, receipt: i64) -> bool {
    let message = SearchJournalsRequest {
        tenant_id: shop.tenant.clone(),
        store_code: STORE.into(),
        terminals: vec![terminal],
        receipt_no_from: Some(receipt),
        receipt_no_to: Some(receipt),
        ..Default::default()
    };
    let answer = JournalServiceClient::new(channel)
        .search_journals(with_token(&shop.token, message))
        .await;
    !answer.unwrap().into_inner().journals.is_empty()
}

async fn stock(shop: &Shop, channel: Connection, terminal: i32, sale: usize, transaction: i64) -> bool {
    let message = GetStockRequest {
        tenant_id: shop.tenant.clone(),
        store_code: STORE.into(),
        item_code: item_code(sale * 5),
    };
    let answer = StockServiceClient::new(channel)
        .get_stock(with_token(&shop.token, message))
        .await;
    let stock = match answer {
        Ok(answer) => answer.into_inner().stock.unwrap(),
        Err(status) => {
            assert_eq!(status.code(), tonic::Code::NotFound);
            return false;
        }
    };
    stock.last_transaction_id == Some(format!("{STORE}-{terminal}-{transaction}"))
}

async fn report(shop: &Shop, channel: Connection, terminal: i32, date: String, sales: usize) -> bool {
    let message = GetReportRequest {
        tenant_id: shop.tenant.clone(),
        store_code: STORE.into(),
        terminal_no: Some(terminal),
        report_scope: "flash".into(),
        report_type: "sales".into(),
        business_date: Some(date),
        ..Default::default()
    };
    let answer = ReportServiceClient::new(channel)
        .get_report(with_token(&shop.token, message))
        .await;
    let gross = answer.unwrap().into_inner().report.unwrap().sales_gross.unwrap();
    usize::try_from(gross.count).unwrap() >= sales
}
