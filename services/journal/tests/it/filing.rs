//! Each log is filed exactly once, with its entry.

use kugel_bus::{Failure, Topic};
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::journal::v1 as pb;
use proptest::prelude::*;

use crate::support::{TILL, World, cash, session, transaction};
use kugel_journal::records::TransactionRecord;

#[tokio::test]
async fn every_kind_of_log_becomes_its_kind_of_entry() {
    let mut world = World::start();
    let mut cancelled = transaction(2);
    cancelled.sales.as_mut().unwrap().is_cancelled = true;
    let returned = TransactionLog {
        transaction_type: 102,
        ..transaction(3)
    };
    world
        .publish(&[
            world.event(Topic::CashlogReport, TILL, cash("0")),
            world.event(Topic::OpencloselogReport, TILL, session("open")),
            world.event(Topic::TranlogReport, TILL, transaction(1)),
            world.event(Topic::TranlogReport, TILL, cancelled),
            world.event(Topic::TranlogReport, TILL, returned),
            world.event(Topic::CashlogReport, TILL, cash("-500.5")),
            world.event(Topic::OpencloselogReport, TILL, session("close")),
        ])
        .await;
    let mut entries = world.entries().await;
    entries.sort();
    assert_eq!(
        entries,
        [
            "-101 2 110",
            "101 1 110",
            "102 3 110",
            "301 - 0",
            "302 - 0",
            "401 - 0",
            "402 - -500.5"
        ]
    );
    let sale = world
        .search(pb::SearchJournalsRequest {
            transaction_types: vec![101],
            ..Default::default()
        })
        .await
        .unwrap()
        .journals
        .remove(0);
    assert_eq!(
        (sale.tenant_id.as_str(), sale.journal_seq_no, sale.receipt_no),
        ("T1", -1, Some(111_111))
    );
    assert_eq!(
        (
            sale.staff_id.as_deref(),
            sale.user_id,
            sale.quantity.unwrap().value.as_str()
        ),
        (Some("31"), None, "2")
    );
    assert_eq!(
        (sale.journal_text.as_str(), sale.receipt_text.as_str()),
        ("journal 1", "receipt 1")
    );
    let scope = world.scope();
    let log = world
        .documents
        .get::<TransactionRecord>(&scope, "S1/4/2")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(log.0.transaction_type, 101, "the log keeps what the till wrote");
}

#[tokio::test]
async fn genuine_events_of_the_same_moment_are_all_kept() {
    let mut world = World::start();
    let at_once = |number| TransactionLog {
        generate_date_time: transaction(1).generate_date_time,
        ..transaction(number)
    };
    world
        .publish(&[
            world.event(Topic::CashlogReport, TILL, cash("100")),
            world.event(Topic::CashlogReport, TILL, cash("100")),
            world.event(Topic::TranlogReport, TILL, at_once(1)),
            world.event(Topic::TranlogReport, TILL, at_once(2)),
        ])
        .await;
    assert_eq!(world.entries().await.len(), 4);
}

#[tokio::test]
async fn a_malformed_log_is_parked_and_its_neighbours_pass() {
    let mut world = World::start();
    let without_totals = TransactionLog {
        sales: None,
        ..transaction(2)
    };
    let without_time = TransactionLog {
        generate_date_time: "noon".to_owned(),
        ..transaction(3)
    };
    let of_no_kind = TransactionLog {
        transaction_type: 103,
        ..transaction(5)
    };
    let logs = [
        transaction(1),
        without_totals,
        without_time,
        transaction(4),
        of_no_kind,
    ];
    world
        .publish(&logs.map(|log| world.event(Topic::TranlogReport, TILL, log)))
        .await;
    assert_eq!(world.entries().await, ["101 1 110", "101 4 110"]);
}

#[tokio::test]
async fn another_log_under_a_number_that_is_taken_is_not_filed() {
    let mut world = World::start();
    world
        .publish(&[world.event(Topic::TranlogReport, TILL, transaction(1))])
        .await;
    let other = TransactionLog {
        journal_text: "other".to_owned(),
        ..transaction(1)
    };
    world
        .publish(&[
            world.event(Topic::TranlogReport, TILL, other),
            world.event(Topic::TranlogReport, TILL, transaction(2)),
        ])
        .await;
    assert_eq!(world.entries().await, ["101 1 110", "101 2 110"]);
}

/// Laying a repetition aside would file nothing twice either, but a person would be called for nothing.
#[tokio::test]
async fn a_repetition_is_done_with_and_another_log_of_the_number_is_laid_aside() {
    let mut world = World::start();
    let journal = kugel_journal::rebuild(world.documents.clone());
    let events = [
        world.event(Topic::TranlogReport, TILL, transaction(1)),
        world.event(Topic::CashlogReport, TILL, cash("-7.50")),
        world.event(Topic::OpencloselogReport, TILL, session("open")),
    ];
    for _ in 0..2 {
        journal.handle(&world.tenant, &events).await.unwrap();
    }
    // By itself, by another event, and beside a new one that comes twice.
    for repeated in &events {
        journal
            .handle(&world.tenant, std::slice::from_ref(repeated))
            .await
            .unwrap();
    }
    let new = world.event(Topic::TranlogReport, TILL, transaction(2));
    let mixed = [
        world.event(Topic::TranlogReport, TILL, transaction(1)),
        new.clone(),
        events[1].clone(),
        new,
    ];
    journal.handle(&world.tenant, &mixed).await.unwrap();
    assert_eq!(world.entries().await.len(), 4);
    let other = TransactionLog {
        receipt_no: 222_222,
        ..transaction(1)
    };
    let refused = journal
        .handle(&world.tenant, &[world.event(Topic::TranlogReport, TILL, other)])
        .await;
    assert!(
        matches!(&refused, Err(Failure::Malformed(reason)) if reason == "another log is filed as transaction S1/4/1"),
        "{refused:?}"
    );
    assert_eq!(world.entries().await.len(), 4);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    /// Applying an event twice is applying it once, whatever the batches.
    #[test]
    fn repeated_events_are_filed_once(order in prop::collection::vec(0_usize..8, 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _entered = runtime.enter();
        let mut world = World::start();
        let events: Vec<_> = (1..=6)
            .map(|number| world.event(Topic::TranlogReport, TILL, transaction(number)))
            .chain([world.event(Topic::CashlogReport, TILL, cash("-7")), world.event(Topic::OpencloselogReport, TILL, session("open"))])
            .collect();
        let entry = |index: &usize| match index {
            0..6 => format!("101 {} 110", index + 1),
            6 => "402 - -7".to_owned(),
            _ => "301 - 0".to_owned(),
        };
        let deliveries: Vec<_> = order.iter().map(|index| events[*index].clone()).collect();
        let mut expected: Vec<_> = order.iter().map(entry).collect();
        expected.sort();
        expected.dedup();
        runtime.block_on(async {
            world.publish(&deliveries).await;
            let mut entries = world.entries().await;
            entries.sort();
            assert_eq!(entries, expected);
        });
    }
}
