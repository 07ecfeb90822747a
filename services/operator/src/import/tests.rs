//! Files go in whole or not at all, and come out as they went in.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use kugel_store::{Body, Documents, Found, Revision, Store};
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;

/// A place to keep tenants in, and room for files.
struct House {
    host: Host,
    folder: TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::for_test();
        settings.data_dir = folder.path().join("data");
        let host = Host::open_idle(settings, Arc::new(SystemClock)).await.unwrap();
        Self { host, folder }
    }

    fn holdings(&self) -> Vec<Holding> {
        export::holdings(&self.host).unwrap()
    }

    /// Puts documents into every collection, and registers the tenant.
    async fn furnish(&self, tenant: &TenantId, bodies: &[serde_json::Value]) {
        let scope = Scope::from(tenant);
        for holding in self.holdings() {
            for collection in &holding.collections {
                let write = |(number, body): (usize, &serde_json::Value)| {
                    let document = Arc::new(document(number, body));
                    Write {
                        collection,
                        id: document.id.clone(),
                        action: Action::Restore(document),
                    }
                };
                let writes = bodies.iter().enumerate().map(write).collect();
                commit(&holding, &scope, writes).await.unwrap();
            }
        }
        let holdings = self.holdings();
        let (collection, id) = kugel_account::registration(tenant);
        let mut registration = document(0, &json!({"tenant_id": tenant.to_string(), "owner": "mori"}));
        registration.id.clone_from(&id);
        let action = Action::Restore(Arc::new(registration));
        let write = Write {
            collection,
            id,
            action,
        };
        commit(holdings.last().unwrap(), &Scope::Commons, vec![write])
            .await
            .unwrap();
    }

    async fn export(&self, tenant: &TenantId) -> String {
        let (bytes, _) = export::write(&self.holdings(), tenant, Vec::new()).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Keeps a text as a file.
    fn file(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("file.kugel");
        std::fs::write(&path, text).unwrap();
        path
    }

    async fn import(&self, text: &str) -> anyhow::Result<export::Moved> {
        write(&self.holdings(), &Checked::read(&self.file(text))?).await
    }

    async fn is_empty(&self, tenant: &TenantId) -> bool {
        ensure_empty(&self.holdings(), tenant).await.is_ok()
    }
}

fn document(number: usize, body: &serde_json::Value) -> Document {
    let at = "2026-03-05T03:00:00.123456Z".parse().unwrap();
    let is_changed = number % 2 == 1;
    Document {
        id: format!("{number}/\"日本\""),
        revision: Revision::new(number as i64 + 1),
        created_at: at,
        updated_at: is_changed.then_some(at),
        created_by: "mori".to_owned(),
        updated_by: is_changed.then(|| "service:cart".to_owned()),
        // Over several lines, which a line of the file cannot be.
        body: Body::from_text(serde_json::to_string_pretty(body).unwrap()),
    }
}

fn shop() -> TenantId {
    "Shop1".parse().unwrap()
}

fn few() -> Vec<serde_json::Value> {
    vec![
        json!({"text": "a\nb \u{2028}", "amount": "10.50"}),
        json!({"list": [1, null, true, {}]}),
    ]
}

/// A house with a tenant, and its export.
async fn furnished() -> (House, String) {
    let house = House::new().await;
    house.furnish(&shop(), &few()).await;
    let file = house.export(&shop()).await;
    (house, file)
}

fn bodies() -> impl Strategy<Value = Vec<serde_json::Value>> {
    let text = "\\PC{0,12}|[\\x01-\\x20\"\\\\]{0,6}";
    let field = prop_oneof![
        any::<i64>().prop_map(serde_json::Value::from),
        text.prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    let body = prop::collection::vec(("x[a-z]{1,5}", field), 0..5);
    let object =
        |fields: Vec<(String, serde_json::Value)>| serde_json::Value::Object(fields.into_iter().collect());
    prop::collection::vec(body.prop_map(object), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_was_imported_is_exported_as_the_same_file(bodies in bodies()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (from, to) = (House::new().await, House::new().await);
            from.furnish(&shop(), &bodies).await;
            let file = from.export(&shop()).await;
            to.import(&file).await.unwrap();
            prop_assert_eq!(to.export(&shop()).await, file);
            Ok(())
        })?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_needs_a_place_without_the_tenant() {
    let (house, file) = furnished().await;
    let refused = house.import(&file).await.unwrap_err();
    assert!(refused.to_string().contains("exists here already"), "{refused}");
    let small = file.replacen("Shop1", "shop1", 1);
    assert!(
        house.import(&small).await.is_err(),
        "the checksum speaks against it"
    );

    let other = House::new().await;
    let holding = &other.holdings()[0];
    let write = Write {
        collection: holding.collections[0],
        id: "1".to_owned(),
        action: Action::Insert(Body::from_text("{}")),
    };
    commit(holding, &Scope::from(&shop()), vec![write]).await.unwrap();
    let refused = other.import(&file).await.unwrap_err();
    assert!(
        refused.to_string().contains("has documents here already"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_changes_nothing() {
    let (_, file) = furnished().await;
    let lines: Vec<&str> = file.lines().collect();
    let without = |index: usize| {
        let mut lines = lines.clone();
        lines.remove(index);
        lines.join("\n") + "\n"
    };
    let count = lines.len();
    let cases = [
        (String::new(), "no export"),
        ("Stock,Code\n1,2\n".to_owned(), "no export"),
        (lines[0].to_owned(), "no export"),
        (
            file.replacen("\"format\":1", "\"format\":2", 1),
            "its format is 2",
        ),
        (file.replacen("Shop1", "a/b", 1), "line 1 is damaged"),
        (format!("{}\n", lines[0]), "cut off"),
        (file[..file.len() / 2].to_owned(), "cut off"),
        (file[..file.len() - 1].to_owned(), "cut off"),
        (without(count - 1), "cut off"),
        (without(count / 2), "checksum"),
        (file.replacen("10.50", "10.51", 1), "checksum"),
        (file.replacen("\"body\":{", "\"body\":", 1), "line 2 is damaged"),
        (format!("{file}{}\n", lines[1]), "nothing may follow"),
    ];
    let house = House::new().await;
    for (text, expected) in cases {
        let refused = house.import(&text).await.expect_err(expected);
        assert!(
            format!("{refused:#}").contains(expected),
            "{expected}: {refused:#}"
        );
        assert!(house.is_empty(&shop()).await);
    }
    house.import(&file).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_what_is_not_known_here_changes_nothing() {
    let (house, _) = furnished().await;
    let mut holdings = house.holdings();
    holdings[2].service = "loyalty";
    let (bytes, _) = export::write(&holdings, &shop(), Vec::new()).await.unwrap();
    let other = House::new().await;
    let refused = other
        .import(&String::from_utf8(bytes).unwrap())
        .await
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("of loyalty, which this Kugel does not know"),
        "{refused}"
    );
    assert!(other.is_empty(&shop()).await);
}

/// A store that is lost after some commits.
struct Lost {
    store: Arc<dyn Store>,
    left: Arc<AtomicUsize>,
}

#[async_trait]
impl Store for Lost {
    async fn get(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Arc<Document>>, StoreError> {
        self.store.get(scope, collection, id).await
    }
    async fn get_many(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Arc<Document>>>, StoreError> {
        self.store.get_many(scope, collection, ids).await
    }
    async fn find(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        query: &Query,
    ) -> Result<Found, StoreError> {
        self.store.find(scope, collection, query).await
    }
    async fn commit(&self, scope: &Scope, commit: Commit) -> Result<(), StoreError> {
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map_err(|_| StoreError::Unavailable("lost".to_owned()))?;
        self.store.commit(scope, commit).await
    }
    async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        self.store.scopes().await
    }
    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }
}

/// The holdings, lost after so many commits.
fn lost_after(house: &House, commits: usize) -> Vec<Holding> {
    let left = Arc::new(AtomicUsize::new(commits));
    let mut holdings = house.holdings();
    for holding in &mut holdings {
        let store = Arc::clone(holding.documents.store());
        let lost = Lost {
            store,
            left: Arc::clone(&left),
        };
        holding.documents = Documents::new(Arc::new(lost), Arc::new(SystemClock));
    }
    holdings
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_cut_off_is_repeated_or_taken_back() {
    let (from, file) = furnished().await;
    let to = House::new().await;
    let checked = Checked::read(&to.file(&file)).unwrap();
    let mut commits = 0;
    while write(&lost_after(&to, commits), &checked).await.is_err() {
        let account = to.holdings().pop().unwrap();
        assert!(
            !is_registered(&account, &shop()).await.unwrap(),
            "after {commits} commits"
        );
        if commits > 0 {
            let marker = Marker::find(&account, &shop()).await.unwrap().unwrap();
            assert_eq!(marker.sha256, checked.sha256);
        }
        // Every other time it is taken back, itself cut off, instead of repeated.
        if commits % 2 == 1 {
            let _ = remove(&lost_after(&to, commits / 2), &shop()).await;
            remove(&to.holdings(), &shop()).await.unwrap();
            assert!(to.is_empty(&shop()).await);
            assert!(
                remove(&to.holdings(), &shop()).await.is_err(),
                "there is nothing more to take back"
            );
        }
        commits += 1;
    }
    assert!(commits > 8, "{commits}");
    assert_eq!(to.export(&shop()).await, file);
    assert!(
        remove(&to.holdings(), &shop()).await.is_err(),
        "a tenant that is here is not removed"
    );

    // Half of one file and the other half of another would be neither.
    let half = House::new().await;
    write(&lost_after(&half, 3), &checked).await.unwrap_err();
    from.furnish(&shop(), &[json!({"text": "changed"})]).await;
    let changed = from.export(&shop()).await;
    let refused = half.import(&changed).await.unwrap_err();
    assert!(refused.to_string().contains("--take-back Shop1"), "{refused}");
}
