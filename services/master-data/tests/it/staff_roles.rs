//! Whose staff somebody may enter, change and remove.

use kugel_auth::{Grant, Permission, Rights};
use kugel_proto::account::v1 as accounts;
use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::staff_service_client::StaffServiceClient;
use kugel_stand::StandIn;
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::world::{TENANT, World, refusal};

/// An account service with these roles; one that is away if there are none.
fn with_roles(roles: &'static [(&str, &str)]) -> StandIn {
    let stand_in = StandIn::default().answering(|_, _: accounts::GetUserStandingRequest| {
        let standing = Some(accounts::UserStanding::default());
        Ok(accounts::GetUserStandingResponse { standing })
    });
    stand_in.answering(move |_, _: accounts::ListRolesRequest| {
        let roles: Vec<_> = roles
            .iter()
            .map(|(name, permission)| accounts::Role {
                name: (*name).to_owned(),
                permissions: vec![(*permission).to_owned()],
                ..Default::default()
            })
            .collect();
        match roles.is_empty() {
            true => Err(Status::unavailable("account is away")),
            false => Ok(accounts::ListRolesResponse { roles }),
        }
    })
}

fn create(role: &str) -> pb::CreateStaffRequest {
    pb::CreateStaffRequest {
        tenant_id: TENANT.to_owned(),
        staff: Some(pb::StaffEntry {
            id: format!("with-{role}"),
            name: "Mori".to_owned(),
            pin: "8080".to_owned(),
            roles: vec![role.to_owned()],
        }),
    }
}

fn keeper() -> Rights {
    let permissions = [Permission::StaffWrite, Permission::SalesSell]
        .into_iter()
        .collect();
    Rights::of([Grant {
        permissions,
        stores: None,
    }])
}

#[tokio::test]
async fn a_refusal_names_the_role_and_what_it_permits() {
    // The last is a permission of a version to come: nobody here has it.
    let world = World::beside(with_roles(&[
        ("seller", "sales.sell"),
        ("mover", "cash.move"),
        ("later", "sales.lend"),
    ]));
    let mut staff = StaffServiceClient::new(world.channel.clone());
    for role in ["seller", "cashier", "unknown"] {
        let request = world.stand.user_with(keeper(), create(role));
        staff.create_staff(request).await.unwrap();
    }
    for (role, permission) in [("mover", "cash.move"), ("later", "sales.lend")] {
        let request = world.stand.user_with(keeper(), create(role));
        let refused = staff.create_staff(request).await.unwrap_err();
        let told = refused.get_details_error_info().unwrap().metadata;
        assert_eq!((&*told["role"], &*told["permission"]), (role, permission));
        assert_eq!(refusal(Err::<(), _>(refused)), "200002");
    }
    let services = world.service(create("mover"));
    staff.create_staff(services).await.unwrap();
}

#[tokio::test]
async fn nobody_but_an_owner_writes_staff_whose_roles_cannot_be_asked_for() {
    let world = World::beside(with_roles(&[]));
    let mut staff = StaffServiceClient::new(world.channel.clone());
    staff.create_staff(world.user(create("mover"))).await.unwrap();
    let create = create("mover");
    let update = pb::UpdateStaffRequest {
        tenant_id: create.tenant_id.clone(),
        staff: create.staff.clone(),
    };
    let delete = pb::DeleteStaffRequest {
        tenant_id: create.tenant_id.clone(),
        id: "with-mover".to_owned(),
    };
    let by = &world.stand;
    let refused = staff.create_staff(by.user(create)).await;
    assert_eq!(refusal(refused), "405001");
    let refused = staff.update_staff(by.user(update)).await;
    assert_eq!(refusal(refused), "405001");
    let refused = staff.delete_staff(by.user(delete)).await;
    assert_eq!(refusal(refused), "405001");
}
