//! Lost and damaged files: whatever is done to them, nothing is served that is not what was acknowledged.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kugel_store::conformance::Item;
use kugel_store::{DataDir, Documents, Query, Scope, SqliteStore, StoreError};
use kugel_types::SystemClock;

/// Documents of each database: more than a page holds.
pub(crate) const ITEMS: i64 = 60;

/// A data folder with two services, each with shared documents and two tenants.
pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) documents: Vec<(SqliteStore, Documents)>,
}

pub(crate) const FILES: [&str; 6] = [
    "cart/db_cart_commons.sqlite",
    "cart/db_cart_t1.sqlite",
    "cart/db_cart_t2.sqlite",
    "master-data/db_master_data_commons.sqlite",
    "master-data/db_master_data_t1.sqlite",
    "master-data/db_master_data_t2.sqlite",
];

pub(crate) fn scopes() -> [Scope; 3] {
    [
        Scope::Commons,
        Scope::Tenant("t1".parse().unwrap()),
        Scope::Tenant("t2".parse().unwrap()),
    ]
}

pub(crate) fn item(number: i64) -> Item {
    Item {
        code: format!("{number:03}"),
        number: Some(number),
        group: Some("x".repeat(200)),
        ..Item::default()
    }
}

pub(crate) async fn insert(documents: &Documents, scope: &Scope, number: i64) -> Result<(), StoreError> {
    let changes = documents.changes("tester").insert(item(number));
    documents.commit(scope, changes).await
}

/// What a database holds, read from the files.
pub(crate) async fn numbers(documents: &Documents, scope: &Scope) -> Result<Vec<i64>, StoreError> {
    let found = documents.find::<Item>(scope, Query::all()).await?;
    Ok(found.rows.iter().map(|item| item.number.unwrap()).collect())
}

pub(crate) fn open(folder: &Path) -> anyhow::Result<Vec<(SqliteStore, Documents)>> {
    let data_dir = DataDir::open(folder)?;
    let open = |service| {
        let store = SqliteStore::open(&data_dir, service)?;
        let documents = Documents::new(Arc::new(store.clone()), Arc::new(SystemClock));
        Ok((store, documents))
    };
    ["cart", "master-data"].into_iter().map(open).collect()
}

impl House {
    /// Filled, and open.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let documents = open(folder.path()).unwrap();
        for (_, documents) in &documents {
            for scope in scopes() {
                for number in 0..ITEMS {
                    insert(documents, &scope, number).await.unwrap();
                }
            }
        }
        Self { folder, documents }
    }

    /// Closed as a stopped process leaves it.
    pub(crate) async fn closed() -> tempfile::TempDir {
        let house = Self::new().await;
        for (store, _) in &house.documents {
            store.close().await;
        }
        house.folder
    }

    /// A copy of the files of a running process: what a killed one leaves.
    pub(crate) async fn killed() -> tempfile::TempDir {
        let house = Self::new().await;
        let copy = tempfile::tempdir().unwrap();
        copy_folder(house.folder.path(), copy.path());
        copy
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

pub(crate) fn flip(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x55], at).unwrap();
}

pub(crate) fn cut(path: &Path, length: impl Fn(u64) -> u64) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let whole = file.metadata().unwrap().len();
    file.set_len(length(whole)).unwrap();
}

pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", file.display()))
}

/// A start that fails with one sentence, which names the file and what to do, as often as it is tried.
pub(crate) fn refused(folder: &Path, file: &str, wound: &str) {
    for _ in 0..2 {
        let Err(error) = open(folder) else {
            panic!("{file}: {wound} is not noticed")
        };
        let said = format!("{error:#}");
        assert!(said.contains(file) && said.contains("backup"), "{wound}: {said}");
        assert!(!said.contains('\n'), "{said}");
    }
}

pub(crate) async fn is_whole(folder: &Path) {
    for (store, documents) in open(folder).unwrap() {
        for scope in scopes() {
            let numbers = numbers(&documents, &scope).await.unwrap();
            assert_eq!(numbers, (0..ITEMS).collect::<Vec<_>>(), "{scope}");
        }
        documents.ping().await.unwrap();
        store.close().await;
    }
}

/// Something that happens to a file.
pub(crate) type Wound = (&'static str, fn(&Path));

const WOUNDS: [Wound; 10] = [
    ("lost", |file| fs::remove_file(file).unwrap()),
    ("lost with its folder", |file| {
        fs::remove_dir_all(file.parent().unwrap()).unwrap()
    }),
    ("empty", |file| cut(file, |_| 0)),
    ("cut within its header", |file| cut(file, |_| 60)),
    ("cut behind its header", |file| cut(file, |_| 100)),
    ("cut in half", |file| cut(file, |whole| whole / 2)),
    ("shorter by a byte", |file| cut(file, |whole| whole - 1)),
    ("of another kind", |file| {
        fs::write(file, "text ".repeat(5000)).unwrap()
    }),
    ("damaged in its name", |file| flip(file, 3)),
    ("damaged in its identity", |file| flip(file, 70)),
];

#[tokio::test]
async fn a_lost_or_damaged_database_ends_the_start() {
    let whole = House::closed().await;
    let folder = tempfile::tempdir().unwrap();
    for file in FILES {
        for (wound, inflict) in WOUNDS {
            fs::remove_dir_all(folder.path()).unwrap();
            copy_folder(whole.path(), folder.path());
            inflict(&folder.path().join(file));
            let named = if wound.contains("folder") { "/db_" } else { file };
            refused(folder.path(), named, wound);
        }
        // Any byte of the header that is always the same.
        for at in [0, 15, 16, 18, 19, 20, 21, 22, 23, 44, 60, 63, 68, 80] {
            fs::copy(whole.path().join(file), folder.path().join(file)).unwrap();
            copy_folder(whole.path(), folder.path());
            flip(&folder.path().join(file), at);
            refused(folder.path(), file, &format!("a flipped byte {at}"));
        }
    }
    copy_folder(whole.path(), folder.path());
    is_whole(folder.path()).await;
}

#[tokio::test]
async fn a_file_of_somebody_else_is_not_taken() {
    let (whole, stranger) = (House::closed().await, House::closed().await);
    let folder = tempfile::tempdir().unwrap();
    for (mine, theirs) in [
        (&whole, "cart/db_cart_t2.sqlite"),
        (&whole, "master-data/db_master_data_t1.sqlite"),
        (&stranger, "cart/db_cart_t1.sqlite"),
    ] {
        copy_folder(whole.path(), folder.path());
        fs::copy(
            mine.path().join(theirs),
            folder.path().join("cart/db_cart_t1.sqlite"),
        )
        .unwrap();
        refused(folder.path(), "cart/db_cart_t1.sqlite", theirs);
    }
    // Nor is one taken for a tenant who has none.
    copy_folder(whole.path(), folder.path());
    let copy = "cart/db_cart_t3.sqlite";
    fs::copy(whole.path().join(FILES[1]), folder.path().join(copy)).unwrap();
    refused(folder.path(), copy, "a copy");
    fs::remove_file(folder.path().join(copy)).unwrap();
    is_whole(folder.path()).await;
}

/// Every way to ask for documents, and the health of the store.
async fn serves_nobody(documents: &Documents, scope: &Scope) {
    let known = "000".to_owned();
    let outcomes = [
        documents.get::<Item>(scope, &known).await.map(|_| ()),
        documents.get_many::<Item>(scope, &[known]).await.map(|_| ()),
        numbers(documents, scope).await.map(|_| ()),
        insert(documents, scope, 900).await,
        documents.ping().await,
    ];
    for outcome in outcomes {
        let error = outcome.expect_err("nobody is served");
        assert!(error.is_final(), "{error}");
    }
}

/// Something that happens to the files of one database while it is open.
async fn lost_while_open(inflict: fn(&Path)) {
    let house = House::new().await;
    let [commons, tenant, other] = scopes();
    let documents = &house.documents[0].1;
    documents.ping().await.unwrap();
    inflict(&house.folder.path().join(FILES[1]));
    let error = insert(documents, &tenant, 100).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt(text) if text.contains("db_cart_t1")),
        "{error}"
    );
    serves_nobody(documents, &tenant).await;
    for scope in [commons, other] {
        insert(documents, &scope, 100).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_goes_while_it_is_open_is_missed_by_the_next_commit() {
    lost_while_open(|file| fs::rename(file, file.with_extension("gone")).unwrap()).await;
    lost_while_open(|file| fs::remove_file(beside(file, "-wal")).unwrap()).await;
    lost_while_open(|file| {
        let copy = file.with_extension("copy");
        fs::copy(file, &copy).unwrap();
        fs::rename(copy, file).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_file_that_goes_is_missed_by_whoever_asks_how_the_store_is() {
    let house = House::new().await;
    let documents = &house.documents[0].1;
    fs::remove_file(house.folder.path().join(FILES[1])).unwrap();
    let error = documents.ping().await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    serves_nobody(documents, &scopes()[1]).await;
    house.documents[1].1.ping().await.unwrap();

    let folder = House::closed().await;
    let opened = open(folder.path()).unwrap();
    let documents = &opened[0].1;
    documents.ping().await.unwrap();
    fs::remove_file(folder.path().join(FILES[1])).unwrap();
    assert!(
        documents.ping().await.unwrap_err().is_final(),
        "nobody has it open"
    );
    serves_nobody(documents, &scopes()[1]).await;
    assert!(!folder.path().join(FILES[1]).exists(), "it is not begun anew");
    // One that was only read, and two at once.
    let (documents, [commons, _, other]) = (&opened[0].1, scopes());
    for (scope, file) in [(&commons, FILES[0]), (&other, FILES[2])] {
        assert!(documents.get::<Item>(scope, "000").await.unwrap().is_some());
        fs::remove_file(folder.path().join(file)).unwrap();
    }
    assert!(documents.ping().await.unwrap_err().is_final());
    serves_nobody(documents, &commons).await;
    serves_nobody(documents, &other).await;
    // And without that question, by whoever uses it.
    let (documents, tenant) = (&opened[1].1, &scopes()[2]);
    fs::remove_file(folder.path().join(FILES[5])).unwrap();
    assert!(insert(documents, tenant, 100).await.unwrap_err().is_final());
    serves_nobody(documents, tenant).await;
}

#[tokio::test]
async fn damage_that_is_met_is_final() {
    let whole = House::closed().await;
    let wounds: [Wound; 2] = [
        ("pages of rubbish", |file| {
            let file = OpenOptions::new().write(true).open(file).unwrap();
            let length = file.metadata().unwrap().len();
            file.write_all_at(&vec![0xAB; length as usize - 8192], 8192)
                .unwrap();
        }),
        ("cut while it is open", |file| cut(file, |_| 8192)),
    ];
    for (wound, inflict) in wounds {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(whole.path(), folder.path());
        let opened = open(folder.path()).unwrap();
        let documents = &opened[0].1;
        let [commons, tenant, _] = scopes();
        assert!(
            documents.get::<Item>(&tenant, "none").await.unwrap().is_none(),
            "it is open"
        );
        inflict(&folder.path().join(FILES[1]));
        let error = numbers(documents, &tenant).await.expect_err(wound);
        assert!(
            matches!(&error, StoreError::Corrupt(text) if text.contains("db_cart_t1")),
            "{wound}: {error}"
        );
        serves_nobody(documents, &tenant).await;
        assert_eq!(numbers(documents, &commons).await.unwrap().len() as i64, ITEMS);
    }
}
