//! What the security log is told of the staff.

use kugel_bus::Topic;
use kugel_proto::account::v1::{SecurityEvent, SecurityEventKind as Kind};
use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::staff_service_client::StaffServiceClient;
use kugel_stand::repeatable;

use crate::world::{TENANT, World};

#[tokio::test]
async fn each_change_of_the_staff_is_told_once_and_without_the_pin() {
    let world = World::start();
    let heard = world.stand.hear("account", &[Topic::StaffSecurity]);
    let mut staff = StaffServiceClient::new(world.channel.clone());
    let entry = |pin: &str| {
        Some(pb::StaffEntry {
            id: "31".to_owned(),
            name: "Mori".to_owned(),
            pin: pin.to_owned(),
            roles: Vec::new(),
        })
    };
    for _ in 0..2 {
        let create = pb::CreateStaffRequest {
            tenant_id: TENANT.to_owned(),
            staff: entry("8080"),
        };
        staff
            .create_staff(repeatable("k-1", world.user(create)))
            .await
            .unwrap();
        let update = pb::UpdateStaffRequest {
            tenant_id: TENANT.to_owned(),
            staff: entry("9091"),
        };
        staff
            .update_staff(repeatable("k-2", world.user(update)))
            .await
            .unwrap();
        let delete = pb::DeleteStaffRequest {
            tenant_id: TENANT.to_owned(),
            id: "31".to_owned(),
        };
        staff
            .delete_staff(repeatable("k-3", world.user(delete)))
            .await
            .unwrap();
    }
    world.stand.settle().await;
    let entries = heard.logs::<SecurityEvent>();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.kind(), entry.subject.as_str(), entry.actor.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Kind::StaffCreated, "31", "hq-owner"),
            (Kind::StaffChanged, "31", "hq-owner"),
            (Kind::StaffDeleted, "31", "hq-owner"),
        ]
    );
    for event in heard.events() {
        let text = event.body.text();
        assert!(!text.contains("8080") && !text.contains("9091"), "{text}");
        assert_eq!((&event.store, event.terminal), (&None, None));
    }
}
