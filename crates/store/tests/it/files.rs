//! Files on disk: locks, formats, damage, names, and what a restart finds.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kugel_store::conformance::{ITEMS, Item};
use kugel_store::{
    Collection, DataDir, DataDirError, Documents, Field, Index, Query, Record, Scope, SqliteStore, StoreError,
};
use kugel_types::SystemClock;
use serde::{Deserialize, Serialize};

fn item(code: &str, number: i64) -> Item {
    Item {
        code: code.to_owned(),
        number: Some(number),
        ..Item::default()
    }
}

fn documents(store: &SqliteStore) -> Documents {
    Documents::new(Arc::new(store.clone()), Arc::new(SystemClock))
}

async fn insert(documents: &Documents, scope: &Scope, item: Item) -> Result<(), StoreError> {
    documents
        .commit(scope, documents.changes("tester").insert(item))
        .await
}

#[test]
fn a_folder_belongs_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let first = DataDir::open(folder.path()).unwrap();
    let error = DataDir::open(folder.path()).unwrap_err();
    assert!(matches!(&error, DataDirError::Locked { owner, .. } if *owner == std::process::id().to_string()));
    assert!(error.to_string().contains("is in use by process"), "{error}");
    drop(first);
    DataDir::open(folder.path()).unwrap();
}

#[test]
fn a_store_keeps_its_folder_locked() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&DataDir::open(folder.path()).unwrap(), "cart").unwrap();
    assert!(matches!(
        DataDir::open(folder.path()),
        Err(DataDirError::Locked { .. })
    ));
    drop(store);
    DataDir::open(folder.path()).unwrap();
}

#[test]
fn a_file_is_not_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(
        DataDir::open(&file),
        Err(DataDirError::NotADirectory { .. })
    ));
    assert!(matches!(
        DataDir::open(file.join("below")),
        Err(DataDirError::NotADirectory { .. })
    ));
}

#[tokio::test]
async fn what_others_could_read_is_taken_away_from_them() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("data");
    let store = || SqliteStore::open(&DataDir::open(&folder).unwrap(), "cart").unwrap();
    let first = store();
    let tenant = Scope::Tenant("t1".parse().unwrap());
    insert(&documents(&first), &tenant, item("a", 1)).await.unwrap();
    first.close().await;
    drop(first);
    let (other, elsewhere) = (folder.join("lost+found"), folder.join("cart/notes.txt"));
    fs::create_dir(&other).unwrap();
    fs::write(&elsewhere, "of the operator").unwrap();
    let own = [
        "",
        "kugel-format",
        "kugel-databases",
        "kugel.lock",
        "cart",
        "cart/db_cart_t1.sqlite",
    ]
    .map(|name| folder.join(name));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
    // A volume's group is meant, and so is what stands in a volume.
    for (volume, before, taken) in [
        (0, 0o022, 0o077),
        (0, 0o000, 0o077),
        (0o2000, 0o002, 0o007),
        (0o2000, 0o000, 0o007),
    ] {
        for path in own.iter().chain([&other, &elsewhere]) {
            let volume = if path.is_dir() { volume } else { 0 };
            let usual = if path.is_dir() { 0o777 } else { 0o666 };
            fs::set_permissions(path, fs::Permissions::from_mode(volume | usual & !before)).unwrap();
        }
        store().close().await;
        for path in &own {
            let volume = if path.is_dir() { volume } else { 0 };
            let usual = if path.is_dir() { 0o777 } else { 0o666 };
            assert_eq!(
                mode(path),
                volume | usual & !taken & !before,
                "{}",
                path.display()
            );
        }
        assert_ne!(mode(&other) & 0o001, 0, "it is the system's");
        assert_ne!(mode(&elsewhere) & 0o004, 0, "nothing of Kugel's");
    }
}

#[test]
fn the_format_is_noted_and_a_later_one_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(DataDir::open(folder.path().join("deep/er")).unwrap());
    let note = folder.path().join("deep/er/kugel-format");
    assert_eq!(fs::read_to_string(&note).unwrap(), "2\n");
    fs::write(&note, "3\n").unwrap();
    assert!(matches!(
        DataDir::open(folder.path().join("deep/er")),
        Err(DataDirError::NewerFormat { found: 3, .. })
    ));
    fs::write(&note, "one").unwrap();
    assert!(matches!(
        DataDir::open(folder.path().join("deep/er")),
        Err(DataDirError::UnreadableFormat { .. })
    ));
}

#[tokio::test]
async fn a_damaged_file_is_named_and_not_touched() {
    let rubbish: String = "this is not a database. ".repeat(1000);
    // A good header over rubbish is found when the schema is read.
    let mut headed = b"SQLite format 3\0\x10\0\x02\x02\0\x40\x20\x20".to_vec();
    headed.resize(72, 0);
    headed.resize(92, 0);
    headed.resize(8192, 0xAB);
    for content in [rubbish.as_bytes(), b"short", &headed] {
        let data_dir = DataDir::for_test().unwrap();
        let store = SqliteStore::open(&data_dir, "cart").unwrap();
        let documents = documents(&store);
        let tenant = Scope::Tenant("t1".parse().unwrap());
        let file = data_dir.path().join("cart/db_cart_t1.sqlite");
        fs::write(&file, content).unwrap();
        for error in [
            insert(&documents, &tenant, item("a", 1)).await.unwrap_err(),
            documents.get::<Item>(&tenant, "a").await.unwrap_err(),
        ] {
            let StoreError::Corrupt(text) = &error else {
                panic!("{error}")
            };
            assert!(
                text.contains("db_cart_t1.sqlite") && text.contains("backup"),
                "{text}"
            );
        }
        assert_eq!(fs::read(&file).unwrap(), content);
        // Other tenants are not concerned.
        insert(&documents, &Scope::Commons, item("a", 1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_closed_store_finds_everything_again() {
    let data_dir = DataDir::for_test().unwrap();
    let tenant = Scope::Tenant("Q7301".parse().unwrap());
    for round in 0..3 {
        let store = SqliteStore::open(&data_dir, "cart").unwrap();
        let documents = documents(&store);
        for earlier in 0..round {
            let stored = documents
                .get::<Item>(&tenant, &earlier.to_string())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                (stored.number, stored.created_by.as_str()),
                (Some(earlier), "tester")
            );
        }
        insert(&documents, &tenant, item(&round.to_string(), round))
            .await
            .unwrap();
        store.close().await;
        let error = insert(&documents, &tenant, item("late", 0)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
        assert!(documents.ping().await.is_err());
        let beside: Vec<_> = fs::read_dir(data_dir.path().join("cart"))
            .unwrap()
            .flatten()
            .map(|it| it.file_name())
            .collect();
        assert_eq!(
            beside,
            ["db_cart_-q7301.sqlite"],
            "closing leaves one file, its capital spelt out"
        );
    }
}

#[tokio::test]
async fn one_service_has_one_store() {
    let data_dir = DataDir::for_test().unwrap();
    let (one, two) = (
        SqliteStore::open(&data_dir, "cart").unwrap(),
        SqliteStore::open(&data_dir, "cart").unwrap(),
    );
    let (one, two) = (documents(&one), documents(&two));
    for number in 1..5 {
        let changes = one.changes("tester").upsert(item("a", number));
        one.commit(&Scope::Commons, changes).await.unwrap();
        assert_eq!(
            two.get::<Item>(&Scope::Commons, "a")
                .await
                .unwrap()
                .unwrap()
                .number,
            Some(number)
        );
    }
    let other = documents(&SqliteStore::open(&data_dir, "stock").unwrap());
    assert!(other.get::<Item>(&Scope::Commons, "a").await.unwrap().is_none());
}

#[tokio::test]
async fn more_tenants_than_open_files_are_served() {
    let data_dir = DataDir::for_test().unwrap();
    let documents = documents(&SqliteStore::open(&data_dir, "cart").unwrap());
    let scopes: Vec<Scope> = (0..70)
        .map(|n| Scope::Tenant(format!("t{n}").parse().unwrap()))
        .collect();
    for round in 1..=2 {
        let commits = scopes.iter().map(|scope| {
            let documents = documents.clone();
            async move {
                documents
                    .commit(scope, documents.changes("tester").upsert(item("a", round)))
                    .await
            }
        });
        for outcome in futures::future::join_all(commits).await {
            outcome.unwrap();
        }
        for scope in &scopes {
            assert_eq!(
                documents.get::<Item>(scope, "a").await.unwrap().unwrap().number,
                Some(round)
            );
        }
    }
    // Files are closed beside the work that goes on.
    let handles = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let few = async {
        while handles() >= 300 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let closed = tokio::time::timeout(Duration::from_secs(20), few).await;
    assert!(closed.is_ok(), "{} files are open", handles());
    assert_eq!(documents.scopes().await.unwrap().len(), 70);
}

#[tokio::test]
async fn the_log_is_lengthened_ahead_and_does_not_grow_for_ever() {
    let lengths = lengths_of_a_busy_log().await;
    assert!(lengths.iter().all(|megabytes| *megabytes <= 11), "{lengths:?}");
}

/// Whoever commits alone writes at once and looks at the log after every eighth commit.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_does_not_grow_for_ever_where_nobody_else_writes() {
    let lengths = lengths_of_a_busy_log().await;
    assert!(lengths.iter().all(|megabytes| *megabytes <= 16), "{lengths:?}");
}

/// Its megabytes after each of ninety commits of about 480 KB.
async fn lengths_of_a_busy_log() -> Vec<u64> {
    let data_dir = DataDir::for_test().unwrap();
    let store = SqliteStore::open(&data_dir, "cart").unwrap();
    let documents = documents(&store);
    let log = data_dir.path().join("cart/db_cart_commons.sqlite-wal");
    let text = "x".repeat(8000);
    let mut lengths = Vec::new();
    for round in 0..90 {
        let changes = (0..40).fold(documents.changes("tester"), |changes, n| {
            changes.upsert(Item {
                group: Some(text.clone()),
                ..item(&n.to_string(), round)
            })
        });
        documents.commit(&Scope::Commons, changes).await.unwrap();
        lengths.push(fs::metadata(&log).unwrap().len() >> 20);
    }
    store.close().await;
    let store = SqliteStore::open(&data_dir, "cart").unwrap();
    let stored = self::documents(&store)
        .get::<Item>(&Scope::Commons, "39")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((stored.number, stored.revision.get()), (Some(89), 90));
    lengths
}

/// The same collection as [`Item`]'s, as a later version of the program might declare it.
static LATER: Collection = Collection {
    name: ITEMS.name,
    fields: &[Field::integer("number")],
    indexes: &[Index::unique(&["number"])],
};

#[derive(Serialize, Deserialize)]
struct LaterItem {
    code: String,
    number: i64,
}

impl Record for LaterItem {
    const COLLECTION: &'static Collection = &LATER;
    fn id(&self) -> String {
        self.code.clone()
    }
}

#[tokio::test]
async fn indexes_follow_their_declaration() {
    let data_dir = DataDir::for_test().unwrap();
    let scope = Scope::Commons;
    let store = SqliteStore::open(&data_dir, "cart").unwrap();
    let with_serial = |code: &str| Item {
        serial: Some("1".to_owned()),
        group: Some("g".to_owned()),
        ..item(code, code.len() as i64)
    };
    insert(&documents(&store), &scope, with_serial("a"))
        .await
        .unwrap();
    assert!(
        insert(&documents(&store), &scope, with_serial("bb"))
            .await
            .is_err()
    );
    store.close().await;

    let store = SqliteStore::open(&data_dir, "cart").unwrap();
    let later = documents(&store);
    let put = |code: &str, number| {
        later.changes("tester").insert(LaterItem {
            code: code.to_owned(),
            number,
        })
    };
    later.commit(&scope, put("c", 7)).await.unwrap();
    let refused = later.commit(&scope, put("d", 7)).await;
    assert_eq!(
        refused,
        Err(StoreError::Duplicate {
            collection: "items",
            index: "number".to_owned()
        })
    );
    store.close().await;

    let store = SqliteStore::open(&data_dir, "cart").unwrap();
    insert(&documents(&store), &scope, item("e", 7)).await.unwrap();
    store.close().await;
    let store = SqliteStore::open(&data_dir, "cart").unwrap();
    let error = documents(&store).commit(&scope, put("f", 8)).await.unwrap_err();
    assert!(error.to_string().contains("break a unique index"), "{error}");
    let listed = documents(&store).find::<Item>(&scope, Query::all()).await;
    assert!(listed.is_ok(), "the older declaration still works: {listed:?}");
}
