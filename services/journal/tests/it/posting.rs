//! Entries and transactions that arrive by RPC.

use kugel_auth::{Grant, Permissions, Rights};
use kugel_bus::Topic;
use kugel_proto::Permission;
use kugel_proto::cart::v1::{TransactionLog, TransactionSales};
use kugel_proto::journal::v1 as pb;

use kugel_stand::{decimal, refusal};

use crate::support::{TILL, World, transaction};

pub(crate) fn entry() -> pb::NewJournalEntry {
    pb::NewJournalEntry {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
        terminal_no: Some(4),
        transaction_type: Some(501),
        business_date: "20260305".into(),
        open_counter: Some(1),
        business_counter: Some(7),
        generate_date_time: "2026-03-05T21:00:00.123456+09:00".into(),
        journal_text: Some("FLASH REPORT".into()),
        receipt_text: Some(String::new()),
        amount: decimal("12.5"),
        ..pb::NewJournalEntry::default()
    }
}

pub(crate) fn create(entry: pb::NewJournalEntry) -> pb::CreateJournalRequest {
    pb::CreateJournalRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
        terminal_no: 4,
        journal: Some(entry),
    }
}

pub(crate) fn post(log: TransactionLog) -> pb::PostTransactionRequest {
    pb::PostTransactionRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
        terminal_no: 4,
        transaction: Some(log),
    }
}

#[tokio::test]
async fn an_entry_is_kept_once_and_answered_as_stored() {
    let mut world = World::start();
    let request = world.administrator(create(entry()));
    let stored = world
        .client
        .create_journal(request)
        .await
        .unwrap()
        .into_inner()
        .journal
        .unwrap();
    assert_eq!(
        (stored.transaction_type, stored.amount.clone()),
        (501, decimal("12.5"))
    );
    assert_eq!(stored.quantity, decimal("0"));
    let changed = pb::NewJournalEntry {
        journal_text: Some("forged".into()),
        ..entry()
    };
    let request = world.administrator(create(changed));
    let again = world
        .client
        .create_journal(request)
        .await
        .unwrap()
        .into_inner()
        .journal
        .unwrap();
    assert_eq!(again, stored);
    assert_eq!(world.entries().await, ["501 - 12.5"]);
}

#[tokio::test]
async fn an_entry_by_hand_never_takes_the_place_of_an_events() {
    let mut world = World::start();
    let forged = pb::NewJournalEntry {
        transaction_type: Some(101),
        transaction_no: Some(1),
        generate_date_time: transaction(1).generate_date_time,
        ..entry()
    };
    let request = world.administrator(create(forged));
    world.client.create_journal(request).await.unwrap();
    world
        .publish(&[world.event(Topic::TranlogReport, TILL, transaction(1))])
        .await;
    assert_eq!(world.entries().await, ["101 1 12.5", "101 1 110"]);
}

#[tokio::test]
async fn bad_entries_are_refused_by_name() {
    let mut world = World::start();
    for (entry, field) in [
        (
            pb::NewJournalEntry {
                tenant_id: "T2".into(),
                ..entry()
            },
            "tenant_id",
        ),
        (
            pb::NewJournalEntry {
                store_code: "S2".into(),
                ..entry()
            },
            "store_code",
        ),
        (
            pb::NewJournalEntry {
                terminal_no: Some(5),
                ..entry()
            },
            "terminal_no",
        ),
        (
            pb::NewJournalEntry {
                terminal_no: None,
                ..entry()
            },
            "terminal_no",
        ),
        (
            pb::NewJournalEntry {
                tenant_id: String::new(),
                ..entry()
            },
            "tenant_id",
        ),
        (
            pb::NewJournalEntry {
                transaction_type: None,
                ..entry()
            },
            "transaction_type",
        ),
        (
            pb::NewJournalEntry {
                business_date: "2026-03-05".into(),
                ..entry()
            },
            "business_date",
        ),
        (
            pb::NewJournalEntry {
                generate_date_time: "noon".into(),
                ..entry()
            },
            "generate_date_time",
        ),
        (
            pb::NewJournalEntry {
                open_counter: None,
                ..entry()
            },
            "open_counter",
        ),
        (
            pb::NewJournalEntry {
                amount: decimal("much"),
                ..entry()
            },
            "amount",
        ),
    ] {
        let request = world.administrator(create(entry));
        let refused = world.client.create_journal(request).await.unwrap_err();
        assert_eq!(
            refusal(&refused),
            ("300001", 422, [format!("journal.{field}").as_str()])
        );
    }
    let request = world.till("T1-S1-5", create(entry()));
    assert_eq!(
        refusal(&world.client.create_journal(request).await.unwrap_err()).code,
        "200002"
    );
    assert!(world.entries().await.is_empty());
}

#[tokio::test]
async fn a_posted_transaction_is_filed_once_with_its_event() {
    let mut world = World::start();
    for _ in 0..2 {
        let request = world.administrator(post(transaction(1)));
        let filed = world
            .client
            .post_transaction(request)
            .await
            .unwrap()
            .into_inner()
            .transaction
            .unwrap();
        assert_eq!((filed.terminal_no, filed.transaction_no), (4, 1));
    }
    let carried = world.event(
        Topic::TranlogReport,
        TILL,
        TransactionLog {
            event_id: "E".to_owned(),
            ..transaction(1)
        },
    );
    world.publish(&[carried.clone(), carried]).await;
    assert_eq!(world.entries().await, ["101 1 110"]);
    for (log, field) in [
        (
            TransactionLog {
                terminal_no: 5,
                ..transaction(2)
            },
            "terminal_no",
        ),
        (
            TransactionLog {
                sales: None,
                ..transaction(2)
            },
            "sales",
        ),
        (
            TransactionLog {
                transaction_no: 0,
                ..transaction(2)
            },
            "transaction_no",
        ),
        (
            TransactionLog {
                generate_date_time: String::new(),
                ..transaction(2)
            },
            "generate_date_time",
        ),
    ] {
        let request = world.administrator(post(log));
        let refused = world.client.post_transaction(request).await.unwrap_err();
        assert_eq!(
            refusal(&refused),
            ("300001", 422, [format!("transaction.{field}").as_str()])
        );
    }
    assert_eq!(world.entries().await, ["101 1 110"]);
}

#[tokio::test]
async fn an_event_takes_the_place_of_what_was_posted_under_its_number() {
    let mut world = World::start();
    let forged = TransactionLog {
        sales: Some(TransactionSales {
            total_amount_with_tax: decimal("649"),
            ..TransactionSales::default()
        }),
        journal_text: "forged".to_owned(),
        ..transaction(1)
    };
    let request = world.administrator(post(forged));
    world.client.post_transaction(request).await.unwrap();
    let found = world.search(pb::SearchJournalsRequest::default()).await.unwrap();
    assert_eq!(world.entries().await, ["101 1 649"]);
    assert!(found.journals[0].is_posted);
    // The batch holds a neighbour, and comes again.
    let batch = [
        world.event(Topic::TranlogReport, TILL, transaction(1)),
        world.event(Topic::TranlogReport, TILL, transaction(2)),
    ];
    for _ in 0..2 {
        world.publish(&batch).await;
        assert_eq!(world.entries().await, ["101 1 110", "101 2 110"]);
    }
    let found = world.search(pb::SearchJournalsRequest::default()).await.unwrap();
    assert!(found.journals.iter().all(|entry| !entry.is_posted));
}

/// Everything but the one permission that counts.
fn clerk() -> Rights {
    let others = Permissions::all()
        .iter()
        .filter(|one| *one != Permission::BooksPost);
    Rights::of([Grant {
        permissions: others.collect(),
        stores: None,
    }])
}

#[tokio::test]
async fn who_is_permitted_posts_and_tills_only_where_older_clients_are_served() {
    let mut world = World::start();
    let (log, by_hand) = (post(transaction(1)), create(entry()));
    for (request, code) in [
        (world.user_with(clerk(), log.clone()), "200002"),
        (world.till("T1-S1-4", log.clone()), "200002"),
    ] {
        let refused = world.client.post_transaction(request).await.unwrap_err();
        assert_eq!(refusal(&refused).code, code);
    }
    for request in [
        world.user_with(clerk(), by_hand.clone()),
        world.till("T1-S1-4", by_hand.clone()),
    ] {
        let refused = world.client.create_journal(request).await.unwrap_err();
        assert_eq!(refusal(&refused).code, "200002");
    }
    assert!(world.entries().await.is_empty());
    let poster = Rights::of([Grant {
        permissions: [Permission::BooksPost].into_iter().collect(),
        stores: Some(["S1".parse().unwrap()].into()),
    }]);
    let request = world.user_with(poster, log.clone());
    world.client.post_transaction(request).await.unwrap();

    let mut world = World::serving_legacy();
    let request = world.till("T1-S1-4", log.clone());
    world.client.post_transaction(request).await.unwrap();
    let request = world.till("T1-S1-4", by_hand);
    world.client.create_journal(request).await.unwrap();
    assert_eq!(world.entries().await.len(), 2);
    for request in [world.user_with(clerk(), log.clone()), world.till("T1-S1-5", log)] {
        let refused = world.client.post_transaction(request).await.unwrap_err();
        assert_eq!(refusal(&refused).code, "200002");
    }
}

#[tokio::test]
async fn what_is_posted_needs_a_known_terminal_and_no_texts() {
    let mut world = World::start();
    let mut log = TransactionLog {
        terminal_no: 5,
        ..transaction(1)
    };
    let request = pb::PostTransactionRequest {
        terminal_no: 5,
        ..post(log.clone())
    };
    let request = world.administrator(request);
    let refused = world.client.post_transaction(request).await.unwrap_err();
    assert_eq!(refusal(&refused).http, 404);
    let request = pb::CreateJournalRequest {
        terminal_no: 5,
        ..create(pb::NewJournalEntry {
            terminal_no: Some(5),
            ..entry()
        })
    };
    let request = world.administrator(request);
    let refused = world.client.create_journal(request).await.unwrap_err();
    assert_eq!(refusal(&refused).http, 404);

    log.terminal_no = 4;
    log.store_name.clear();
    let request = world.administrator(post(log));
    world.client.post_transaction(request).await.unwrap();
    let request = world.administrator(create(pb::NewJournalEntry {
        journal_text: None,
        receipt_text: None,
        ..entry()
    }));
    world.client.create_journal(request).await.unwrap();
    assert_eq!(world.entries().await, ["501 - 12.5", "101 1 110"]);
}
