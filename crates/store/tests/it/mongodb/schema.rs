//! Databases, collections and indexes.

use ::mongodb::bson::{Document as BsonDocument, doc};
use futures::TryStreamExt;
use futures::future::join_all;
use kugel_store::conformance::{ITEMS, Item};
use kugel_store::{
    Collection, Direction, Documents, Field, Index, MongoStore, Page, Query, Record, Revision, Scope, Sort,
    Store, StoreError,
};
use serde::{Deserialize, Serialize};

use super::{Namespace, insert, item, tenant};

async fn indexes(namespace: &Namespace, database: &str, collection: &str) -> Vec<String> {
    let collection = namespace
        .database(database)
        .await
        .collection::<BsonDocument>(collection);
    let mut names = collection.list_index_names().await.unwrap();
    names.sort();
    names
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

fn later(code: &str, number: i64) -> LaterItem {
    LaterItem {
        code: code.to_owned(),
        number,
    }
}

#[tokio::test]
async fn indexes_follow_their_declaration() {
    let Some(namespace) = Namespace::new() else { return };
    insert(&namespace.documents("cart"), item("a", 7)).await.unwrap();
    let first = ["_id_", "group+number:index", "serial+group:unique"];
    assert_eq!(indexes(&namespace, "db_cart_t1", "items").await, first);

    let documents = namespace.documents("cart");
    let refused = documents
        .commit(&tenant(), documents.changes("tester").insert(later("b", 7)))
        .await;
    let number = StoreError::Duplicate {
        collection: "items",
        index: "number".to_owned(),
    };
    assert_eq!(refused, Err(number));
    assert_eq!(
        indexes(&namespace, "db_cart_t1", "items").await,
        ["_id_", "number:unique"]
    );

    let documents = namespace.documents("cart");
    insert(&documents, item("c", 7)).await.unwrap();
    let documents = namespace.documents("cart");
    let changes = documents.changes("tester").insert(later("d", 8));
    let error = documents.commit(&tenant(), changes).await.unwrap_err();
    assert!(error.to_string().contains("break a unique index"), "{error}");
    assert!(namespace.store("cart").prepare(&[&LATER]).await.is_err());
}

#[tokio::test]
async fn a_rule_that_somebody_removed_holds_again_in_the_next_process() {
    let Some(namespace) = Namespace::new() else { return };
    let documents = namespace.documents("cart");
    let change = async |documents: &Documents, number| {
        let changes = documents
            .changes("tester")
            .replace(item("a", number), Revision::FIRST);
        documents.commit(&tenant(), changes).await
    };
    insert(&documents, item("a", 1)).await.unwrap();
    change(&documents, 2).await.unwrap();
    let database = namespace.database("db_cart_t1").await;
    for removal in [
        doc! { "validator": {} },
        doc! { "validationAction": "warn" },
        doc! { "validationLevel": "off" },
    ] {
        let mut modification = doc! { "collMod": ITEMS.name };
        modification.extend(removal);
        database.run_command(modification).await.unwrap();
        change(&documents, 3).await.unwrap();
        let next = namespace.documents("cart");
        let stale = change(&next, 4).await.unwrap_err();
        assert!(matches!(stale, StoreError::Stale { .. }), "{stale}");
        let stored = next.get::<Item>(&tenant(), "a").await.unwrap().unwrap();
        assert_eq!(stored.number, Some(3));
    }
}

static BARE: Collection = Collection {
    name: "bare",
    fields: &[],
    indexes: &[],
};

#[tokio::test]
async fn preparing_reaches_every_scope_and_makes_none() {
    let Some(namespace) = Namespace::new() else { return };
    let documents = namespace.documents("master-data");
    documents.prepare(&[&ITEMS, &BARE]).await.unwrap();
    assert_eq!(documents.scopes().await.unwrap(), []);
    for scope in [tenant(), Scope::Commons] {
        let changes = documents.changes("tester").insert(item("a", 1));
        documents.commit(&scope, changes).await.unwrap();
    }
    for _ in 0..2 {
        namespace
            .store("master-data")
            .prepare(&[&LATER, &BARE])
            .await
            .unwrap();
    }
    for database in ["db_master_data_t1", "db_master_data_commons"] {
        assert_eq!(
            indexes(&namespace, database, "items").await,
            ["_id_", "number:unique"]
        );
        assert_eq!(indexes(&namespace, database, "bare").await, ["_id_"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_begin_together_do_not_hinder_each_other() {
    let Some(namespace) = Namespace::new() else { return };
    let begin = |number: i64| {
        let documents = namespace.documents("cart");
        tokio::spawn(async move {
            let changes = documents
                .changes("tester")
                .insert(item(&format!("a{number}"), number))
                .insert(item(&format!("b{number}"), number));
            documents.commit(&tenant(), changes).await
        })
    };
    for outcome in join_all((0..12).map(begin)).await {
        assert_eq!(outcome.unwrap(), Ok(()));
    }
    let found = namespace
        .documents("cart")
        .find::<Item>(&tenant(), Query::all())
        .await
        .unwrap();
    assert_eq!(found.total, 24);
}

#[tokio::test]
async fn services_tenants_and_namespaces_are_apart() {
    let Some(namespace) = Namespace::new() else { return };
    let store = namespace.store("cart");
    let documents = namespace.documents("cart");
    insert(&documents, item("a", 1)).await.unwrap();
    for other in [store.beside("stock"), namespace.store("report")] {
        assert_eq!(other.get(&tenant(), &ITEMS, "a").await.unwrap(), None);
        assert_eq!(other.scopes().await.unwrap(), []);
    }
    let longest = Scope::Tenant("Q".repeat(32).parse().unwrap());
    let error = store.get(&longest, &ITEMS, "a").await.unwrap_err();
    assert!(error.to_string().contains("63 bytes"), "{error}");

    for name in ["Capital", "dot.", "db_cart_", "a/b", "a b", "a$"] {
        assert!(
            MongoStore::connect(&namespace.uri, name, "cart").is_err(),
            "{name}"
        );
    }
    assert!(MongoStore::drop_namespace(&namespace.uri, "").await.is_err());
    MongoStore::drop_namespace(&namespace.uri, &namespace.name)
        .await
        .unwrap();
    assert_eq!(documents.scopes().await.unwrap(), []);
}

static LOGS: Collection = Collection {
    name: "log_tran",
    fields: &[
        Field::text("store_code"),
        Field::integer("terminal_no"),
        Field::text("business_date"),
        Field::text("serial"),
        Field::text("place.shelf"),
    ],
    indexes: &[
        Index::on(&["store_code", "terminal_no", "business_date"]),
        Index::on(&["place.shelf"]),
        Index::on(&["created_at"]),
        Index::unique(&["serial"]),
    ],
};

#[derive(Serialize, Deserialize)]
struct Log {
    serial: String,
    store_code: String,
    terminal_no: i64,
    business_date: String,
    place: Place,
}

#[derive(Serialize, Deserialize)]
struct Place {
    shelf: String,
}

impl Record for Log {
    const COLLECTION: &'static Collection = &LOGS;
    fn id(&self) -> String {
        self.serial.clone()
    }
}

fn log(number: i64) -> Log {
    Log {
        serial: format!("{number:04}"),
        store_code: format!("s{}", number % 3),
        terminal_no: number % 5,
        business_date: format!("202601{:02}", number % 28 + 1),
        place: Place {
            shelf: format!("p{}", number % 40),
        },
    }
}

/// The queries that the indexes are for, and the index that each must use.
fn queries() -> [(Query, &'static str); 9] {
    use Direction::{Ascending, Descending};
    const LOG: &str = "body.store_code: 1, body.terminal_no: 1, body.business_date: 1, _id: 1";
    let till = || Query::all().eq("store_code", "s1").eq("terminal_no", 1);
    let by_till = [("terminal_no", Descending), ("business_date", Descending)];
    let by_till = Sort(by_till.map(|(field, way)| (field.to_owned(), way)).into());
    let recent = till().at_least("business_date", "20260110");
    [
        (recent.sort(("business_date", Descending)), LOG),
        (till().sort(("business_date", Ascending)), LOG),
        (till().eq("business_date", "20260117"), LOG),
        (Query::all().eq("store_code", "s1").sort(by_till), LOG),
        (
            Query::all().eq("place.shelf", "p1"),
            "body.place.shelf: 1, _id: 1",
        ),
        (
            Query::all().sort(("created_at", Descending)),
            "created_at: 1, _id: 1",
        ),
        (Query::all().eq("serial", "0017"), "body.serial: 1"),
        (
            Query::all()
                .one_of("serial", ["0017", "0019"])
                .sort(("serial", Ascending)),
            "body.serial: 1",
        ),
        (Query::all(), "_id: 1"),
    ]
}

#[tokio::test]
async fn declared_indexes_serve_filters_and_orders() {
    let Some(namespace) = Namespace::new() else { return };
    let documents = namespace.documents("report");
    let changes = (0..600)
        .map(log)
        .fold(documents.changes("tester"), |changes, log| changes.insert(log));
    documents.commit(&tenant(), changes).await.unwrap();
    let database = namespace.database("db_report_t1").await;
    database.run_command(doc! { "profile": 2 }).await.unwrap();
    let page = Page { limit: 10, number: 1 };
    for (query, _) in queries() {
        documents
            .find::<Log>(&tenant(), query.uncounted().page(page))
            .await
            .unwrap();
    }
    documents.get::<Log>(&tenant(), "0001").await.unwrap().unwrap();
    database.run_command(doc! { "profile": 0 }).await.unwrap();

    let profile = database.collection::<BsonDocument>("system.profile");
    let found = profile
        .find(doc! { "op": "query", "command.find": "log_tran" })
        .sort(doc! { "$natural": 1 });
    let found: Vec<BsonDocument> = found.await.unwrap().try_collect().await.unwrap();
    let expected = queries().map(|(_, keys)| format!("IXSCAN {{ {keys} }}"));
    let expected = expected.iter().map(String::as_str).chain(["IDHACK"]);
    assert_eq!(found.len(), 10);
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.get_str("planSummary").unwrap(), expected, "{found}");
        // A value of a unique index leads to one document, and sorting that is no work.
        let is_sorted = !found.contains_key("hasSortStage") || expected.contains("serial");
        assert!(is_sorted, "sorts by hand: {found}");
        assert!(
            found.get_i32("docsExamined").unwrap() <= 10,
            "reads too much: {found}"
        );
        assert!(
            found.get_i64("cursorid").is_err(),
            "has to be asked again: {found}"
        );
    }
}
