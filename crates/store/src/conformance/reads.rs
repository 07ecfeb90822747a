//! Reads by key, typed bodies and the list of scopes.

#![allow(missing_docs, reason = "the names of the tests say what they show")]

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Item, Subject};
use crate::{Action, Body, Collection, Query, Record, Scope, StoreError, Write};

pub async fn an_unknown_scope_is_empty_and_stays_unknown(subject: Subject) {
    assert!(subject.item("a").await.is_none());
    assert_eq!(
        subject
            .get_many::<Item>(&subject.scope, &["a".to_owned()])
            .await
            .unwrap()
            .len(),
        1
    );
    let listing = subject.find::<Item>(&subject.scope, Query::all()).await.unwrap();
    assert_eq!((listing.rows.len(), listing.total), (0, 0));
    assert_eq!(subject.scopes().await.unwrap(), []);
}

pub async fn many_are_read_in_the_order_asked_for(subject: Subject) {
    subject.insert(["a", "b", "c"].map(Item::new)).await;
    subject.item("b").await.unwrap();
    let ids = ["c", "x", "a", "b", "c"].map(str::to_owned);
    let found = subject.get_many::<Item>(&subject.scope, &ids).await.unwrap();
    let codes: Vec<_> = found
        .iter()
        .map(|item| item.as_ref().map_or("-", |item| item.code.as_str()))
        .collect();
    assert_eq!(codes, ["c", "-", "a", "b", "c"]);
    assert!(
        subject
            .get_many::<Item>(&subject.scope, &[])
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn text_survives_letter_for_letter(subject: Subject) {
    let texts = [
        "",
        " ",
        "'",
        "\"",
        "\\",
        "\n\t",
        "日本語 🎫",
        "a/b/c",
        "%_",
        "null",
        "é\u{301}",
    ];
    for (number, text) in texts.iter().enumerate() {
        let code = format!("{text}#{number}");
        subject.insert([Item::new(&code).group(text)]).await;
        assert_eq!(subject.item(&code).await.unwrap().group.as_deref(), Some(*text));
        assert_eq!(subject.codes(Query::all().eq("id", &code)).await, code);
        assert_eq!(subject.codes(Query::all().eq("group", *text)).await, code);
    }
}

pub async fn a_typed_read_is_parsed_once(subject: Subject) {
    subject.insert([Item::new("a")]).await;
    let first = subject
        .store
        .get(&subject.scope, Item::COLLECTION, "a")
        .await
        .unwrap()
        .unwrap();
    let (one, two) = (
        first.body.parse::<Item>().unwrap(),
        first.body.parse::<Item>().unwrap(),
    );
    assert!(Arc::ptr_eq(&one, &two));
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    code: String,
    payload: Box<RawValue>,
}

impl Record for Envelope {
    const COLLECTION: &'static Collection = Item::COLLECTION;
    fn id(&self) -> String {
        self.code.clone()
    }
}

pub async fn a_record_may_keep_raw_json(subject: Subject) {
    let payload = r#"{"amount":"10.50","lines":[1,2],"zero":0.10}"#;
    let envelope = Envelope {
        code: "a".to_owned(),
        payload: RawValue::from_string(payload.to_owned()).unwrap(),
    };
    subject
        .commit(&subject.scope, subject.changes("tester").insert(envelope))
        .await
        .unwrap();
    let listing = subject
        .find::<Envelope>(&subject.scope, Query::all())
        .await
        .unwrap();
    assert_eq!(listing.rows[0].payload.get(), payload);
}

pub async fn a_body_of_another_shape_is_malformed(subject: Subject) {
    let body = Body::from_text(r#"{"code":7}"#);
    let write = Write {
        collection: Item::COLLECTION,
        id: "a".to_owned(),
        action: Action::Insert(body),
    };
    subject
        .commit(&subject.scope, subject.changes("tester").write(write))
        .await
        .unwrap();
    let error = subject.get::<Item>(&subject.scope, "a").await.unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Malformed {
                collection: "items",
                ..
            }
        ),
        "{error}"
    );
}

pub async fn scopes_are_listed_by_their_own_names(subject: Subject) {
    let names = ["Q7301", "q7301", "A_b", "a_B", "x"];
    let mut scopes: Vec<Scope> = names
        .iter()
        .map(|name| Scope::Tenant(name.parse().unwrap()))
        .collect();
    scopes.push(Scope::Commons);
    for scope in &scopes {
        subject
            .commit(scope, subject.changes("tester").insert(Item::new("a")))
            .await
            .unwrap();
    }
    scopes.sort();
    assert_eq!(subject.scopes().await.unwrap(), scopes);
}

pub async fn the_store_answers_a_ping(subject: Subject) {
    subject.ping().await.unwrap();
}
