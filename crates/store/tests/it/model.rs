//! Random commits, compared with a map that does the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use kugel_store::conformance::Item;
use kugel_store::{DataDir, Direction, Documents, Page, Query, Revision, Scope, SqliteStore};
use kugel_types::SystemClock;
use proptest::prelude::*;

/// A change of one of a few documents, so that they meet often.
#[derive(Debug, Clone)]
enum Step {
    Insert(u8, i64),
    Replace(u8, i64, i64),
    Upsert(u8, i64),
    Delete(u8, Option<i64>),
}

type Model = BTreeMap<u8, (i64, i64)>;

fn step() -> impl Strategy<Value = Step> {
    let (code, number, revision) = (0_u8..6, 0_i64..4, 1_i64..4);
    prop_oneof![
        (code.clone(), number.clone()).prop_map(|(code, number)| Step::Insert(code, number)),
        (code.clone(), number.clone(), revision.clone())
            .prop_map(|(code, n, revision)| Step::Replace(code, n, revision)),
        (code.clone(), number).prop_map(|(code, number)| Step::Upsert(code, number)),
        (code, proptest::option::of(revision)).prop_map(|(code, revision)| Step::Delete(code, revision)),
    ]
}

/// What the step does to the model; false if it is refused.
fn apply(model: &mut Model, step: &Step) -> bool {
    match *step {
        Step::Insert(code, number) if !model.contains_key(&code) => model.insert(code, (number, 1)).is_none(),
        Step::Replace(code, number, revision) if model.get(&code).is_some_and(|it| it.1 == revision) => {
            model.insert(code, (number, revision + 1)).is_some()
        }
        Step::Upsert(code, number) => {
            let revision = model.get(&code).map_or(1, |it| it.1 + 1);
            model.insert(code, (number, revision));
            true
        }
        Step::Delete(code, None) => {
            model.remove(&code);
            true
        }
        Step::Delete(code, Some(revision)) if model.get(&code).is_some_and(|it| it.1 == revision) => {
            model.remove(&code).is_some()
        }
        _ => false,
    }
}

fn item(code: u8, number: i64) -> Item {
    Item {
        code: code.to_string(),
        number: Some(number),
        ..Item::default()
    }
}

async fn commit(documents: &Documents, steps: &[Step]) -> bool {
    let changes = steps
        .iter()
        .fold(documents.changes("tester"), |changes, step| match *step {
            Step::Insert(code, number) => changes.insert(item(code, number)),
            Step::Replace(code, number, revision) => {
                changes.replace(item(code, number), Revision::new(revision))
            }
            Step::Upsert(code, number) => changes.upsert(item(code, number)),
            Step::Delete(code, revision) => {
                changes.delete::<Item>(&code.to_string(), revision.map(Revision::new))
            }
        });
    documents.commit(&Scope::Commons, changes).await.is_ok()
}

/// Compares reads by key, in bulk and by query with the model.
async fn compare(documents: &Documents, model: &Model) {
    let scope = Scope::Commons;
    let ids: Vec<String> = (0..6).map(|code| code.to_string()).collect();
    let many = documents.get_many::<Item>(&scope, &ids).await.unwrap();
    for (code, many) in (0_u8..).zip(many) {
        let one = documents.get::<Item>(&scope, &code.to_string()).await.unwrap();
        for stored in [one, many] {
            let found = stored.map(|stored| (stored.number.unwrap(), stored.revision.get()));
            assert_eq!(found, model.get(&code).copied(), "document {code}");
        }
    }
    for least in 0..4 {
        let mut expected: Vec<_> = model
            .iter()
            .filter(|(_, it)| it.0 >= least)
            .map(|(code, it)| (it.0, *code))
            .collect();
        expected.sort_unstable_by(|a, b| b.cmp(a));
        let query = Query::all()
            .at_least("number", least)
            .sort(("number", Direction::Descending));
        let page = documents
            .find::<Item>(&scope, query.page(Page { limit: 3, number: 1 }))
            .await
            .unwrap();
        assert_eq!(page.total, expected.len() as u64);
        let found: Vec<_> = page
            .rows
            .iter()
            .map(|row| (row.number.unwrap(), row.code.parse().unwrap()))
            .collect();
        assert_eq!(found, expected[..expected.len().min(3)]);
    }
}

async fn run(commits: Vec<Vec<Step>>) {
    let data_dir = DataDir::for_test().unwrap();
    let mut model = Model::new();
    let middle = commits.len() / 2;
    let mut store = SqliteStore::open(&data_dir, "model").unwrap();
    for (number, steps) in commits.iter().enumerate() {
        if number == middle {
            store.close().await;
            store = SqliteStore::open(&data_dir, "model").unwrap();
        }
        let documents = Documents::new(Arc::new(store.clone()), Arc::new(SystemClock));
        let mut next = model.clone();
        let accepted = steps.iter().all(|step| apply(&mut next, step));
        assert_eq!(
            commit(&documents, steps).await,
            accepted,
            "commit {number}: {steps:?}"
        );
        if accepted {
            model = next;
        }
        compare(&documents, &model).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_a_map_does(
        commits in prop::collection::vec(prop::collection::vec(step(), 1..4), 1..25)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(run(commits));
    }
}
