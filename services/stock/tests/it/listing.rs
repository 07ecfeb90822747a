//! Changes by hand, lists, and what is refused.

use futures::StreamExt;
use kugel_proto::stock::v1 as pb;
use kugel_stand::{decimal, refusal, repeatable};

use crate::support::{World, event, transaction, update_request};

async fn items(world: &mut World, page: Option<i32>, limit: Option<i32>) -> (Vec<String>, i64) {
    let message = pb::ListStocksRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
        page,
        limit,
    };
    let request = world.user(message);
    let answer = world.client.list_stocks(request).await.unwrap().into_inner();
    (
        answer.data.into_iter().map(|stock| stock.item_code).collect(),
        answer.metadata.unwrap().total,
    )
}

#[tokio::test]
async fn the_example_of_the_contract() {
    let mut world = World::start();
    let sale = world.update("A", "sale", "-3").await.unwrap();
    assert_eq!(
        (sale.before_quantity, sale.after_quantity),
        (decimal("0"), decimal("-3"))
    );
    let purchase = world.update("A", "purchase", "10.5").await.unwrap();
    assert_eq!(
        (purchase.before_quantity, purchase.after_quantity),
        (decimal("-3"), decimal("7.5"))
    );
    assert_eq!(purchase.operator_id.as_deref(), Some("mori"));
    let request = world.till("T1-S1-4", update_request("A", "damage", "-0.5"));
    let damage = world
        .client
        .update_stock(request)
        .await
        .unwrap()
        .into_inner()
        .update
        .unwrap();
    assert_eq!(damage.operator_id.as_deref(), Some("T1-S1-4"));
    assert_eq!(world.quantity("A").await, "7");
}

#[tokio::test]
async fn lists_are_of_one_store_and_by_item_code() {
    let mut world = World::start();
    for item in ["B", "A", "C"] {
        world.update(item, "initial", "1").await.unwrap();
    }
    let elsewhere = pb::UpdateStockRequest {
        store_code: "S10".into(),
        ..update_request("D", "initial", "1")
    };
    let request = world.user(elsewhere);
    world.client.update_stock(request).await.unwrap();
    assert_eq!(
        items(&mut world, None, None).await,
        (vec!["A".into(), "B".into(), "C".into()], 3)
    );
    assert_eq!(items(&mut world, Some(2), Some(2)).await, (vec!["C".into()], 3));
}

#[tokio::test]
async fn low_items_and_items_to_reorder_are_listed() {
    let mut world = World::start();
    for (item, quantity) in [("A", "10"), ("B", "4"), ("C", "-1"), ("D", "11")] {
        world.update(item, "adjustment", quantity).await.unwrap();
    }
    for item in ["A", "B", "D"] {
        world.set_minimum(item, "5").await;
        world.set_reorder(item, "10").await;
    }
    let scope = |world: &World| {
        world.user(pb::ListLowStocksRequest {
            tenant_id: "T1".into(),
            store_code: "S1".into(),
        })
    };
    let request = scope(&world);
    let low = world.client.list_low_stocks(request).await.unwrap().into_inner();
    let low_items: Vec<_> = low.data.iter().map(|stock| stock.item_code.as_str()).collect();
    assert_eq!(low_items, ["B", "C"]);
    assert_eq!(low.metadata.unwrap().limit, 2);
    let request = world.user(pb::ListReorderAlertsRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
    });
    let reorder = world
        .client
        .list_reorder_alerts(request)
        .await
        .unwrap()
        .into_inner();
    let reorder_items: Vec<_> = reorder
        .data
        .iter()
        .map(|stock| stock.item_code.as_str())
        .collect();
    assert_eq!(reorder_items, ["A", "B"]);
    world.update("B", "purchase", "10").await.unwrap();
    let request = scope(&world);
    assert_eq!(
        world
            .client
            .list_low_stocks(request)
            .await
            .unwrap()
            .into_inner()
            .data
            .len(),
        1
    );
}

#[tokio::test]
async fn bad_input_is_refused_by_name_and_changes_nothing() {
    let mut world = World::start();
    for (request, expected) in [
        (
            update_request("A", "sale", "1"),
            ("414102", 400, ["quantity_change"]),
        ),
        (
            update_request("A", "transfer_in", "-1"),
            ("414102", 400, ["quantity_change"]),
        ),
        (
            update_request("A", "Sale", "-1"),
            ("300001", 422, ["update_type"]),
        ),
        (
            update_request("A", "sale", "many"),
            ("300001", 422, ["quantity_change"]),
        ),
        (
            update_request("A", "adjustment", "1000000000000"),
            ("300001", 422, ["quantity_change"]),
        ),
        (
            update_request(" A", "adjustment", "1"),
            ("300001", 422, ["item_code"]),
        ),
        (
            pb::UpdateStockRequest {
                quantity_change: None,
                ..update_request("A", "sale", "1")
            },
            ("300001", 422, ["quantity_change"]),
        ),
        (
            pb::UpdateStockRequest {
                tenant_id: "T2".into(),
                ..update_request("A", "sale", "-1")
            },
            ("100000", 400, ["tenant_id"]),
        ),
    ] {
        let request = world.user(request);
        let refused = world.client.update_stock(request).await.unwrap_err();
        assert_eq!(refusal(&refused), expected);
    }
    let request = world.till("T1-S2-1", update_request("A", "sale", "-1"));
    assert_eq!(
        refusal(&world.client.update_stock(request).await.unwrap_err()).code,
        "200002"
    );
    let message = pb::GetStockRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
        item_code: "A".into(),
    };
    let request = world.user(message);
    assert_eq!(
        refusal(&world.client.get_stock(request).await.unwrap_err()).code,
        "414001"
    );
    for (page, limit) in [(Some(0), None), (None, Some(0)), (None, Some(1001))] {
        let message = pb::ListStocksRequest {
            tenant_id: "T1".into(),
            store_code: "S1".into(),
            page,
            limit,
        };
        let request = world.user(message);
        assert_eq!(
            refusal(&world.client.list_stocks(request).await.unwrap_err()).http,
            422
        );
    }
}

#[tokio::test]
async fn thresholds_must_be_there_and_not_negative() {
    let mut world = World::start();
    for (minimum, field) in [(None, "minimum_quantity"), (decimal("-1"), "minimum_quantity")] {
        let message = pb::SetMinimumQuantityRequest {
            tenant_id: "T1".into(),
            store_code: "S1".into(),
            item_code: "A".into(),
            minimum_quantity: minimum,
        };
        let request = world.user(message);
        let refused = world.client.set_minimum_quantity(request).await.unwrap_err();
        assert_eq!(refusal(&refused), ("300001", 422, [field]));
    }
    world.set_minimum("A", "3").await;
    assert_eq!(world.quantity("A").await, "0");
    assert!(world.history("A").await.is_empty());
}

#[tokio::test]
async fn the_history_streams_by_store_item_and_sequence() {
    let mut world = World::start();
    let sales: Vec<_> = (1..=700)
        .map(|number| event(transaction(number, 101, &[("A", "1"), ("A/1", "1")])))
        .collect();
    world.publish(&sales).await;
    let message = pb::StreamStockUpdatesRequest {
        tenant_id: "T1".into(),
        store_code: String::new(),
    };
    let request = world.user(message);
    let stream = world
        .client
        .stream_stock_updates(request)
        .await
        .unwrap()
        .into_inner();
    let rows: Vec<_> = stream
        .map(|row| row.unwrap().update.unwrap())
        .map(|row| (row.item_code, row.sequence))
        .collect()
        .await;
    let expected: Vec<_> = ["A/1", "A"]
        .iter()
        .flat_map(|item| (1..=700).map(|sequence| ((*item).to_owned(), sequence)))
        .collect();
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn a_request_with_an_id_is_carried_out_once() {
    let mut world = World::start();
    let mut first = None;
    for _ in 0..3 {
        let request = repeatable("r1", world.user(update_request("A", "purchase", "5")));
        let update = world
            .client
            .update_stock(request)
            .await
            .unwrap()
            .into_inner()
            .update
            .unwrap();
        assert_eq!(*first.get_or_insert(update.clone()), update);
        world.clock.advance(1);
    }
    assert_eq!(world.quantity("A").await, "5");
    let request = repeatable("r1", world.user(update_request("A", "purchase", "6")));
    let refused = world.client.update_stock(request).await.unwrap_err();
    assert_eq!(refusal(&refused), ("300001", 400, ["request_id"]));
    let same_id_of_another = repeatable("r1", world.till("T1-S1-4", update_request("A", "purchase", "6")));
    world.client.update_stock(same_id_of_another).await.unwrap();
    let at_once = (0..8).map(|_| {
        let mut client = world.client.clone();
        let request = repeatable("r2", world.user(update_request("A", "purchase", "1")));
        async move { client.update_stock(request).await.unwrap() }
    });
    futures::future::join_all(at_once).await;
    assert_eq!(world.quantity("A").await, "12");
    let too_long = repeatable(&"x".repeat(129), world.user(update_request("A", "purchase", "1")));
    assert_eq!(
        refusal(&world.client.update_stock(too_long).await.unwrap_err()).http,
        422
    );
}

#[tokio::test]
async fn a_snapshot_with_a_request_id_is_taken_once() {
    let mut world = World::start();
    let order = || pb::CreateSnapshotRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
        created_by: None,
    };
    let mut taken = Vec::new();
    for _ in 0..2 {
        let request = repeatable("r1", world.user(order()));
        taken.push(
            world
                .client
                .create_snapshot(request)
                .await
                .unwrap()
                .into_inner()
                .snapshot
                .unwrap(),
        );
    }
    assert_eq!(taken[0], taken[1]);
    let mixed = repeatable("r1", world.user(update_request("A", "purchase", "1")));
    assert_eq!(
        refusal(&world.client.update_stock(mixed).await.unwrap_err()).http,
        400
    );
}
