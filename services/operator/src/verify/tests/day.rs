//! Two tills, two sessions, and every kind of thing that happens at them.

use std::sync::Arc;

use kugel_config::Settings;
use kugel_host::Host;
use kugel_proto::cart::v1::{DiscountEntry, LineItemEntry, PaymentEntry, TransactionLog};
use kugel_proto::journal::v1 as journal;
use kugel_proto::journal::v1::journal_service_client::JournalServiceClient;
use kugel_proto::report::v1 as report;
use kugel_proto::report::v1::GetReportRequest;
use kugel_proto::report::v1::report_service_client::ReportServiceClient;
use kugel_proto::stock::v1::stock_service_client::StockServiceClient;
use kugel_proto::stock::v1::{CreateSnapshotRequest, SetMinimumQuantityRequest, UpdateStockRequest};
use kugel_proto::terminal::v1::UpdateStoreRequest;
use kugel_proto::terminal::v1::store_service_client::StoreServiceClient;
use kugel_report::records::{REMARK, Remark, SessionTotals, remark_lines};
use kugel_rpc::Client as _;
use kugel_shop::{Item, Owner, Shop, Till, Transport, transport};
use kugel_store::{Query, Scope};
use kugel_types::{PaymentKind, SystemClock, TenantId};
use rust_decimal::Decimal;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::verify::books::Books;

pub(super) const STORE: &str = "S1";

/// A tenant after its day.
pub(super) struct Day {
    pub(super) host: Host,
    pub(super) tenant: TenantId,
    _folder: TempDir,
}

impl Day {
    pub(super) async fn sold() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::for_test();
        settings.data_dir = folder.path().join("data");
        let host = Host::start(settings, Arc::new(SystemClock)).await.unwrap();
        let shop = furnish(&host).await;
        correct_stock(&shop).await;
        sell(&host, &shop).await;
        host.settled().await;
        take_snapshots(&shop).await;
        post(&host, &shop).await;
        remark(&host, &shop).await;
        Self {
            tenant: shop.tenant.parse().unwrap(),
            host,
            _folder: folder,
        }
    }
}

/// One connection to all services, as a gateway is.
fn connect(host: &Host) -> Transport {
    let neighbours = host.neighbours().clone();
    transport(tower::service_fn(
        move |request: http::Request<tonic::body::Body>| {
            let package = request.uri().path().split('.').nth(1).unwrap_or_default();
            neighbours.channel(&package.replace('_', "-")).oneshot(request)
        },
    ))
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

async fn furnish(host: &Host) -> Shop {
    let owner = Owner::register(connect(host), "mori", "plum-Tree-9", Some("Q7301"))
        .await
        .unwrap();
    owner.set_up("Mori's", &["test"]).await.unwrap();
    let shop = owner.in_person();
    shop.tax("10", "VAT", number("10")).await.unwrap();
    for (kind, name) in [(PaymentKind::Cash, "Cash"), (PaymentKind::Cashless, "Card")] {
        shop.payment(kind, name).await.unwrap();
    }
    shop.category("FOOD", "Food", "10").await.unwrap();
    let words = r#"[{"text": "Thank you", "align": "center"}]"#;
    for setting in ["RECEIPT_HEADERS", "RECEIPT_FOOTERS"] {
        shop.setting(setting, words).await.unwrap();
    }
    shop.setting("INVOICE_REGISTRATION_NUMBER", "T123").await.unwrap();
    shop.setting("CASH_OUT_OVER_DRAWER", "warn").await.unwrap();
    let item = |(code, price): (&str, &str)| Item {
        code: code.to_owned(),
        description: format!("Item {code}"),
        unit_price: number(price),
        category: "FOOD".to_owned(),
        tax: "10".to_owned(),
    };
    shop.items([("A", "3.50"), ("B/1", "10.00"), ("C", "0.99")].map(item))
        .await
        .unwrap();
    shop.store(STORE, "First", Some("GBP")).await.unwrap();
    take_coins_of(&shop, "0.01").await;
    let opening = [("A", "20"), ("B/1", "7.5")].map(|(item, quantity)| (item.to_owned(), number(quantity)));
    shop.stock(STORE, opening).await.unwrap();
    shop.staff("31", "Mori", "1234", "supervisor").await.unwrap();
    shop
}

async fn take_coins_of(shop: &Shop, coin: &str) {
    let update = UpdateStoreRequest {
        tenant_id: shop.tenant.clone(),
        store_code: STORE.to_owned(),
        store_name: "First".to_owned(),
        cash_coin: Some(number(coin).into()),
        ..UpdateStoreRequest::default()
    };
    let mut client = StoreServiceClient::over(shop.client.transport());
    client.update_store(shop.client.request(update)).await.unwrap();
}

async fn sell(host: &Host, shop: &Shop) {
    let till = |number| {
        let description = format!("Till {number}");
        async move {
            shop.till(connect(host), STORE, number, &description)
                .await
                .unwrap()
        }
    };
    let (mut first, mut second) = (till(1).await, till(2).await);
    first.sign_in("31", "1234").await.unwrap();
    first.open(number("100")).await.unwrap();
    sale(&first, &[("A", "2"), ("B/1", "1.5")], "50").await;
    sale(&first, &[("C", "3")], "").await;
    let cart = first.cart(None).await.unwrap();
    first.add(&cart, vec![line("A", "1")]).await.unwrap();
    first.cancel(&cart).await.unwrap();
    first.cash_in(number("20"), "coins").await.unwrap();
    first.cash_out(number("5"), "stamps").await.unwrap();
    first.take_back(1, 1, vec![cash("21.50")]).await.unwrap();
    first.void(4, vec![cash("21.50")]).await.unwrap();
    sale(&first, &[("A", "1"), ("C", "1")], "10").await;
    first.void(6, vec![cash("3.99")]).await.unwrap();
    first.close(Some(number("150"))).await.unwrap();
    first.open(number("50")).await.unwrap();
    sale(&first, &[("A", "4")], "20").await;
    // More than there is, and nobody counts what is left.
    first.cash_out(number("100"), "to the safe").await.unwrap();
    first.close(None).await.unwrap();
    second.sign_in("31", "1234").await.unwrap();
    let date = second.open(number("0")).await.unwrap();
    sale(&second, &[("B/1", "1"), ("A", "1")], "20").await;
    ask_report(&second, &date).await;
    // A session in which nothing is sold, and a till that never opens.
    second.close(Some(number("13.50"))).await.unwrap();
    second.open(number("1")).await.unwrap();
    till(3).await;
}

async fn sale(till: &Till, lines: &[(&str, &str)], tendered: &str) {
    let cart = till.cart(Some("7")).await.unwrap();
    till.add(
        &cart,
        lines
            .iter()
            .map(|(item, quantity)| line(item, quantity))
            .collect(),
    )
    .await
    .unwrap();
    let mut due = till.subtotal(&cart).await.unwrap();
    if lines.len() > 1 {
        let discount = DiscountEntry {
            discount_type: "DiscountAmount".to_owned(),
            discount_value: Some(number("0.50").into()),
            discount_detail: Some("a friend".to_owned()),
        };
        due = till.discount(&cart, discount).await.unwrap();
    }
    let payment = match tendered {
        "" => PaymentEntry {
            payment_code: PaymentKind::Cashless.code().to_owned(),
            amount: due.balance_amount.clone(),
            detail: Some("card 17".to_owned()),
        },
        tendered => cash(tendered),
    };
    till.pay(&cart, vec![payment]).await.unwrap();
    till.bill(&cart).await.unwrap();
}

fn line(item: &str, quantity: &str) -> LineItemEntry {
    LineItemEntry {
        item_code: item.to_owned(),
        quantity: Some(number(quantity).into()),
        unit_price: None,
    }
}

fn cash(amount: &str) -> PaymentEntry {
    PaymentEntry {
        payment_code: PaymentKind::Cash.code().to_owned(),
        amount: Some(number(amount).into()),
        detail: None,
    }
}

/// A report that a till asks for is an entry of the journal.
async fn ask_report(till: &Till, date: &str) {
    let request = till.client.request(GetReportRequest {
        tenant_id: till.terminal.tenant_id.clone(),
        store_code: STORE.to_owned(),
        terminal_no: Some(2),
        report_scope: "flash".to_owned(),
        report_type: "sales".to_owned(),
        business_date: Some(date.to_owned()),
        ..GetReportRequest::default()
    });
    let mut client = ReportServiceClient::over(till.client.transport());
    client.get_report(request).await.unwrap();
}

async fn correct_stock(shop: &Shop) {
    let mut client = StockServiceClient::over(shop.client.transport());
    let (tenant_id, store_code) = (shop.tenant.clone(), STORE.to_owned());
    let update = UpdateStockRequest {
        tenant_id: tenant_id.clone(),
        store_code: store_code.clone(),
        item_code: "A".to_owned(),
        quantity_change: Some(number("-1").into()),
        update_type: "adjustment".to_owned(),
        reference_id: Some("count 7".to_owned()),
        operator_id: Some("31".to_owned()),
        note: Some("one was broken".to_owned()),
    };
    client.update_stock(shop.client.request(update)).await.unwrap();
    for item in ["A", "D"] {
        let minimum = SetMinimumQuantityRequest {
            tenant_id: tenant_id.clone(),
            store_code: store_code.clone(),
            item_code: item.to_owned(),
            minimum_quantity: Some(number("3").into()),
        };
        client
            .set_minimum_quantity(shop.client.request(minimum))
            .await
            .unwrap();
    }
}

/// Brings a sale in that no till of the shop has made.
async fn post(host: &Host, shop: &Shop) {
    let books = Books::of(&host.holdings(), &shop.tenant.parse().unwrap()).unwrap();
    let sold = books.cart.walk(books.sales()).next().await.unwrap().unwrap();
    let mut log = TransactionLog::clone(&sold[0].body.parse::<TransactionLog>().unwrap());
    log.transaction_no = 777;
    let place = (shop.tenant.clone(), STORE.to_owned(), log.terminal_no);
    let (tenant_id, store_code, terminal_no) = place.clone();
    let posted = report::PostTransactionRequest {
        tenant_id,
        store_code,
        terminal_no,
        transaction: Some(log.clone()),
    };
    let mut client = ReportServiceClient::over(shop.client.transport());
    client
        .post_transaction(shop.client.request(posted))
        .await
        .unwrap();
    let (tenant_id, store_code, terminal_no) = place;
    let posted = journal::PostTransactionRequest {
        tenant_id,
        store_code,
        terminal_no,
        transaction: Some(log),
    };
    let mut client = JournalServiceClient::over(shop.client.transport());
    client
        .post_transaction(shop.client.request(posted))
        .await
        .unwrap();
}

/// A session that was settled when a log had not arrived, which it has since.
async fn remark(host: &Host, shop: &Shop) {
    let tenant: TenantId = shop.tenant.parse().unwrap();
    let sums = crate::of(&host.holdings(), kugel_report::NAME)
        .unwrap()
        .documents
        .clone();
    let scope = Scope::from(&tenant);
    let sold = sums.find::<SessionTotals>(&scope, Query::all()).await.unwrap();
    let session = sold.rows.iter().find(|sums| !sums.session.is_posted).unwrap();
    let remark = Remark {
        session: session.session.clone(),
        made_by: "mori".to_owned(),
        role: "superuser".to_owned(),
        made_at: "2026-03-05T10:00:00.000001+09:00".to_owned(),
        reason: "the disk of the till broke".to_owned(),
        missing: "1 transaction log of 2 arrived".to_owned(),
    };
    let entry = journal::NewJournalEntry {
        tenant_id: tenant.to_string(),
        store_code: remark.session.store.to_string(),
        terminal_no: Some(remark.session.terminal.get()),
        transaction_type: Some(REMARK),
        business_date: remark.session.date.to_string(),
        open_counter: Some(remark.session.open_counter),
        business_counter: Some(0),
        generate_date_time: remark.made_at.clone(),
        user_id: Some(remark.made_by.clone()),
        journal_text: Some(remark_lines(&remark).join("\n")),
        ..journal::NewJournalEntry::default()
    };
    let filed = journal::CreateJournalRequest {
        tenant_id: entry.tenant_id.clone(),
        store_code: entry.store_code.clone(),
        terminal_no: entry.terminal_no.unwrap(),
        journal: Some(entry),
    };
    let mut client = JournalServiceClient::over(shop.client.transport());
    client.create_journal(shop.client.request(filed)).await.unwrap();
    let changes = sums.changes("mori").insert(remark);
    sums.commit(&scope, changes).await.unwrap();
}

async fn take_snapshots(shop: &Shop) {
    let mut client = StockServiceClient::over(shop.client.transport());
    for _ in 0..2 {
        let snapshot = CreateSnapshotRequest {
            tenant_id: shop.tenant.clone(),
            store_code: STORE.to_owned(),
            created_by: Some("mori".to_owned()),
        };
        client
            .create_snapshot(shop.client.request(snapshot))
            .await
            .unwrap();
    }
}
