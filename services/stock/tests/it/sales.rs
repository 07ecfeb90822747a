//! Transactions change stock exactly once.

use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::{World, event, transaction, update_request};

#[tokio::test]
async fn each_kind_of_transaction_moves_goods_its_way() {
    let mut world = World::start();
    world
        .publish(&[
            event(transaction(1, 101, &[("A", "4"), ("B", "1.5"), ("A", "2")])),
            event(transaction(2, 102, &[("A", "4")])),
            event(transaction(3, 202, &[("A", "4")])),
            event(transaction(4, 201, &[("B", "1.5")])),
        ])
        .await;
    assert_eq!(world.quantity("A").await, "-6");
    assert_eq!(world.quantity("B").await, "0");
    let history: Vec<_> = world
        .history("A")
        .await
        .into_iter()
        .map(|update| {
            let [change, before, after] = [
                update.quantity_change,
                update.before_quantity,
                update.after_quantity,
            ]
            .map(|value| value.unwrap().value);
            format!(
                "{} {} {change}: {before} -> {after} {}",
                update.sequence,
                update.update_type,
                update.reference_id.unwrap()
            )
        })
        .collect();
    assert_eq!(
        history,
        [
            "4 void_return -4: -2 -> -6 S1-4-3",
            "3 return 4: -6 -> -2 S1-4-2",
            "2 sale -2: -4 -> -6 S1-4-1",
            "1 sale -4: 0 -> -4 S1-4-1",
        ]
    );
}

#[tokio::test]
async fn what_moves_no_goods_counts_as_processed() {
    let mut world = World::start();
    let mut cancelled = transaction(1, 101, &[("A", "4")]);
    cancelled.sales.as_mut().unwrap().is_cancelled = true;
    let mut cancelled_line = transaction(2, 101, &[("A", "4"), ("A", "1")]);
    cancelled_line.line_items[0].is_cancelled = true;
    let nothing = transaction(3, 101, &[("A", "0")]);
    world
        .publish(&[cancelled, cancelled_line, nothing].map(event))
        .await;
    assert_eq!(world.quantity("A").await, "-1");
    assert_eq!(world.history("A").await.len(), 1);
}

#[tokio::test]
async fn a_repeated_event_counts_once() {
    let mut world = World::start();
    let [first, second, third] = [1, 2, 3].map(|number| event(transaction(number, 101, &[("A", "1")])));
    world.publish(&[first.clone(), first.clone()]).await;
    assert_eq!(world.quantity("A").await, "-1");
    world
        .publish(&[second.clone(), first.clone(), third.clone(), second])
        .await;
    world.publish(&[third, first]).await;
    assert_eq!(world.quantity("A").await, "-3");
    assert_eq!(world.history("A").await.len(), 3);
}

#[tokio::test]
async fn a_malformed_event_is_parked_and_its_neighbours_pass() {
    let mut world = World::start();
    let mut broken = transaction(2, 101, &[("A", "1")]);
    broken.line_items[0].quantity = None;
    world
        .publish(&[
            event(transaction(1, 101, &[("A", "1")])),
            event(broken),
            event(transaction(4, 301, &[("A", "1")])),
            event(transaction(3, 101, &[("A", "1")])),
        ])
        .await;
    assert_eq!(world.quantity("A").await, "-2");
}

#[tokio::test]
async fn sales_and_changes_by_hand_at_the_same_time_lose_nothing() {
    let mut world = World::start();
    let events: Vec<_> = (1..=200)
        .map(|number| event(transaction(number, 101, &[("A", "1"), ("B", "1")])))
        .collect();
    let by_hand = (0..40).map(|_| {
        let mut client = world.client.clone();
        let request = world.user(update_request("A", "purchase", "10"));
        async move { client.update_stock(request).await.unwrap() }
    });
    futures::join!(world.publish(&events), futures::future::join_all(by_hand));
    assert_eq!(world.quantity("A").await, "200");
    assert_eq!(world.quantity("B").await, "-200");
    check_history(&mut world, "A").await;
}

/// The history begins at nothing, has no holes, and each step begins where the one before ended.
async fn check_history(world: &mut World, item: &str) {
    let mut quantity = Decimal::ZERO;
    let mut history = world.history(item).await;
    history.reverse();
    for (position, update) in history.into_iter().enumerate() {
        let [change, before, after] = [
            update.quantity_change,
            update.before_quantity,
            update.after_quantity,
        ]
        .map(|value| value.unwrap().exact().unwrap());
        assert_eq!(
            (update.sequence, before),
            (i64::try_from(position).unwrap() + 1, quantity)
        );
        quantity += change;
        assert_eq!(after, quantity);
    }
    assert_eq!(world.quantity(item).await, quantity.to_string());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    /// Conservation: stock is what came back less what went, whatever the order, the batches and the repetitions.
    #[test]
    fn the_fold_of_events_equals_the_recount(
        bills in prop::collection::vec((0_usize..4, prop::collection::vec((0_usize..3, 1_u32..50), 1..6)), 1..30),
        repeated in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let types = [(101, -1), (102, 1), (201, 1), (202, -1)];
        let items = ["A", "B", "C/1"];
        let mut expected = [0_i64; 3];
        let mut events = Vec::new();
        for (number, (kind, lines)) in bills.iter().enumerate() {
            let (transaction_type, sign) = types[*kind];
            let quantities: Vec<String> = lines.iter().map(|(_, quantity)| quantity.to_string()).collect();
            let rows: Vec<_> = lines.iter().zip(&quantities).map(|((item, _), text)| (items[*item], text.as_str())).collect();
            for (item, quantity) in lines {
                expected[*item] += sign * i64::from(*quantity);
            }
            events.push(event(transaction(i64::try_from(number).unwrap() + 1, transaction_type, &rows)));
        }
        let repetitions: Vec<_> = repeated.iter().map(|index| events[index.index(bills.len())].clone()).collect();
        events.extend(repetitions);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::start();
            world.publish(&events).await;
            for (item, expected) in items.iter().zip(expected) {
                if !world.history(item).await.is_empty() {
                    check_history(&mut world, item).await;
                    assert_eq!(world.quantity(item).await, expected.to_string());
                }
            }
        });
    }
}
