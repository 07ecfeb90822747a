//! The stand does what tests rely on.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::sync::Arc;

use kugel_bus::{Bus as _, Change, ChangeKind, Topic};
use kugel_error::codes;
use kugel_proto::journal::v1::journal_service_client::JournalServiceClient;
use kugel_proto::journal::v1::{CreateJournalRequest, CreateJournalResponse, SearchJournalsRequest};
use kugel_proto::terminal::v1::CashLog;
use kugel_stand::{Stand, StandIn, bearer, decimal, refusal};
use parking_lot::Mutex;
use tonic::Code;

fn stand() -> Stand {
    Stand::new("report", "Q7301", "2026-06-11T05:03:09Z")
}

#[tokio::test]
async fn a_stand_in_answers_what_the_test_names_and_checks_its_caller() {
    let (stand, callers) = (stand(), Arc::new(Mutex::new(Vec::new())));
    let seen = callers.clone();
    let journal = StandIn::default().answering(move |caller, _: CreateJournalRequest| {
        seen.lock().push(caller.actor());
        Ok(CreateJournalResponse::default())
    });
    stand.connect("journal", journal);
    let mut journal = JournalServiceClient::new(stand.neighbours.channel("journal"));
    let message = CreateJournalRequest::default();
    journal
        .create_journal(stand.service("report", message.clone()))
        .await
        .unwrap();
    assert_eq!(*callers.lock(), ["service:report"]);
    let forged = bearer("forged", message);
    let status = journal.create_journal(forged).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let search = stand.user(SearchJournalsRequest::default());
    let status = journal.search_journals(search).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn what_happens_is_heard() {
    let stand = stand();
    let journal = stand.hear("journal", &[Topic::CashlogReport]);
    let log = CashLog {
        amount: decimal("500"),
        ..CashLog::default()
    };
    let event = stand.event(Topic::CashlogReport, "tk01-4", log);
    stand.publish(std::slice::from_ref(&event)).await;
    assert_eq!(journal.wait_for(1).await[0].id, event.id);
    assert_eq!(journal.logs::<CashLog>()[0].amount, decimal("500"));

    stand.bus.announce(&Change {
        tenant: stand.tenant.clone(),
        kind: ChangeKind::Item,
        key: "8801".to_owned(),
    });
    assert_eq!(stand.announced()[0].key, "8801");
    assert!(stand.announced().is_empty(), "once");
}

#[test]
fn a_refusal_says_code_status_and_every_field() {
    let error = codes::INVALID_INPUT
        .error("twice wrong")
        .field("quantity", "must be above zero")
        .field("unit_price", "must not be below zero");
    assert_eq!(
        refusal(&error.into()),
        ("300001", 422, ["quantity", "unit_price"])
    );
    assert_eq!(
        refusal(&codes::NOT_FOUND.error("it is not there").into()),
        ("100001", 404, [])
    );
}
