//! How documents lie in MongoDB, and what commits do there.

use std::sync::Arc;

use ::mongodb::bson::{Bson, Document as BsonDocument, doc};
use futures::TryStreamExt;
use futures::future::join_all;
use kugel_store::conformance::{ITEMS, Item};
use kugel_store::{Action, Body, Commit, Document, Query, Revision, Store, StoreError, Write};

use super::{Namespace, insert, item, tenant};

fn write(id: &str, action: Action) -> Write {
    Write {
        collection: &ITEMS,
        id: id.to_owned(),
        action,
    }
}

fn commit(writes: Vec<Write>) -> Commit {
    Commit::new("tester", "2026-06-11T12:00:00.123456Z".parse().unwrap(), writes)
}

#[tokio::test]
async fn bodies_are_native_and_amounts_add_up_exactly() {
    let Some(namespace) = Namespace::new() else { return };
    let store = namespace.store("cart");
    let amounts = ["0.10", "0.20", "99999999999999999999.01", "-0.30"];
    let writes = amounts.iter().enumerate().map(|(n, amount)| {
        let text = format!(r#"{{"code":"{n}","number":{n},"amount":"{amount}","none":null,"list":[1,"a"]}}"#);
        write(&n.to_string(), Action::Insert(Body::from_text(text)))
    });
    store.commit(&tenant(), commit(writes.collect())).await.unwrap();

    let items = namespace
        .database("db_cart_t1")
        .await
        .collection::<BsonDocument>("items");
    let first = items.find_one(doc! { "_id": "0" }).await.unwrap().unwrap();
    let expected = doc! {
        "_id": "0",
        "revision": 1_i64,
        "claimed": 1_i64,
        "created_at": 1_781_179_200_123_456_i64,
        "created_by": "tester",
        "body": { "code": "0", "number": 0, "amount": "0.10", "none": null, "list": [1, "a"] },
    };
    assert_eq!(first, expected);
    let sum = [
        doc! { "$group": { "_id": null, "sum": { "$sum": { "$toDecimal": "$body.amount" } } } },
        doc! { "$project": { "sum": { "$toString": "$sum" } } },
    ];
    let sums: Vec<BsonDocument> = items.aggregate(sum).await.unwrap().try_collect().await.unwrap();
    assert_eq!(sums[0].get_str("sum").unwrap(), "99999999999999999999.01");
}

/// Bodies with names and numbers that a server could take for something else.
const AWKWARD: [&str; 6] = [
    r#"{"$set":{"$inc":1},"$oid":"x","$ref":1,"$id":{"$literal":"$revision"},"$$ROOT":"$$ROOT"}"#,
    r#"{"z.y.x":1,"a":2,"":{"":[]},".":"$body","_id":"other","revision":7}"#,
    r#"{"most":9223372036854775807,"least":-9223372036854775808,"beyond":18446744073709551616}"#,
    r#"{"zero":0.10, "blank" : [1e3]}"#,
    r#"{"nul\u0000in name":"nul\u0000in text"}"#,
    r#"["a",{"b":[[],null]}]"#,
];

#[tokio::test]
async fn every_body_comes_back_letter_for_letter_whatever_wrote_it() {
    let Some(namespace) = Namespace::new() else { return };
    let store = namespace.store("cart");
    let scope = tenant();
    let get = async |id: &str| store.get(&scope, &ITEMS, id).await.unwrap().unwrap();
    for (number, text) in AWKWARD.iter().enumerate() {
        let next = AWKWARD[(number + 1) % AWKWARD.len()];
        let (body, next_body) = (Body::from_text(*text), Body::from_text(next));
        // Each by itself, then in one transaction: these are different commands.
        let id = format!("$one {number}");
        for action in [
            Action::Insert(next_body.clone()),
            Action::Replace(body.clone(), Revision::FIRST),
            Action::Upsert(next_body.clone()),
            Action::Upsert(body.clone()),
        ] {
            store
                .commit(&scope, commit(vec![write(&id, action)]))
                .await
                .unwrap();
        }
        let one = get(&id).await;
        assert_eq!((one.body.text(), one.revision.get()), (*text, 4));
        let ids = ["a", "b", "c"].map(|name| format!("{name}{number}"));
        let writes = vec![
            write(&ids[0], Action::Insert(next_body.clone())),
            write(&ids[0], Action::Replace(body.clone(), Revision::FIRST)),
            write(&ids[1], Action::Upsert(next_body.clone())),
            write(&ids[1], Action::Upsert(body.clone())),
            write(&ids[2], Action::Restore(Arc::clone(&one))),
        ];
        store.commit(&scope, commit(writes)).await.unwrap();
        for id in &ids {
            assert_eq!(get(id).await.body.text(), *text, "{id}");
        }
    }
    assert_eq!(store.find(&scope, &ITEMS, &Query::all()).await.unwrap().total, 24);
}

#[tokio::test]
async fn a_restored_document_is_the_one_of_the_other_store() {
    let Some(namespace) = Namespace::new() else { return };
    let store = namespace.store("cart");
    let source = Document {
        id: "a".to_owned(),
        revision: Revision::new(41),
        created_at: "2020-01-01T00:00:00.000001Z".parse().unwrap(),
        updated_at: Some("2021-01-01T00:00:00.999999Z".parse().unwrap()),
        created_by: "$somebody".to_owned(),
        updated_by: Some("else".to_owned()),
        body: Body::from_text(r#"{"code":"a","number":7}"#),
    };
    let source = Arc::new(source);
    for round in 0..2 {
        let restore = write("a", Action::Restore(Arc::clone(&source)));
        store.commit(&tenant(), commit(vec![restore])).await.unwrap();
        let found = store.get(&tenant(), &ITEMS, "a").await.unwrap().unwrap();
        assert_eq!(found, source, "round {round}");
        let change = Action::Replace(Body::from_text("{}"), Revision::new(41));
        store
            .commit(&tenant(), commit(vec![write("a", change)]))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn of_several_conditions_the_broken_one_is_named() {
    let Some(namespace) = Namespace::new() else { return };
    let documents = namespace.documents("cart");
    for code in ["a", "b", "c"] {
        insert(&documents, item(code, 1)).await.unwrap();
    }
    let stale = |id: &str| StoreError::Stale {
        collection: "items",
        id: id.to_owned(),
    };
    let changes = documents
        .changes("tester")
        .replace(item("a", 2), Revision::FIRST)
        .replace(item("b", 2), Revision::new(2))
        .replace(item("c", 2), Revision::FIRST);
    assert_eq!(documents.commit(&tenant(), changes).await, Err(stale("b")));
    let changes = documents
        .changes("tester")
        .delete::<Item>("a", Some(Revision::FIRST))
        .delete::<Item>("b", None)
        .delete::<Item>("c", Some(Revision::new(3)));
    assert_eq!(documents.commit(&tenant(), changes).await, Err(stale("c")));
    let found = documents.find::<Item>(&tenant(), Query::all()).await.unwrap();
    assert!(found.rows.iter().all(|row| row.number == Some(1)) && found.total == 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upserts_of_one_key_at_once_all_happen() {
    let Some(namespace) = Namespace::new() else { return };
    let documents = namespace.documents("cart");
    let upserts = (0..40_i64).map(|number| {
        let documents = documents.clone();
        tokio::spawn(async move {
            let changes = documents.changes("tester").upsert(item("a", number));
            let changes = match number % 2 {
                0 => changes,
                _ => changes.upsert(item(&format!("beside {number}"), number)),
            };
            documents.commit(&tenant(), changes).await
        })
    });
    for outcome in join_all(upserts).await {
        assert_eq!(outcome.unwrap(), Ok(()));
    }
    let stored = documents.get::<Item>(&tenant(), "a").await.unwrap().unwrap();
    assert_eq!(stored.revision.get(), 40);
    let found = documents.find::<Item>(&tenant(), Query::all()).await.unwrap();
    assert_eq!(found.total, 21);
}

#[tokio::test]
async fn a_commit_may_be_larger_than_a_command() {
    let Some(namespace) = Namespace::new() else { return };
    let store = namespace.store("cart");
    let body = Body::from_text(format!(r#"{{"code":"{}"}}"#, "x".repeat(1 << 20)));
    let writes = (0..20).map(|n| write(&n.to_string(), Action::Insert(body.clone())));
    store.commit(&tenant(), commit(writes.collect())).await.unwrap();
    let found = store.find(&tenant(), &ITEMS, &Query::all()).await.unwrap();
    assert_eq!((found.documents.len(), found.total), (20, 20));
    let body = Body::from_text(format!("\"{}\"", "x".repeat(17 << 20)));
    let error = store
        .commit(&tenant(), commit(vec![write("a", Action::Insert(body))]))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StoreError::Malformed { id, .. } if id == "a"),
        "{error}"
    );
}

#[tokio::test]
async fn what_an_operator_broke_is_named() {
    let Some(namespace) = Namespace::new() else { return };
    let documents = namespace.documents("cart");
    insert(&documents, item("a", 1)).await.unwrap();
    insert(&documents, item("b", 1)).await.unwrap();
    let items = namespace
        .database("db_cart_t1")
        .await
        .collection::<BsonDocument>("items");
    // A number of another width, as the shell writes it, is none the worse.
    let by_hand = doc! { "$set": { "body.number": 5.0, "revision": 2, "claimed": 2 } };
    items.update_one(doc! { "_id": "a" }, by_hand).await.unwrap();
    items
        .update_one(
            doc! { "_id": "b" },
            doc! { "$set": { "body.code": Bson::MinKey } },
        )
        .await
        .unwrap();
    let store = namespace.store("cart");
    let found = store.get(&tenant(), &ITEMS, "a").await.unwrap().unwrap();
    assert_eq!(found.revision, Revision::new(2));
    let error = documents.get::<Item>(&tenant(), "b").await.unwrap_err();
    assert!(error.to_string().contains("JSON has no MinKey"), "{error}");
}
