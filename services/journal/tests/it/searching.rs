//! Every filter restricts as it says.

use futures::StreamExt;
use kugel_bus::Topic;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::journal::v1 as pb;
use kugel_proto::journal::v1::SearchJournalsRequest as Search;

use kugel_stand::refusal;

use crate::support::{TILL, World, transaction};

/// Ten sales: terminals 1 and 2 in turn, two days, a sale a minute from 12:01 in Tokyo.
async fn world() -> World {
    let world = World::start();
    let logs = (1..=10).map(|number| TransactionLog {
        terminal_no: if number % 2 == 1 { 1 } else { 2 },
        business_date: if number <= 5 {
            "20260304".to_owned()
        } else {
            "20260305".to_owned()
        },
        journal_text: format!("sale {number} 100% (a+b)"),
        ..transaction(number)
    });
    let events: Vec<_> = logs
        .map(|log| world.event(Topic::TranlogReport, TILL, log))
        .collect();
    world.publish(&events).await;
    world
}

#[track_caller]
fn numbers(found: &pb::SearchJournalsResponse) -> Vec<i64> {
    let mut numbers: Vec<_> = found
        .journals
        .iter()
        .filter_map(|entry| entry.transaction_no)
        .collect();
    numbers.sort_unstable();
    assert_eq!(
        found.metadata.as_ref().unwrap().total,
        i64::try_from(numbers.len()).unwrap()
    );
    numbers
}

#[tokio::test]
async fn filters_are_joined_and_open_ends_are_no_limit() {
    let mut world = world().await;
    let text = |text: &str| Some(text.to_owned());
    for (search, expected) in [
        (
            Search {
                terminals: vec![1],
                ..Search::default()
            },
            vec![1, 3, 5, 7, 9],
        ),
        (
            Search {
                terminals: vec![1, 2],
                transaction_types: vec![102],
                ..Search::default()
            },
            vec![],
        ),
        (
            Search {
                business_date_from: text("20260305"),
                ..Search::default()
            },
            vec![6, 7, 8, 9, 10],
        ),
        (
            Search {
                business_date_to: text("20260304"),
                terminals: vec![2],
                ..Search::default()
            },
            vec![2, 4],
        ),
        (
            Search {
                receipt_no_from: Some(111_119),
                ..Search::default()
            },
            vec![9, 10],
        ),
        (
            Search {
                receipt_no_to: Some(111_111),
                ..Search::default()
            },
            vec![1],
        ),
        (
            Search {
                receipt_no_from: Some(0),
                receipt_no_to: Some(0),
                ..Search::default()
            },
            vec![],
        ),
        (
            Search {
                generate_date_time_from: text("20260305T120900"),
                ..Search::default()
            },
            vec![9, 10],
        ),
        (
            Search {
                generate_date_time_from: text("2026-03-05T03:09:00Z"),
                ..Search::default()
            },
            vec![9, 10],
        ),
        (
            Search {
                generate_date_time_to: text("2026-03-05T12:02"),
                ..Search::default()
            },
            vec![1, 2],
        ),
        (
            Search {
                generate_date_time_to: text("20260304"),
                ..Search::default()
            },
            vec![],
        ),
        (
            Search {
                keywords: vec!["sale 1 ".into(), "sale 10".into()],
                ..Search::default()
            },
            vec![1, 10],
        ),
        (
            Search {
                keywords: vec!["SALE".into()],
                ..Search::default()
            },
            vec![],
        ),
        (
            Search {
                keywords: vec!["100% (a+b)".into()],
                terminals: vec![1],
                ..Search::default()
            },
            vec![1, 3, 5, 7, 9],
        ),
        (
            Search {
                keywords: vec![".*".into(), "%".into(), "_".into()],
                receipt_no_to: Some(111_112),
                ..Search::default()
            },
            vec![1, 2],
        ),
        (
            Search {
                keywords: vec![".*".into(), "_".into()],
                ..Search::default()
            },
            vec![],
        ),
    ] {
        let found = world.search(search.clone()).await.unwrap();
        assert_eq!(numbers(&found), expected, "{search:?}");
    }
}

#[tokio::test]
async fn pages_joined_equal_the_whole_list() {
    let mut world = world().await;
    let mut joined = Vec::new();
    for page in 1..=4 {
        let found = world
            .search(Search {
                limit: Some(3),
                page: Some(page),
                ..Search::default()
            })
            .await
            .unwrap();
        let metadata = found.metadata.unwrap();
        assert_eq!((metadata.total, metadata.page, metadata.limit), (10, page, 3));
        assert_eq!(
            metadata.sort.as_deref(),
            Some("terminal_no:1, business_date:1, receipt_no:1")
        );
        assert_eq!(metadata.filter["store_code"], "S1");
        joined.extend(found.journals);
    }
    let whole = world
        .search(Search {
            limit: Some(0),
            ..Search::default()
        })
        .await
        .unwrap()
        .journals;
    assert_eq!(joined, whole);
    let order: Vec<_> = whole.iter().filter_map(|entry| entry.transaction_no).collect();
    assert_eq!(order, [1, 3, 5, 7, 9, 2, 4, 6, 8, 10]);
    let newest = Search {
        sort: Some("generate_date_time:-1".into()),
        limit: Some(2),
        ..Search::default()
    };
    let newest = world.search(newest).await.unwrap().journals;
    assert_eq!(
        newest
            .iter()
            .filter_map(|entry| entry.transaction_no)
            .collect::<Vec<_>>(),
        [10, 9]
    );
}

#[tokio::test]
async fn bad_searches_are_refused_by_name() {
    let mut world = World::start();
    let text = |text: &str| Some(text.to_owned());
    for (search, field) in [
        (
            Search {
                page: Some(0),
                ..Search::default()
            },
            "page",
        ),
        (
            Search {
                limit: Some(-1),
                ..Search::default()
            },
            "limit",
        ),
        (
            Search {
                sort: text("terminal_no"),
                ..Search::default()
            },
            "sort",
        ),
        (
            Search {
                sort: text("journal_text:1"),
                ..Search::default()
            },
            "sort",
        ),
        (
            Search {
                terminals: vec![0],
                ..Search::default()
            },
            "terminals",
        ),
        (
            Search {
                business_date_to: text("20260230"),
                ..Search::default()
            },
            "business_date_to",
        ),
        (
            Search {
                generate_date_time_from: text("noon"),
                ..Search::default()
            },
            "generate_date_time_from",
        ),
    ] {
        let refused = world.search(search).await.unwrap_err();
        assert_eq!(refusal(&refused), ("300001", 422, [field]));
    }
    let request = world.user(Search {
        tenant_id: "T2".into(),
        store_code: "S1".into(),
        ..Search::default()
    });
    assert_eq!(
        refusal(&world.client.search_journals(request).await.unwrap_err()).code,
        "100000"
    );
}

#[tokio::test]
async fn a_stream_holds_everything_that_matches_in_order() {
    let mut world = World::start();
    let events: Vec<_> = (1..=1200)
        .map(|number| world.event(Topic::TranlogReport, TILL, transaction(number)))
        .collect();
    world.publish(&events).await;
    let request = world.user(pb::StreamJournalsRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
        search: Some(Search {
            receipt_no_from: Some(111_120),
            limit: Some(1),
            ..Search::default()
        }),
    });
    let stream = world.client.stream_journals(request).await.unwrap().into_inner();
    let numbers: Vec<_> = stream
        .map(|row| row.unwrap().journal.unwrap().transaction_no.unwrap())
        .collect()
        .await;
    assert_eq!(numbers, (10..=1200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_holds_what_was_filed_before_the_clock_was_set_back() {
    let mut world = World::start();
    let sales = [1, 2].map(|number| world.event(Topic::TranlogReport, TILL, transaction(number)));
    world.publish(&sales[..1]).await;
    world.clock.advance(-7200);
    world.publish(&sales[1..]).await;
    let request = world.user(pb::StreamJournalsRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
        search: None,
    });
    let stream = world.client.stream_journals(request).await.unwrap().into_inner();
    assert_eq!(stream.count().await, 2);
}
