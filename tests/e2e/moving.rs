//! A tenant moves house with a real day of sales, and what was made of its logs is made of them again.
#![allow(
    clippy::disallowed_methods,
    reason = "the environment tells where the servers are"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kugel::cli::Demo;
use kugel_bus::inbox::PROCESSED_EVENTS;
use kugel_config::{Secret, Settings};
use kugel_host::{Holding, Host};
use kugel_journal::records::JOURNALS;
use kugel_operator::rebuild::Folding;
use kugel_operator::verify::Verdict;
use kugel_operator::{export, import, rebuild, verify};
use kugel_report::records::{SessionItems, SessionTotals};
use kugel_stock::records::{StockRecord, UpdateRecord};
use kugel_store::{
    Action, Body, Collection, Commit, DecimalSum, Document, MongoStore, Record as _, Scope, Write,
};
use kugel_types::{Clock as _, SystemClock, TenantId};
use rust_decimal::Decimal;
use serde_json::Value;
use tempfile::TempDir;

const TENANT: &str = "mover";

/// Somewhere a tenant can live.
struct Place {
    settings: Settings,
    folder: TempDir,
}

impl Place {
    fn files() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::for_test();
        settings.data_dir = folder.path().join("data");
        Self { settings, folder }
    }

    fn mongodb(uri: &str) -> Self {
        let mut place = Self::files();
        place.settings.mongodb_uri = Some(Secret::new(uri));
        place.settings.namespace = format!("m{}_", &uuid::Uuid::new_v4().simple().to_string()[..8]);
        place
    }

    /// Replays the day that ships with Kugel.
    async fn live(&self) {
        let replay = kugel_demo::Options {
            files: Vec::new(),
            tenant: Some(TENANT.to_owned()),
            terminals: 4,
            skipped: None,
        };
        let demo = Demo { replay, server: None };
        kugel::demo::run(self.settings.clone(), demo).await.unwrap();
    }

    /// Everything that is known of the tenant, from an idle Kugel.
    async fn verdict(&self) -> Verdict {
        let host = self.open().await;
        let verdict = verify::look_at(&host, &tenant()).await.unwrap();
        host.stop().await;
        verdict
    }

    async fn open(&self) -> Host {
        Host::open_idle(self.settings.clone(), Arc::new(SystemClock))
            .await
            .unwrap()
    }

    /// Moves the tenant out into a file.
    async fn export(&self) -> PathBuf {
        let file = self.folder.path().join(format!("{}.kugel", uuid::Uuid::new_v4()));
        let options = export::Options {
            tenant: TENANT.to_owned(),
            file: Some(file.clone()),
        };
        export::run(self.settings.clone(), options).await.unwrap();
        file
    }

    /// Moves the tenant in from a file.
    async fn import(&self, file: &Path) -> anyhow::Result<()> {
        let options = import::Options {
            file: Some(file.to_owned()),
            take_back: None,
        };
        import::run(self.settings.clone(), options).await
    }

    async fn rebuild(&self, service: Folding) -> bool {
        let options = rebuild::Options {
            service,
            tenant: TENANT.to_owned(),
            drop_posted: false,
        };
        rebuild::run(self.settings.clone(), options).await.unwrap()
    }
}

impl Drop for Place {
    /// Also a test that fails leaves no databases behind.
    fn drop(&mut self) {
        let Some(uri) = &self.settings.mongodb_uri else {
            return;
        };
        let removal = MongoStore::drop_namespace(uri.reveal(), &self.settings.namespace);
        // A runtime cannot wait within another one, so the removal has a thread of its own.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                if let Err(error) = runtime.unwrap().block_on(removal) {
                    println!("the databases of {} stay: {error}", self.settings.namespace);
                }
            });
        });
    }
}

fn tenant() -> TenantId {
    TENANT.parse().unwrap()
}

/// The server to move to. Without one, the test says so and ends there; on CI, where there always is one, it fails.
fn mongodb() -> Option<String> {
    let uri = std::env::var("MONGODB_URI").ok().filter(|uri| !uri.is_empty());
    if uri.is_none() {
        assert!(
            std::env::var("CI").is_err(),
            "CI must move to MongoDB: set MONGODB_URI"
        );
        eprintln!("\n*** SKIPPED: there is no MongoDB to move to, set MONGODB_URI to a replica set\n");
    }
    uri
}

fn same(one: &Verdict, other: &Verdict) {
    assert!(one.is_clean(), "{one}");
    assert!(other.is_clean(), "{other}");
    assert_eq!(one.tally(), other.tally(), "\n{one}\n{other}");
    assert_eq!(one.to_string(), other.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_moves_to_the_mesh_and_back() {
    let shop = Place::files();
    shop.live().await;
    let at_home = shop.verdict().await;
    let file = shop.export().await;
    let text = std::fs::read(&file).unwrap();
    let neighbour = Place::files();
    neighbour.import(&file).await.unwrap();
    same(&at_home, &neighbour.verdict().await);
    assert!(
        std::fs::read(neighbour.export().await).unwrap() == text,
        "the same documents make the same file"
    );
    let refused = neighbour.import(&file).await.unwrap_err();
    assert!(refused.to_string().contains("exists here already"), "{refused}");

    let Some(uri) = mongodb() else { return };
    let mesh = Place::mongodb(&uri);
    mesh.import(&file).await.unwrap();
    same(&at_home, &mesh.verdict().await);
    the_database_adds_up_to_the_same(&mesh, &uri).await;
    let back = mesh.export().await;
    assert!(
        std::fs::read(&back).unwrap() == text,
        "MongoDB gives back what it was given"
    );
    damage(&mesh).await;
    assert!(!mesh.verdict().await.is_clean());
    for service in [Folding::Report, Folding::Stock, Folding::Journal] {
        let is_last = service == Folding::Journal;
        assert_eq!(
            mesh.rebuild(service).await,
            is_last,
            "only the last one makes everything well"
        );
    }
    same(&at_home, &mesh.verdict().await);

    let home = Place::files();
    home.import(&back).await.unwrap();
    same(&at_home, &home.verdict().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_anew_is_what_it_was() {
    let shop = Place::files();
    shop.live().await;
    let before = shop.verdict().await;
    assert!(before.is_clean(), "{before}");
    damage(&shop).await;
    let damaged = shop.verdict().await;
    assert!(!damaged.is_clean());
    assert_ne!(before.tally(), damaged.tally());
    for service in [Folding::Stock, Folding::Journal, Folding::Report] {
        let is_last = service == Folding::Report;
        assert_eq!(
            shop.rebuild(service).await,
            is_last,
            "only the last one makes everything well"
        );
    }
    same(&before, &shop.verdict().await);
    for service in [Folding::Stock, Folding::Journal, Folding::Report] {
        assert!(shop.rebuild(service).await, "what is whole stays whole");
    }
    same(&before, &shop.verdict().await);
}

/// Loses and garbles documents of journal, stock and reports.
async fn damage(place: &Place) {
    let host = place.open().await;
    for holding in host.holdings() {
        match holding.service {
            kugel_journal::NAME => {
                let logs = &kugel_journal::records::TRANSACTION_LOGS;
                spoil(&holding, &JOURNALS, 3, |body| body["amount"] = "0.01".into()).await;
                spoil(&holding, logs, 4, |body| body["receipt_no"] = 1.into()).await;
            }
            kugel_report::NAME => {
                let logs = &kugel_report::records::TRANSACTION_LOGS;
                let garble = |body: &mut Value| body["totals"]["sales"]["amount"] = "7".into();
                spoil(&holding, SessionTotals::COLLECTION, 1, garble).await;
                spoil(&holding, SessionItems::COLLECTION, 1, |body| {
                    body["part"] = 99.into()
                })
                .await;
                spoil(&holding, logs, 5, |body| body["receipt_no"] = 1.into()).await;
            }
            kugel_stock::NAME => {
                let garble = |body: &mut Value| body["current_quantity"] = "123456".into();
                spoil(&holding, StockRecord::COLLECTION, 6, garble).await;
                forget_sales(&holding, UpdateRecord::COLLECTION).await;
                spoil(&holding, &PROCESSED_EVENTS, 3, |_| {}).await;
            }
            _ => {}
        }
    }
    host.stop().await;
}

/// Of every few documents, one is changed and one is lost.
async fn spoil(
    holding: &Holding,
    collection: &'static Collection,
    every: usize,
    change: impl Fn(&mut Value),
) {
    let documents = read(holding, collection).await;
    assert!(!documents.is_empty(), "{}", collection.name);
    let mut writes = Vec::new();
    for (number, document) in documents.iter().enumerate() {
        let mut body: Value = serde_json::from_str(document.body.text()).unwrap();
        change(&mut body);
        writes.push(match number % (2 * every) {
            0 => write(
                collection,
                document,
                Action::Upsert(Body::from_text(body.to_string())),
            ),
            1 => write(collection, document, Action::Delete(None)),
            _ => continue,
        });
    }
    commit(holding, writes).await;
}

/// Loses every third change of stock by a sale; those by people are in no log.
async fn forget_sales(holding: &Holding, collection: &'static Collection) {
    let documents = read(holding, collection).await;
    let of_sales = documents
        .iter()
        .filter(|document| document.created_by == "service:stock");
    let lost = of_sales.step_by(3);
    let writes = lost.map(|document| write(collection, document, Action::Delete(None)));
    commit(holding, writes.collect()).await;
}

fn write(collection: &'static Collection, document: &Document, action: Action) -> Write {
    Write {
        collection,
        id: document.id.clone(),
        action,
    }
}

async fn commit(holding: &Holding, writes: Vec<Write>) {
    let store = holding.documents.store();
    for writes in writes.chunks(100) {
        let commit = Commit::new("vandal", SystemClock.now(), writes.to_vec());
        store.commit(&Scope::from(&tenant()), commit).await.unwrap();
    }
}

async fn read(holding: &Holding, collection: &'static Collection) -> Vec<Arc<Document>> {
    let (scope, documents) = (Scope::from(&tenant()), &holding.documents);
    documents.following(&scope, collection, "", 0).await.unwrap()
}

/// Sums by code.
type Sums = BTreeMap<String, Decimal>;

/// MongoDB's own sums over the filed logs, against the report's, which were counted event by event.
async fn the_database_adds_up_to_the_same(place: &Place, uri: &str) {
    let host = place.open().await;
    let holdings = host.holdings();
    let report = holdings
        .iter()
        .find(|holding| holding.service == kugel_report::NAME)
        .unwrap();
    let logs = &kugel_report::records::TRANSACTION_LOGS;
    let filed = read(report, logs).await;
    let sessions = read(report, SessionTotals::COLLECTION).await;
    assert!(filed.len() > 10 && !sessions.is_empty());
    let store = MongoStore::connect(uri, &place.settings.namespace, kugel_report::NAME).unwrap();

    let payments = in_database(
        &store,
        logs,
        Some("payments"),
        "payments.amount",
        "payments.payment_code",
    )
    .await;
    assert_eq!(payments, in_report(&sessions, "payments"));
    let taxes = in_database(&store, logs, Some("taxes"), "taxes.tax_amount", "taxes.tax_code").await;
    assert_eq!(taxes, in_report(&sessions, "taxes"));
    assert!(payments.len() > 1 && taxes.values().any(|tax| !tax.is_zero()));

    let mut sold = Decimal::ZERO;
    for amount in ["sales.total_amount_with_tax", "sales.total_discount_amount"] {
        let sums = in_database(&store, logs, None, amount, "currency_code").await;
        sold += sums.values().sum::<Decimal>();
    }
    let kept = sessions.iter().map(|session| {
        let body: Value = serde_json::from_str(session.body.text()).unwrap();
        let amount = |figure: &str| decimal(&body["totals"][figure]["amount"]);
        amount("sales") - amount("returns")
    });
    assert_eq!(sold, kept.sum::<Decimal>());
    host.stop().await;
}

/// Signed as reports sign: sales and voided returns in, returns and voided sales out, cancelled carts not at all.
async fn in_database(
    store: &MongoStore,
    logs: &'static Collection,
    list: Option<&str>,
    amount: &str,
    code: &str,
) -> Sums {
    let by = ["transaction_type", "sales.is_cancelled", code];
    let sum = DecimalSum {
        list,
        amount,
        by: &by,
    };
    let mut sums = Sums::new();
    for (group, sum) in store.sum(&Scope::from(&tenant()), logs, &sum).await.unwrap() {
        let sum: Decimal = sum.parse().unwrap();
        let signed = match group[0].as_str() {
            _ if group[1] == "true" => continue,
            "101" | "202" => sum,
            "102" | "201" => -sum,
            other => panic!("there is no transaction of type {other}"),
        };
        *sums.entry(group[2].clone()).or_default() += signed;
    }
    sums
}

fn in_report(sessions: &[Arc<Document>], figure: &str) -> Sums {
    let mut sums = Sums::new();
    for session in sessions {
        let body: Value = serde_json::from_str(session.body.text()).unwrap();
        for (code, total) in body["totals"][figure].as_object().unwrap() {
            *sums.entry(code.clone()).or_default() += decimal(&total["amount"]);
        }
    }
    sums
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}
