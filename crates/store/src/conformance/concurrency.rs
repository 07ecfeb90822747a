//! Many callers at once.

#![allow(missing_docs, reason = "the names of the tests say what they show")]

use futures::future::join_all;

use super::{Item, Subject};
use crate::{Query, Revision, StoreError, retry};

async fn spawn_all<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

pub async fn of_many_writers_with_one_revision_one_wins(subject: Subject) {
    subject.insert([Item::new("a")]).await;
    let outcomes = spawn_all((0..32).map(|number| {
        let subject = subject.clone();
        async move {
            let changes = subject
                .changes("tester")
                .replace(Item::new("a").number(number), Revision::FIRST);
            subject.commit(&subject.scope, changes).await.map(|()| number)
        }
    }))
    .await;
    let winners: Vec<i64> = outcomes
        .iter()
        .filter_map(|outcome| outcome.clone().ok())
        .collect();
    assert_eq!(winners.len(), 1);
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.is_ok() || outcome.clone().unwrap_err().is_stale())
    );
    assert_eq!(subject.item("a").await.unwrap().number, Some(winners[0]));
}

/// Takes the next number of a counter the way use cases do, and keeps it in a document of its own.
async fn take_number(subject: Subject) -> i64 {
    let taken: Result<i64, StoreError> = retry("item", "counter", || async {
        let counter = subject.item("counter").await.unwrap();
        let number = counter.number.unwrap() + 1;
        let changes = subject
            .changes("tester")
            .replace(Item::new("counter").number(number), counter.revision)
            .insert(Item::new(&format!("receipt {number}")));
        subject.commit(&subject.scope, changes).await?;
        Ok(number)
    })
    .await;
    taken.unwrap()
}

pub async fn counting_with_retries_loses_nothing(subject: Subject) {
    subject.insert([Item::new("counter").number(0)]).await;
    let mut numbers = spawn_all((0..64).map(|_| take_number(subject.clone()))).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=64).collect::<Vec<i64>>());
    assert_eq!(subject.item("counter").await.unwrap().number, Some(64));
    assert_eq!(
        subject
            .find::<Item>(&subject.scope, Query::all())
            .await
            .unwrap()
            .total,
        65
    );
}

pub async fn a_refused_commit_does_not_sink_its_neighbours(subject: Subject) {
    subject.insert([Item::new("taken")]).await;
    let outcomes = spawn_all((0..90).map(|number| {
        let subject = subject.clone();
        async move {
            let name = format!("{number:02}");
            let changes = subject
                .changes("tester")
                .insert(Item::new(&format!("first {name}")));
            let changes = match number % 3 {
                0 => changes.insert(Item::new("taken")),
                1 => changes.replace(Item::new("taken"), Revision::new(7)),
                _ => changes.insert(Item::new(&format!("second {name}"))),
            };
            (number, subject.commit(&subject.scope, changes).await)
        }
    }))
    .await;
    for (number, outcome) in outcomes {
        match number % 3 {
            0 => assert!(matches!(outcome, Err(StoreError::Duplicate { .. }))),
            1 => assert!(matches!(outcome, Err(StoreError::Stale { .. }))),
            _ => assert_eq!(outcome, Ok(())),
        }
        let is_there = subject.item(&format!("first {number:02}")).await.is_some();
        assert_eq!(is_there, number % 3 == 2, "{number}");
    }
    assert_eq!(
        subject
            .find::<Item>(&subject.scope, Query::all())
            .await
            .unwrap()
            .total,
        61
    );
}

pub async fn readers_never_see_a_document_go_back(subject: Subject) {
    subject.insert([Item::new("a").group("g").number(1)]).await;
    let writer = {
        let subject = subject.clone();
        async move {
            for revision in 1..150 {
                let next = Item::new("a").group("g").number(revision + 1);
                let changes = subject.changes("tester").replace(next, Revision::new(revision));
                subject.commit(&subject.scope, changes).await.unwrap();
                assert_eq!(
                    subject.item("a").await.unwrap().number,
                    Some(revision + 1),
                    "own write"
                );
            }
        }
    };
    let reader = |by_query: bool| {
        let subject = subject.clone();
        async move {
            let mut last = 0;
            while last < 150 {
                let number = if by_query && last % 2 == 0 {
                    let query = Query::all()
                        .eq("group", "g")
                        .page(crate::Page { limit: 10, number: 1 });
                    subject
                        .first::<Item>(&subject.scope, query)
                        .await
                        .unwrap()
                        .unwrap()
                        .number
                        .unwrap()
                } else {
                    subject.item("a").await.unwrap().number.unwrap()
                };
                assert!(number >= last, "{number} after {last}");
                last = number;
                tokio::task::yield_now().await;
            }
        }
    };
    let readers = spawn_all([reader(false), reader(true), reader(true)]);
    futures::join!(readers, writer);
}

pub async fn a_document_that_comes_and_goes_is_never_read_stale(subject: Subject) {
    subject.insert([Item::new("other")]).await;
    let noise = |id: i64| {
        let subject = subject.clone();
        async move {
            for _ in 0..400 {
                let item = subject.item("a").await;
                assert!(
                    item.is_none_or(|item| item.revision <= Revision::new(2)),
                    "reader {id}"
                );
                tokio::task::yield_now().await;
            }
        }
    };
    let writer = {
        let subject = subject.clone();
        async move {
            for round in 0..60 {
                subject.insert([Item::new("a").number(round)]).await;
                assert_eq!(subject.item("a").await.unwrap().number, Some(round));
                let changes = subject
                    .changes("tester")
                    .replace(Item::new("a").number(-round), Revision::FIRST);
                subject.commit(&subject.scope, changes).await.unwrap();
                assert_eq!(subject.item("a").await.unwrap().number, Some(-round));
                let changes = subject
                    .changes("tester")
                    .delete::<Item>("a", Some(Revision::new(2)));
                subject.commit(&subject.scope, changes).await.unwrap();
                assert!(subject.item("a").await.is_none(), "round {round}");
            }
        }
    };
    let readers = spawn_all((0..4).map(noise));
    futures::join!(readers, writer);
}
