//! Commits that come at once share a transaction.

use futures::future::join_all;
use kugel_store::{Changes, Documents, Query, Revision, StoreError};

use super::outages::through;
use super::{Item, Namespace, insert, item, tenant};

/// Everybody at once: one goes ahead, and the others go together as soon as it is back.
async fn at_once(documents: &Documents, commits: Vec<Changes>) -> Vec<Result<(), StoreError>> {
    let tenant = tenant();
    join_all(
        commits
            .into_iter()
            .map(|changes| documents.commit(&tenant, changes)),
    )
    .await
}

fn two(documents: &Documents, name: &str, number: i64) -> Changes {
    documents
        .changes("tester")
        .insert(item(&format!("one {name} {number}"), number))
        .insert(item(&format!("other {name} {number}"), number))
}

async fn count(documents: &Documents) -> u64 {
    documents
        .find::<Item>(&tenant(), Query::all())
        .await
        .unwrap()
        .total
}

#[tokio::test]
async fn nobody_is_refused_for_what_another_asked() {
    let Some(namespace) = Namespace::new() else { return };
    let documents = namespace.documents("cart");
    for code in ["taken", "changed", "removed"] {
        insert(&documents, item(code, 1)).await.unwrap();
    }
    let mut commits: Vec<Changes> = (0..30).map(|number| two(&documents, "pair", number)).collect();
    let changes = || documents.changes("tester");
    commits.push(changes().insert(item("beside", 1)).insert(item("taken", 2)));
    commits.push(changes().replace(item("changed", 2), Revision::new(7)));
    commits.push(changes().delete::<Item>("removed", Some(Revision::FIRST)));
    commits.push(changes().replace(item("changed", 3), Revision::FIRST));
    let mut outcomes = at_once(&documents, commits).await;
    let last = outcomes.split_off(30);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let (duplicate, stale) = (
        StoreError::Duplicate {
            collection: "items",
            index: "id".to_owned(),
        },
        StoreError::Stale {
            collection: "items",
            id: "changed".to_owned(),
        },
    );
    assert_eq!(last, [Err(duplicate), Err(stale), Ok(()), Ok(())]);
    assert_eq!(
        count(&documents).await,
        60 + 2,
        "the pairs, `taken` and `changed`"
    );
    let changed = documents
        .get::<Item>(&tenant(), "changed")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((changed.number, changed.revision.get()), (Some(3), 2));
}

#[tokio::test]
async fn lost_answers_double_nothing_of_a_group() {
    let Some(namespace) = Namespace::new() else { return };
    let mut kept = 0;
    // Of a statement: nothing has happened, and each goes by itself. Of the commit: it is asked for again.
    for name in ["of many", "commitTransaction"] {
        let (proxy, documents) = through(&namespace, name).await;
        kept += 1;
        for losses in [1, 2] {
            proxy.lose(losses);
            let name = format!("{name} {losses}");
            let commits = (0..12).map(|number| two(&documents, &name, number)).collect();
            let outcomes = at_once(&documents, commits).await;
            assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
            proxy.assert_all_lost();
            kept += 24;
            assert_eq!(count(&documents).await, kept);
        }
        let clean = documents.changes("tester").delete::<Item>("first", None);
        documents.commit(&tenant(), clean).await.unwrap();
        kept -= 1;
    }
}
