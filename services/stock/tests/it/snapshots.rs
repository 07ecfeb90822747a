//! Snapshots, taken by hand and on schedule.

use kugel_proto::stock::v1 as pb;
use kugel_stand::refusal;

use crate::support::{World, update_request};

async fn take(world: &mut World) -> pb::Snapshot {
    let request = world.user(pb::CreateSnapshotRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
        created_by: None,
    });
    world
        .client
        .create_snapshot(request)
        .await
        .unwrap()
        .into_inner()
        .snapshot
        .unwrap()
}

async fn list(world: &mut World, start: Option<&str>, end: Option<&str>) -> Vec<pb::Snapshot> {
    let request = world.user(pb::ListSnapshotsRequest {
        tenant_id: "T1".into(),
        store_code: "S1".into(),
        start_date: start.map(str::to_owned),
        end_date: end.map(str::to_owned),
        page: None,
        limit: None,
    });
    world
        .client
        .list_snapshots(request)
        .await
        .unwrap()
        .into_inner()
        .data
}

fn schedule() -> pb::SetSnapshotScheduleRequest {
    pb::SetSnapshotScheduleRequest {
        tenant_id: "T1".into(),
        schedule_interval: "daily".into(),
        schedule_hour: Some(13),
        ..pb::SetSnapshotScheduleRequest::default()
    }
}

async fn set(world: &mut World, request: pb::SetSnapshotScheduleRequest) -> pb::SnapshotSchedule {
    let request = world.user(request);
    world
        .client
        .set_snapshot_schedule(request)
        .await
        .unwrap()
        .into_inner()
        .schedule
        .unwrap()
}

#[tokio::test]
async fn a_snapshot_holds_the_store_and_is_found_by_its_id() {
    let mut world = World::start();
    world.update("B", "initial", "2.5").await.unwrap();
    world.update("A", "initial", "-1").await.unwrap();
    let taken = take(&mut world).await;
    assert_eq!(
        (
            taken.total_items,
            taken.total_quantity.as_ref().unwrap().value.as_str()
        ),
        (2, "1.5")
    );
    assert_eq!(
        taken.generate_date_time.as_deref(),
        Some("2026-03-05T12:00:00.000000+09:00")
    );
    assert_eq!(taken.created_by, "system");
    world.update("A", "adjustment", "9").await.unwrap();
    let message = |id: &str, store: &str| pb::GetSnapshotRequest {
        tenant_id: "T1".into(),
        store_code: store.into(),
        snapshot_id: id.into(),
    };
    let request = world.user(message(&taken.snapshot_id, "S1"));
    assert_eq!(
        world
            .client
            .get_snapshot(request)
            .await
            .unwrap()
            .into_inner()
            .snapshot
            .unwrap(),
        taken
    );
    for (id, store) in [(taken.snapshot_id.as_str(), "S2"), ("none", "S1")] {
        let request = world.user(message(id, store));
        assert_eq!(
            refusal(&world.client.get_snapshot(request).await.unwrap_err()).code,
            "414202"
        );
    }
}

#[tokio::test]
async fn the_last_day_of_a_list_is_inclusive() {
    let mut world = World::start();
    let first = take(&mut world).await.snapshot_id;
    world.clock.advance(24 * 3600);
    let second = take(&mut world).await.snapshot_id;
    let ids = |rows: Vec<pb::Snapshot>| rows.into_iter().map(|row| row.snapshot_id).collect::<Vec<_>>();
    assert_eq!(
        ids(list(&mut world, None, None).await),
        [second.clone(), first.clone()]
    );
    assert_eq!(
        ids(list(&mut world, Some("2026-03-05"), Some("2026-03-05")).await),
        std::slice::from_ref(&first)
    );
    assert_eq!(
        ids(list(&mut world, Some("2026-03-05T03:00:01Z"), None).await),
        [second]
    );
    assert_eq!(ids(list(&mut world, None, Some("20260305")).await), [first]);
}

#[tokio::test]
async fn a_schedule_is_shown_replaced_and_deleted() {
    let mut world = World::start();
    let get = |world: &World| {
        world.user(pb::GetSnapshotScheduleRequest {
            tenant_id: "T1".into(),
        })
    };
    let request = get(&world);
    let default = world
        .client
        .get_snapshot_schedule(request)
        .await
        .unwrap()
        .into_inner()
        .schedule
        .unwrap();
    assert!(default.enabled);
    assert_eq!((default.schedule_hour, default.retention_days), (2, 30));
    assert_eq!(default.target_stores, ["all"]);
    let stored = set(&mut world, schedule()).await;
    assert_eq!(stored.next_execution_at.as_deref(), Some("2026-03-05T04:00:00Z"));
    assert_eq!(stored.created_by.as_deref(), Some("mori"));
    let disabled = set(
        &mut world,
        pb::SetSnapshotScheduleRequest {
            enabled: Some(false),
            ..schedule()
        },
    )
    .await;
    assert_eq!((disabled.enabled, disabled.next_execution_at), (false, None));
    let request = world.user(pb::DeleteSnapshotScheduleRequest {
        tenant_id: "T1".into(),
    });
    assert!(
        world
            .client
            .delete_snapshot_schedule(request)
            .await
            .unwrap()
            .into_inner()
            .deleted
    );
    let request = get(&world);
    let again = world
        .client
        .get_snapshot_schedule(request)
        .await
        .unwrap()
        .into_inner()
        .schedule
        .unwrap();
    assert_eq!(again, default);
    for (request, expected) in [
        (
            pb::SetSnapshotScheduleRequest {
                schedule_hour: None,
                ..schedule()
            },
            ("300001", 422, ["schedule_hour"]),
        ),
        (
            pb::SetSnapshotScheduleRequest {
                schedule_interval: "weekly".into(),
                ..schedule()
            },
            ("414203", 400, ["schedule_day_of_week"]),
        ),
        (
            pb::SetSnapshotScheduleRequest {
                retention_days: Some(366),
                ..schedule()
            },
            ("414203", 400, ["retention_days"]),
        ),
    ] {
        let request = world.user(request);
        let refused = world.client.set_snapshot_schedule(request).await.unwrap_err();
        assert_eq!(refusal(&refused), expected);
    }
}

#[tokio::test]
async fn the_scheduler_takes_each_snapshot_once_and_removes_old_ones() {
    let mut world = World::start();
    world.update("A", "initial", "1").await.unwrap();
    let by_hand = take(&mut world).await;
    let (scheduler, other_process) = (world.app(), world.app());
    set(
        &mut world,
        pb::SetSnapshotScheduleRequest {
            retention_days: Some(1),
            ..schedule()
        },
    )
    .await;
    // Due at 04:00 UTC; it is 03:00.
    scheduler.run_due().await;
    assert_eq!(list(&mut world, None, None).await.len(), 1);
    world.clock.advance(3600);
    scheduler.run_due().await;
    other_process.run_due().await;
    scheduler.run_due().await;
    let snapshots = list(&mut world, None, None).await;
    assert_eq!(snapshots.len(), 2);
    assert_eq!(snapshots[0].created_by, "scheduled_system");
    assert_eq!(snapshots[0].snapshot_id, "S1-20260305T040000Z");
    // A day and a half later the first day's are too old, and the run of the day between is too late to be made up.
    world.clock.advance(36 * 3600);
    scheduler.run_due().await;
    let left = list(&mut world, None, None).await;
    assert!(
        left.iter()
            .all(|snapshot| snapshot.snapshot_id != by_hand.snapshot_id)
    );
    assert_eq!(left.len(), 0);
    world.clock.advance(12 * 3600);
    scheduler.run_due().await;
    assert_eq!(list(&mut world, None, None).await.len(), 1);
}

#[tokio::test]
async fn all_stores_are_those_that_have_stock() {
    let mut world = World::start();
    for store in ["S1", "S10", "S2", "a_b"] {
        let message = pb::UpdateStockRequest {
            store_code: store.into(),
            ..update_request("A", "initial", "1")
        };
        let request = world.user(message);
        world.client.update_stock(request).await.unwrap();
    }
    let scope = world.scope();
    let stores = world.app().stores_with_stock(&scope).await.unwrap();
    let stores: Vec<_> = stores.iter().map(ToString::to_string).collect();
    assert_eq!(stores, ["S1", "S10", "S2", "a_b"]);
}
