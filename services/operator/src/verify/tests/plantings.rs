//! Everything that is kept of a day is damaged in every way, one damage after the other, and verification finds each.
//!
//! The table is made of the collections that services declare and of the fields that their documents have. What nothing
//! else tells stands in the README, which is read here: a row that is found after all fails the test too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kugel_host::Holding;
use kugel_journal::records::JOURNALS;
use kugel_report::records::REMARK;
use kugel_stock::records::STOCK_UPDATES;
use kugel_store::{Action, Body, Collection, Document, Revision, Scope, StoreError, Write};
use serde_json::Value;

use super::day::Day;
use crate::verify::look_at;

const README: &str = include_str!("../../../README.md");

/// The services whose documents are damaged.
const DAMAGED: [&str; 4] = [
    kugel_journal::NAME,
    kugel_report::NAME,
    kugel_stock::NAME,
    kugel_terminal::NAME,
];

/// Values of fields that take no made-up one, where no other document of the day has another.
const WORDS: [(&str, &str); 5] = [
    ("business_date", "20260305"),
    ("currency", "JPY"),
    ("function_mode", "Sales"),
    ("status", "failed"),
    ("services.#.status", "failed"),
];

/// What no other document tells, from the README: service, collection and kind of document; fields, or how it is damaged.
struct Free(BTreeSet<(String, String)>);

impl Free {
    fn read() -> Self {
        let table = README
            .lines()
            .skip_while(|line| !line.starts_with("| documents |"));
        let rows = table.skip(2).take_while(|line| line.starts_with('|'));
        let rows = rows.flat_map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            assert!(!cells[3].is_empty(), "{row}: why?");
            let fields = cells[2]
                .split(',')
                .map(|field| field.trim().trim_matches('`').to_owned());
            let documents = cells[1].replace('`', "");
            fields
                .map(move |field| (documents.clone(), field))
                .collect::<Vec<_>>()
        });
        Self(rows.collect())
    }
}

/// One thing that is done to documents.
struct Planting {
    documents: String,
    what: String,
    /// The record that must be named.
    id: String,
    /// What lies there afterwards; `None`: nothing.
    planted: Vec<(String, Option<Arc<Document>>)>,
    /// What lay there before.
    before: Vec<(String, Option<Arc<Document>>)>,
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_planted_is_found() {
    let day = Day::sold().await;
    let sound = look_at(&day.host, &day.tenant).await.unwrap();
    assert!(sound.is_clean(), "{sound}");
    let (free, mut missed) = (Free::read(), BTreeSet::new());
    let (mut count, mut findings) = (0, Vec::new());
    let scope = Scope::from(&day.tenant);
    for holding in day
        .host
        .holdings()
        .iter()
        .filter(|holding| DAMAGED.contains(&holding.service))
    {
        for collection in &holding.collections {
            let documents = all(holding, &scope, collection).await;
            let name = format!("{} {}", holding.service, collection.name);
            if free.0.contains(&(name.clone(), "all".to_owned())) {
                missed.insert((name, "all".to_owned()));
                continue;
            }
            for planting in plantings(holding, collection, documents) {
                let all = (planting.documents.clone(), "all".to_owned());
                if free.0.contains(&all) {
                    missed.insert(all);
                    continue;
                }
                count += 1;
                // What the store refuses can never lie there.
                if put(holding, &scope, collection, &planting.planted).await.is_err() {
                    continue;
                }
                let verdict = look_at(&day.host, &day.tenant).await.unwrap();
                put(holding, &scope, collection, &planting.before).await.unwrap();
                let row = (planting.documents, planting.what);
                if verdict.is_clean() {
                    if !free.0.contains(&row) {
                        findings.push(format!("not found: {row:?} of {}", planting.id));
                    }
                    missed.insert(row);
                } else if !verdict.to_string().contains(&planting.id) {
                    findings.push(format!("{row:?} of {} is not named: {verdict}", planting.id));
                }
            }
        }
    }
    assert!(
        findings.is_empty(),
        "{} of {count}:\n{}",
        findings.len(),
        findings.join("\n")
    );
    let told: Vec<_> = free.0.difference(&missed).collect();
    assert!(
        told.is_empty(),
        "the README says that nothing tells, and it is found: {told:#?}"
    );
    let again = look_at(&day.host, &day.tenant).await.unwrap();
    assert_eq!(again.to_string(), sound.to_string(), "everything was taken back");
    println!("{count} plantings");
    day.host.stop().await;
}

async fn all(holding: &Holding, scope: &Scope, collection: &'static Collection) -> Vec<Arc<Document>> {
    let (mut walk, mut documents) = (holding.documents.walk(scope, collection, 500), Vec::new());
    while let Some(found) = walk.next().await.unwrap() {
        documents.extend(found);
    }
    documents
}

async fn put(
    holding: &Holding,
    scope: &Scope,
    collection: &'static Collection,
    documents: &[(String, Option<Arc<Document>>)],
) -> Result<(), StoreError> {
    let write = |(id, document): &(String, Option<Arc<Document>>)| Write {
        collection,
        id: id.clone(),
        action: match document {
            Some(document) => Action::Restore(Arc::clone(document)),
            None => Action::Delete(None),
        },
    };
    let changes = documents.iter().map(write);
    let changes = changes.fold(holding.documents.changes("test"), |changes, write| {
        changes.write(write)
    });
    holding.documents.commit(scope, changes).await
}

/// Documents of one collection that differ in kind have other fields, or other origins.
fn kind(collection: &Collection, document: &Document) -> String {
    let body = json(document);
    let is_posted = kugel_journal::is_posted(&document.created_by);
    let by_hand = document.created_by != kugel_stock::ACTOR;
    let has_history = body["sequence"] != 0;
    let filed = [
        &JOURNALS,
        &kugel_journal::records::TRANSACTION_LOGS,
        &kugel_report::records::TRANSACTION_LOGS,
    ];
    match collection.name {
        name if name == JOURNALS.name && body["transaction_type"] == REMARK => " of a remark".to_owned(),
        name if name == JOURNALS.name && document.id.starts_with("posted/") => " by hand".to_owned(),
        name if filed.iter().any(|filed| filed.name == name) && is_posted => " posted".to_owned(),
        name if name == STOCK_UPDATES.name && by_hand => " by hand".to_owned(),
        name if name == kugel_stock::records::STOCKS.name && !has_history => " without history".to_owned(),
        _ => String::new(),
    }
}

fn plantings(holding: &Holding, collection: &Collection, documents: Vec<Arc<Document>>) -> Vec<Planting> {
    let mut kinds: BTreeMap<String, Vec<Arc<Document>>> = BTreeMap::new();
    for document in documents {
        let kind = format!(
            "{} {}{}",
            holding.service,
            collection.name,
            kind(collection, &document)
        );
        kinds.entry(kind).or_default().push(document);
    }
    let mut plantings = Vec::new();
    if kinds.is_empty() {
        plantings.push(stranger(format!("{} {}", holding.service, collection.name)));
    }
    for (kind, documents) in &kinds {
        plantings.extend(changed(kind, documents));
        let unchanged = |document: &Arc<Document>| vec![(document.id.clone(), Some(Arc::clone(document)))];
        for document in [&documents[0], &documents[documents.len() - 1]] {
            plantings.push(Planting {
                documents: kind.clone(),
                what: "deleted".to_owned(),
                id: document.id.clone(),
                planted: vec![(document.id.clone(), None)],
                before: unchanged(document),
            });
            let id = format!("{}7", document.id);
            plantings.push(Planting {
                documents: kind.clone(),
                what: "added".to_owned(),
                id: id.clone(),
                planted: vec![(id.clone(), Some(with(document, &id, document.body.clone())))],
                before: vec![(id, None)],
            });
        }
        if let [one, .., other] = &documents[..] {
            let swapped = |one: &Document, other: &Document| Some(with(one, &one.id, other.body.clone()));
            plantings.push(Planting {
                documents: kind.clone(),
                what: "swapped".to_owned(),
                id: one.id.clone(),
                planted: vec![
                    (one.id.clone(), swapped(one, other)),
                    (other.id.clone(), swapped(other, one)),
                ],
                before: [unchanged(one), unchanged(other)].concat(),
            });
        }
    }
    plantings
}

/// A document where there should be none.
fn stranger(documents: String) -> Planting {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let document = Document {
        id: "stranger".to_owned(),
        revision: Revision::FIRST,
        created_at: at,
        updated_at: None,
        created_by: "test".to_owned(),
        updated_by: None,
        body: Body::from_text("{}"),
    };
    Planting {
        documents,
        what: "added".to_owned(),
        id: document.id.clone(),
        before: vec![(document.id.clone(), None)],
        planted: vec![(document.id.clone(), Some(Arc::new(document)))],
    }
}

fn with(document: &Document, id: &str, body: Body) -> Arc<Document> {
    Arc::new(Document {
        id: id.to_owned(),
        body,
        ..document.clone()
    })
}

/// Every field of the documents changed: to a value like its own, and to what another document says there.
fn changed(kind: &str, documents: &[Arc<Document>]) -> Vec<Planting> {
    type Place<'d> = (&'d Arc<Document>, String, Value);
    let mut fields: BTreeMap<String, Vec<Place<'_>>> = BTreeMap::new();
    for document in documents {
        let mut found = Vec::new();
        leaves(&json(document), String::new(), &mut found);
        for (pointer, value) in found {
            let known = fields.entry(field(&json(document), &pointer)).or_default();
            known.push((document, pointer, value));
        }
    }
    let mut plantings = Vec::new();
    for (field, places) in fields {
        // Where something is said, not where it is left out.
        let said = places.iter().find(|(_, _, value)| !value.is_null());
        let (document, pointer, value) = said.unwrap_or(&places[0]);
        let mut others = places.iter().map(|(.., other)| other);
        let other = others.find(|other| !other.is_null() && !is_same(other, value));
        let word = WORDS.iter().find(|(name, _)| *name == field);
        let word = word.map(|(_, word)| Value::from(*word));
        for value in other.cloned().into_iter().chain(word).chain([another(value)]) {
            let mut body = json(document);
            *body.pointer_mut(pointer).unwrap() = value;
            let body = Body::from_text(body.to_string());
            plantings.push(Planting {
                documents: kind.to_owned(),
                what: field.clone(),
                id: document.id.clone(),
                planted: vec![(document.id.clone(), Some(with(document, &document.id, body)))],
                before: vec![(document.id.clone(), Some(Arc::clone(document)))],
            });
        }
    }
    plantings
}

/// True for one value however it is spelt: 0 and 0.00.
fn is_same(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| value.as_str()?.parse::<rust_decimal::Decimal>().ok();
    one == other || number(one).is_some_and(|one| number(other) == Some(one))
}

fn json(document: &Document) -> Value {
    serde_json::from_str(document.body.text()).unwrap()
}

fn leaves(value: &Value, pointer: String, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(value, format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(values) => {
            for (place, value) in values.iter().enumerate() {
                leaves(value, format!("{pointer}/{place}"), found);
            }
        }
        _ => found.push((pointer, value.clone())),
    }
}

/// A pointer without the places in lists of objects. In a list of plain values each place has its own meaning.
fn field(body: &Value, pointer: &str) -> String {
    let (mut path, mut names) = (String::new(), Vec::new());
    for name in pointer.split('/').skip(1) {
        let above = body.pointer(&path).unwrap().as_array();
        let are_alike =
            |values: &Vec<Value>| values.iter().all(Value::is_object) || values.iter().all(Value::is_array);
        names.push(if above.is_some_and(are_alike) { "#" } else { name });
        path = format!("{path}/{name}");
    }
    names.join(".")
}

/// A value like the given one, and another one.
fn another(value: &Value) -> Value {
    match value {
        Value::Null => Value::from("7"),
        Value::Bool(value) => Value::from(!value),
        Value::Number(number) => Value::from(number.as_i64().unwrap() + 1),
        Value::String(text) => {
            let instant = text.parse::<jiff::Timestamp>().ok();
            let number = text.parse::<rust_decimal::Decimal>().ok();
            match (instant, number) {
                (Some(instant), _) => Value::from((instant + jiff::SignedDuration::from_secs(1)).to_string()),
                (_, Some(number)) => Value::from((number + rust_decimal::Decimal::ONE).to_string()),
                _ => Value::from(format!("{text}7")),
            }
        }
        Value::Array(_) | Value::Object(_) => unreachable!("a leaf"),
    }
}
