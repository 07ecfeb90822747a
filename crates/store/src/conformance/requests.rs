//! Requests that are sent twice.

#![allow(missing_docs, reason = "the names of the tests say what they show")]

use futures::future::join_all;
use kugel_error::{Error, codes};

use super::{Item, Subject};
use crate::{Permit, RequestKey, StoreError, Stored};

fn request(key: &str) -> RequestKey {
    RequestKey {
        id: format!("user:owner {key}"),
        fingerprint: "f".to_owned(),
        other_fingerprints: Vec::new(),
        permit: None,
    }
}

/// A request with another content, or with the same, that a permit lets pass.
fn permitted(key: &str, content: &str, permit: &str) -> RequestKey {
    RequestKey {
        fingerprint: content.to_owned(),
        permit: Some(Permit {
            id: permit.to_owned(),
            is_over: false,
        }),
        ..request(key)
    }
}

/// Adds one to a counter, once for each request, and answers with the counter.
async fn count(subject: &Subject, request: Option<&RequestKey>) -> Result<Stored<Item>, Error> {
    let work = async {
        loop {
            let counter = subject.item("counter").await.unwrap();
            let changes = subject.changes("tester");
            let value = Item::new("counter").number(counter.number.unwrap() + 1).into();
            let stored = changes.replaced(std::sync::Arc::clone(&value), &counter);
            let changes = changes
                .replace_shared(value, counter.revision)
                .answering(request, &stored);
            match subject.commit(&subject.scope, changes).await {
                Ok(()) => return Ok(stored),
                Err(StoreError::Stale { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    };
    subject.once(&subject.scope, request, work).await
}

async fn counted(subject: &Subject) -> Option<i64> {
    subject.item("counter").await.unwrap().number
}

pub async fn a_request_sent_again_is_answered_and_not_carried_out(subject: Subject) {
    subject.insert([Item::new("counter").number(0)]).await;
    let key = request("k");
    let first = count(&subject, Some(&key)).await.unwrap();
    subject.clock.advance(60);
    count(&subject, Some(&request("l"))).await.unwrap();
    count(&subject, None).await.unwrap();
    let again = count(&subject, Some(&key)).await.unwrap();
    assert_eq!((again.number, again.revision), (Some(1), first.revision));
    assert_eq!(again.updated_at, first.updated_at);
    assert_eq!(counted(&subject).await, Some(3));
}

pub async fn an_answer_is_what_the_store_holds(subject: Subject) {
    subject.insert([Item::new("counter").number(0)]).await;
    let told = count(&subject, Some(&request("k"))).await.unwrap();
    let held = subject.item("counter").await.unwrap();
    assert_eq!(told.value, held.value);
    assert_eq!(
        (told.revision, told.created_at, told.updated_at),
        (held.revision, held.created_at, held.updated_at)
    );
    assert_eq!(
        (&told.created_by, &told.updated_by),
        (&held.created_by, &held.updated_by)
    );
    let changes = subject.changes("tester");
    let told = changes.inserted(Item::new("new").into());
    let changes = changes.insert(Item::new("new"));
    subject.commit(&subject.scope, changes).await.unwrap();
    let held = subject.item("new").await.unwrap();
    assert_eq!((told.revision, told.created_at), (held.revision, held.created_at));
    assert_eq!(
        (&told.created_by, told.updated_at),
        (&held.created_by, held.updated_at)
    );
}

pub async fn a_key_with_another_content_is_refused(subject: Subject) {
    subject.insert([Item::new("counter").number(0)]).await;
    count(&subject, Some(&request("k"))).await.unwrap();
    let other = RequestKey {
        fingerprint: "g".to_owned(),
        ..request("k")
    };
    let known = RequestKey {
        fingerprint: "g".to_owned(),
        other_fingerprints: vec!["h".to_owned(), "f".to_owned()],
        ..request("k")
    };
    count(&subject, Some(&known)).await.unwrap();
    let refused = count(&subject, Some(&other)).await.unwrap_err();
    assert!(refused.is(&codes::REQUEST_REFUSED));
    assert_eq!(refused.fields()[0].field, "request_id");
    assert_eq!(counted(&subject).await, Some(1));
}

pub async fn a_permit_lets_one_request_pass(subject: Subject) {
    subject.insert([Item::new("counter").number(0)]).await;
    let first = permitted("k", "f", "p");
    let number = async |request: &RequestKey| {
        let counted = count(&subject, Some(request)).await;
        counted.map(|counter| counter.number.unwrap())
    };
    assert_eq!(number(&first).await.unwrap(), 1);
    // The same request again, under its key, with the permit or another one, or none.
    for again in [&first, &permitted("k", "f", "q"), &request("k")] {
        assert_eq!(number(again).await.unwrap(), 1, "{again:?}");
    }
    for other in [permitted("l", "f", "p"), permitted("l", "g", "p")] {
        let refused = number(&other).await.unwrap_err();
        assert!(refused.is(&codes::PERMISSION_DENIED), "{other:?}");
    }
    // Without a key a request is told by its permit.
    let alone = |content: &str| RequestKey {
        id: "s".to_owned(),
        ..permitted("", content, "s")
    };
    for _ in 0..2 {
        assert_eq!(number(&alone("f")).await.unwrap(), 2);
    }
    assert!(
        number(&alone("g"))
            .await
            .unwrap_err()
            .is(&codes::PERMISSION_DENIED)
    );
    let over = |key: &str, permit: &str| RequestKey {
        permit: Some(Permit {
            id: permit.to_owned(),
            is_over: true,
        }),
        ..request(key)
    };
    assert_eq!(
        number(&over("k", "p")).await.unwrap(),
        1,
        "it was carried out before"
    );
    let refused = number(&over("m", "r")).await.unwrap_err();
    assert!(refused.is(&codes::PERMISSION_DENIED));
    assert_eq!(counted(&subject).await, Some(2));
}

pub async fn a_permit_used_many_times_at_once_lets_one_pass(subject: Subject) {
    subject.insert([Item::new("counter").number(0)]).await;
    let hands = (0..16).map(|hand| {
        let subject = subject.clone();
        let request = permitted(&format!("k{hand}"), &format!("f{hand}"), "p");
        tokio::spawn(async move {
            count(&subject, Some(&request))
                .await
                .map(|counter| counter.number)
        })
    });
    let answers = join_all(hands).await.into_iter().map(Result::unwrap);
    let (passed, refused): (Vec<_>, Vec<_>) = answers.partition(Result::is_ok);
    assert_eq!((passed.len(), refused.len()), (1, 15));
    assert_eq!(counted(&subject).await, Some(1));
}

pub async fn a_request_sent_many_times_at_once_happens_once(subject: Subject) {
    subject.insert([Item::new("counter").number(0)]).await;
    let hands = (0..16).map(|_| {
        let subject = subject.clone();
        tokio::spawn(async move { count(&subject, Some(&request("k"))).await.unwrap().number })
    });
    for answer in join_all(hands).await {
        assert_eq!(answer.unwrap(), Some(1));
    }
    assert_eq!(counted(&subject).await, Some(1));
}

pub async fn a_refusal_keeps_no_answer(subject: Subject) {
    let key = request("k");
    let refuse = async { Err::<i64, _>(codes::NOT_FOUND.error("not yet")) };
    let refused = subject
        .once(&subject.scope, Some(&key), refuse)
        .await
        .unwrap_err();
    assert!(refused.is(&codes::NOT_FOUND));
    subject.insert([Item::new("counter").number(0)]).await;
    assert_eq!(count(&subject, Some(&key)).await.unwrap().number, Some(1));
}

pub async fn answers_are_forgotten_after_a_day(subject: Subject) {
    subject.insert([Item::new("counter").number(0)]).await;
    let key = request("k");
    count(&subject, Some(&key)).await.unwrap();
    subject.clock.advance(24 * 3_600);
    count(&subject, Some(&request("l"))).await.unwrap();
    assert_eq!(subject.forget_answers().await.unwrap(), 0);
    subject.clock.advance(1);
    assert_eq!(subject.forget_answers().await.unwrap(), 1);
    assert_eq!(count(&subject, Some(&key)).await.unwrap().number, Some(3));
}
