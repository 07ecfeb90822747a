//! Atomic commits, their conditions and the store's own fields.

#![allow(missing_docs, reason = "the names of the tests say what they show")]

use super::{Item, Subject};
use crate::{Query, Revision, Scope, StoreError};

fn duplicate(index: &str) -> Result<(), StoreError> {
    Err(StoreError::Duplicate {
        collection: "items",
        index: index.to_owned(),
    })
}

fn stale(id: &str) -> Result<(), StoreError> {
    Err(StoreError::Stale {
        collection: "items",
        id: id.to_owned(),
    })
}

pub async fn an_inserted_document_carries_the_stores_own_fields(subject: Subject) {
    subject.insert([Item::new("a").number(7)]).await;
    let stored = subject.item("a").await.unwrap();
    assert_eq!(*stored.value, Item::new("a").number(7));
    assert_eq!(stored.revision, Revision::FIRST);
    assert_eq!(stored.created_at.to_string(), "2026-06-11T12:00:00.123456Z");
    assert_eq!(stored.created_by, "tester");
    assert_eq!((stored.updated_at, stored.updated_by), (None, None));
    let found = subject
        .first::<Item>(&subject.scope, Query::all())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.created_at, found.created_by.as_str()),
        (stored.created_at, "tester")
    );
}

pub async fn a_key_is_taken_once(subject: Subject) {
    subject.insert([Item::new("a").number(1)]).await;
    let again = subject.changes("tester").insert(Item::new("a").number(2));
    assert_eq!(subject.commit(&subject.scope, again).await, duplicate("id"));
    let twice = subject
        .changes("tester")
        .insert(Item::new("b"))
        .insert(Item::new("b"));
    assert_eq!(subject.commit(&subject.scope, twice).await, duplicate("id"));
    assert_eq!(subject.item("a").await.unwrap().number, Some(1));
    assert!(subject.item("b").await.is_none());
    subject.insert([Item::new("A")]).await;
    assert_eq!(subject.codes(Query::all()).await, "A a", "keys differ by case");
}

pub async fn an_appended_document_is_one_like_any_other(subject: Subject) {
    assert!(subject.item("a").await.is_none(), "looked for before it is there");
    let append = |item: &Item| subject.changes("tester").append(item);
    let first = Item::new("a").number(1);
    assert_eq!(subject.commit(&subject.scope, append(&first)).await, Ok(()));
    assert_eq!(subject.item("a").await.unwrap().number, Some(1));
    assert_eq!(
        subject.commit(&subject.scope, append(&first)).await,
        duplicate("id")
    );
    let again = subject
        .changes("tester")
        .delete::<Item>("a", None)
        .append(&Item::new("a").number(2));
    assert_eq!(subject.commit(&subject.scope, again).await, Ok(()));
    assert_eq!(subject.item("a").await.unwrap().number, Some(2));
    assert_eq!(subject.codes(Query::all()).await, "a");
}

pub async fn a_unique_index_refuses_by_its_fields(subject: Subject) {
    subject
        .insert([
            Item::new("a").serial("1").group("g"),
            Item::new("b").serial("1").group("h"),
        ])
        .await;
    let again = subject
        .changes("tester")
        .insert(Item::new("c").serial("1").group("g"));
    assert_eq!(
        subject.commit(&subject.scope, again).await,
        duplicate("serial, group")
    );
    let into = subject
        .changes("tester")
        .upsert(Item::new("b").serial("1").group("g"));
    assert_eq!(
        subject.commit(&subject.scope, into).await,
        duplicate("serial, group")
    );
    let into = subject
        .changes("tester")
        .replace(Item::new("b").serial("1").group("g"), Revision::FIRST);
    assert_eq!(
        subject.commit(&subject.scope, into).await,
        duplicate("serial, group")
    );
    assert_eq!(subject.item("b").await.unwrap().group.as_deref(), Some("h"));
    let same = subject
        .changes("tester")
        .replace(Item::new("a").serial("1").group("g").number(1), Revision::FIRST);
    subject.commit(&subject.scope, same).await.unwrap();
}

pub async fn documents_without_a_unique_field_do_not_collide(subject: Subject) {
    subject
        .insert([Item::new("a").group("g"), Item::new("b").group("g")])
        .await;
    subject
        .insert([Item::new("c").serial("1"), Item::new("d").serial("1")])
        .await;
    subject.insert([Item::new("e"), Item::new("f")]).await;
    assert_eq!(subject.codes(Query::all()).await, "a b c d e f");
}

pub async fn a_replaced_document_keeps_who_made_it(subject: Subject) {
    subject.insert([Item::new("a")]).await;
    subject.clock.advance(60);
    let changes = subject
        .changes("editor")
        .replace(Item::new("a").number(2), Revision::FIRST);
    subject.commit(&subject.scope, changes).await.unwrap();
    let stored = subject.item("a").await.unwrap();
    assert_eq!(stored.revision, Revision::FIRST.next());
    assert_eq!(
        (stored.created_by.as_str(), stored.updated_by.as_deref()),
        ("tester", Some("editor"))
    );
    assert_eq!(
        stored
            .updated_at
            .unwrap()
            .duration_since(stored.created_at)
            .as_secs(),
        60
    );
    assert_eq!(stored.number, Some(2));
}

pub async fn replacing_needs_the_current_revision(subject: Subject) {
    subject.insert([Item::new("a")]).await;
    let replace = |revision| {
        subject
            .changes("tester")
            .replace(Item::new("a").number(revision), Revision::new(revision))
    };
    subject.commit(&subject.scope, replace(1)).await.unwrap();
    for revision in [0, 1, 3] {
        assert_eq!(
            subject.commit(&subject.scope, replace(revision)).await,
            stale("a")
        );
    }
    subject.commit(&subject.scope, replace(2)).await.unwrap();
    assert_eq!(subject.item("a").await.unwrap().revision, Revision::new(3));
}

pub async fn replacing_what_is_not_there_is_stale(subject: Subject) {
    let changes = subject.changes("tester").replace(Item::new("a"), Revision::FIRST);
    assert_eq!(subject.commit(&subject.scope, changes).await, stale("a"));
    assert!(subject.item("a").await.is_none());
}

pub async fn an_upsert_adds_or_replaces(subject: Subject) {
    for number in 1..=3 {
        let changes = subject
            .changes(&format!("actor {number}"))
            .upsert(Item::new("a").number(number));
        subject.commit(&subject.scope, changes).await.unwrap();
    }
    let stored = subject.item("a").await.unwrap();
    assert_eq!((stored.revision, stored.number), (Revision::new(3), Some(3)));
    assert_eq!(
        (stored.created_by.as_str(), stored.updated_by.as_deref()),
        ("actor 1", Some("actor 3"))
    );
}

pub async fn deleting_with_a_revision_is_strict_and_without_is_lenient(subject: Subject) {
    subject.insert([Item::new("a"), Item::new("b")]).await;
    let delete = |code, revision| subject.changes("tester").delete::<Item>(code, revision);
    assert_eq!(
        subject
            .commit(&subject.scope, delete("a", Some(Revision::new(2))))
            .await,
        stale("a")
    );
    assert_eq!(
        subject
            .commit(&subject.scope, delete("c", Some(Revision::FIRST)))
            .await,
        stale("c")
    );
    subject
        .commit(&subject.scope, delete("a", Some(Revision::FIRST)))
        .await
        .unwrap();
    subject.commit(&subject.scope, delete("b", None)).await.unwrap();
    subject.commit(&subject.scope, delete("b", None)).await.unwrap();
    assert_eq!(subject.codes(Query::all()).await, "");
}

pub async fn a_key_starts_over_after_a_delete(subject: Subject) {
    subject.insert([Item::new("a").serial("1").group("g")]).await;
    let changes = subject.changes("tester").delete::<Item>("a", None);
    subject.commit(&subject.scope, changes).await.unwrap();
    assert!(subject.item("a").await.is_none());
    subject
        .insert([Item::new("a").serial("1").group("g").number(2)])
        .await;
    let stored = subject.item("a").await.unwrap();
    assert_eq!((stored.revision, stored.number), (Revision::FIRST, Some(2)));
    assert_eq!(stored.updated_at, None);
}

pub async fn a_refused_commit_leaves_nothing_behind(subject: Subject) {
    subject
        .insert([Item::new("a").number(1), Item::new("b").number(1)])
        .await;
    let changes = subject
        .changes("tester")
        .replace(Item::new("a").number(2), Revision::FIRST)
        .insert(Item::new("c"))
        .delete::<Item>("b", None)
        .replace(Item::new("a").number(3), Revision::FIRST);
    assert_eq!(subject.commit(&subject.scope, changes).await, stale("a"));
    assert_eq!(subject.codes(Query::all()).await, "a b");
    assert_eq!(subject.item("a").await.unwrap().number, Some(1));
    assert_eq!(subject.item("b").await.unwrap().number, Some(1));
    assert!(subject.item("c").await.is_none());
}

pub async fn a_commit_happens_in_its_own_order(subject: Subject) {
    subject.insert([Item::new("a").serial("1").group("g")]).await;
    let changes = subject
        .changes("tester")
        .delete::<Item>("a", Some(Revision::FIRST))
        .insert(Item::new("b").serial("1").group("g"))
        .replace(Item::new("b").serial("1").group("g").number(9), Revision::FIRST);
    subject.commit(&subject.scope, changes).await.unwrap();
    let stored = subject.item("b").await.unwrap();
    assert_eq!((stored.revision, stored.number), (Revision::new(2), Some(9)));
    assert!(subject.item("a").await.is_none());
}

pub async fn scopes_do_not_see_each_other(subject: Subject) {
    let other = Scope::Tenant("t1".parse().unwrap());
    for (scope, number) in [(&subject.scope, 1), (&other, 2), (&Scope::Commons, 3)] {
        let item = Item::new("a").serial("1").group("g").number(number);
        subject
            .commit(scope, subject.changes("tester").insert(item))
            .await
            .unwrap();
    }
    for (scope, number) in [(&subject.scope, 1), (&other, 2), (&Scope::Commons, 3)] {
        let item = subject.get::<Item>(scope, "a").await.unwrap().unwrap();
        assert_eq!(item.number, Some(number));
        assert_eq!(subject.find::<Item>(scope, Query::all()).await.unwrap().total, 1);
    }
}

pub async fn an_empty_commit_makes_no_database(subject: Subject) {
    subject
        .commit(&subject.scope, subject.changes("tester"))
        .await
        .unwrap();
    assert_eq!(subject.scopes().await.unwrap(), []);
}
