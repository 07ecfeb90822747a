//! Roles: what they permit, who gives them, and that nobody gives more than he has.

use kugel_auth::{Principal, Reach};
use kugel_proto::account::v1 as pb;
use kugel_proto::account::v1::role_service_client::RoleServiceClient;
use kugel_proto::{Decimal, Permission};
use tonic::Request;

use crate::world::{OWNER, PASSWORD, World, bearer, refusal};

pub(crate) fn role(name: &str, permissions: &[&str]) -> pb::Role {
    pb::Role {
        name: name.into(),
        description: "of the test".into(),
        permissions: permissions.iter().map(|&name| name.to_owned()).collect(),
        ..Default::default()
    }
}

pub(crate) fn given(role: &str, stores: &[&str]) -> pb::RoleGrant {
    pb::RoleGrant {
        role: role.into(),
        store_codes: stores.iter().map(|&code| code.to_owned()).collect(),
    }
}

impl World {
    pub(crate) fn roles(&self) -> RoleServiceClient<kugel_rpc::Channel> {
        RoleServiceClient::new(self.channel.clone())
    }

    pub(crate) async fn enter_role(&self, role: pb::Role) -> Result<pb::Role, tonic::Status> {
        let message = pb::CreateRoleRequest { role: Some(role) };
        let answer = self.roles().create_role(self.owner(message)).await?;
        Ok(answer.into_inner().role.unwrap())
    }

    pub(crate) async fn change_role(&self, role: pb::Role) -> Result<pb::Role, tonic::Status> {
        let message = pb::UpdateRoleRequest { role: Some(role) };
        let answer = self.roles().update_role(self.owner(message)).await?;
        Ok(answer.into_inner().role.unwrap())
    }

    /// Adds a user with roles and logs him in.
    pub(crate) async fn user_with(&mut self, username: &str, roles: Vec<pb::RoleGrant>) -> String {
        let message = pb::CreateUserRequest {
            username: username.into(),
            password: PASSWORD.into(),
            roles,
        };
        let request = self.owner(message);
        self.client.create_user(request).await.unwrap();
        self.token(username, PASSWORD).await.unwrap()
    }

    async fn give(
        &mut self,
        token: &str,
        username: &str,
        roles: Vec<pb::RoleGrant>,
    ) -> Result<pb::UserAccount, tonic::Status> {
        let message = pb::SetUserRolesRequest {
            username: username.into(),
            roles,
        };
        let answer = self.client.set_user_roles(bearer(token, message)).await?;
        Ok(answer.into_inner().user.unwrap())
    }

    /// True if a token permits something there.
    fn permits(&self, token: &str, permission: Permission, reach: Reach<'_>) -> bool {
        let principal = self.tokens().verify(token).unwrap();
        let Principal::User(claims) = &*principal else {
            panic!("a user's token");
        };
        claims.rights.allow(permission, reach)
    }
}

#[tokio::test]
async fn a_token_carries_what_the_roles_permit_where_they_do() {
    let mut world = World::start().await;
    world
        .enter_role(role("night", &["cash.move", "cash.drawer"]))
        .await
        .unwrap();
    let roles = vec![given("night", &["tk01"]), given("read_only", &[])];
    let token = world.user_with("mori", roles).await;
    let (own, other) = ("tk01".parse().unwrap(), "tk02".parse().unwrap());
    for (permission, reach, expected) in [
        (Permission::CashMove, Reach::Store(&own), true),
        (Permission::CashMove, Reach::Store(&other), false),
        (Permission::CashMove, Reach::Tenant, false),
        (Permission::ReportsRead, Reach::Tenant, true),
        (Permission::ReportsRead, Reach::Store(&other), true),
        (Permission::ItemsWrite, Reach::AnyStore, false),
    ] {
        assert_eq!(
            world.permits(&token, permission, reach),
            expected,
            "{permission:?} {reach:?}"
        );
    }
    let shown = world
        .client
        .validate_token(bearer(&token, pb::ValidateTokenRequest {}))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((shown.is_superuser, shown.grants.len()), (false, 2));
    assert!(
        shown
            .grants
            .iter()
            .any(|grant| grant.store_codes == ["tk01"] && grant.permissions == ["cash.move", "cash.drawer"])
    );
    assert_eq!(world.read("mori").await.unwrap().roles.len(), 2);
    let nobody = world.user_with("nobody", Vec::new()).await;
    let request = bearer(
        &nobody,
        pb::GetUserRequest {
            username: "nobody".into(),
        },
    );
    assert!(world.client.get_user(request).await.is_ok(), "oneself");
    let request = bearer(
        &nobody,
        pb::GetUserRequest {
            username: OWNER.into(),
        },
    );
    assert_eq!(refusal(world.client.get_user(request).await), "200002");
}

#[tokio::test]
async fn permissions_and_presets_are_listed() {
    let world = World::start().await;
    let request = world.owner(pb::ListPermissionsRequest {});
    let listed = world
        .roles()
        .list_permissions(request)
        .await
        .unwrap()
        .into_inner();
    assert!(listed.permissions.len() <= 30, "few enough to be understood");
    for entry in &listed.permissions {
        assert!(!entry.description.is_empty(), "{}", entry.name);
        // Tills ask for it, no method does.
        assert!(
            entry.name == "cash.drawer" || entry.name.starts_with("sales.") || !entry.methods.is_empty(),
            "{}",
            entry.name
        );
    }
    let users = listed
        .permissions
        .iter()
        .find(|entry| entry.name == "users.read")
        .unwrap();
    assert!(
        users
            .methods
            .contains(&"kugel.account.v1.AccountService.ListUsers".to_owned())
    );
    world.enter_role(role("b", &["sales.read"])).await.unwrap();
    world.enter_role(role("a", &[])).await.unwrap();
    let request = world.owner(pb::ListRolesRequest {});
    let roles = world
        .roles()
        .list_roles(request)
        .await
        .unwrap()
        .into_inner()
        .roles;
    let names: Vec<_> = roles
        .iter()
        .map(|role| (role.name.as_str(), role.is_preset))
        .collect();
    assert_eq!(names[0], ("owner", true));
    assert_eq!(names[8..], [("a", false), ("b", false)]);
    let cashier = roles.iter().find(|role| role.name == "cashier").unwrap();
    assert_eq!(cashier.discount_limit_percent.as_ref().unwrap().value, "20");
}

#[tokio::test]
async fn roles_are_entered_changed_and_removed() {
    let mut world = World::start().await;
    let entered = world
        .enter_role(role("night", &["stock.read", "sales.sell"]))
        .await
        .unwrap();
    assert_eq!(
        entered.permissions,
        ["sales.sell", "stock.read"],
        "in the order of the contract"
    );
    assert_eq!(refusal(world.enter_role(role("night", &[])).await), "500005");
    assert_eq!(refusal(world.enter_role(role("cashier", &[])).await), "500005");
    for (wrong, fields) in [
        (role("Night", &[]), "role.name"),
        (
            role("", &["sales.everything", "self"]),
            "role.name,role.permissions[0],role.permissions[1]",
        ),
        (
            pb::Role {
                discount_limit_percent: Some(Decimal {
                    value: "100.5".into(),
                }),
                ..role("late", &[])
            },
            "role.discount_limit_percent",
        ),
    ] {
        assert_eq!(refusal(world.enter_role(wrong).await), format!("300001 {fields}"));
    }
    let update = |role| pb::UpdateRoleRequest { role: Some(role) };
    let request = world.owner(update(role("night", &["sales.void"])));
    let changed = world
        .roles()
        .update_role(request)
        .await
        .unwrap()
        .into_inner()
        .role
        .unwrap();
    assert_eq!(changed.permissions, ["sales.void"]);
    for (name, code) in [("cashier", "300004"), ("absent", "100001")] {
        let request = world.owner(update(role(name, &[])));
        assert_eq!(refusal(world.roles().update_role(request).await), code);
        let request = world.owner(pb::DeleteRoleRequest { name: name.into() });
        assert_eq!(refusal(world.roles().delete_role(request).await), code);
    }
    world.user_with("mori", vec![given("night", &[])]).await;
    let delete = pb::DeleteRoleRequest { name: "night".into() };
    assert_eq!(
        refusal(world.roles().delete_role(world.owner(delete.clone())).await),
        "300004"
    );
    let owner = world.token(OWNER, PASSWORD).await.unwrap();
    world.give(&owner, "mori", Vec::new()).await.unwrap();
    world.roles().delete_role(world.owner(delete)).await.unwrap();
    assert_eq!(
        refusal(world.give(&owner, "mori", vec![given("night", &[])]).await),
        "300001 roles[0].role"
    );
    assert_eq!(
        refusal(world.give(&owner, "mori", vec![given("owner", &["tk01"])]).await),
        "300001 roles[0].role"
    );
    assert_eq!(
        refusal(
            world
                .give(&owner, "mori", vec![given("cashier", &["no store"])])
                .await
        ),
        "300001 roles[0].store_codes"
    );
    assert_eq!(refusal(world.give(&owner, "nobody", Vec::new()).await), "100001");
}

#[tokio::test]
async fn nobody_gives_takes_or_touches_more_than_he_has() {
    let mut world = World::start().await;
    world
        .enter_role(role("personnel", &["users.read", "users.write", "sales.read"]))
        .await
        .unwrap();
    world
        .enter_role(role("seller", &["sales.read", "sales.sell"]))
        .await
        .unwrap();
    let clerk = world.user_with("clerk", vec![given("personnel", &[])]).await;
    world
        .user_with("accountant", vec![given("accountant", &[])])
        .await;
    world.user_with("nobody", Vec::new()).await;
    for roles in [
        vec![given("owner", &[])],
        vec![given("seller", &["tk01"])],
        vec![given("manager", &[])],
    ] {
        for username in ["clerk", "nobody"] {
            assert_eq!(
                refusal(world.give(&clerk, username, roles.clone()).await),
                "200002"
            );
        }
        let new = pb::CreateUserRequest {
            username: "friend".into(),
            password: PASSWORD.into(),
            roles,
        };
        assert_eq!(
            refusal(world.client.create_user(bearer(&clerk, new)).await),
            "200002"
        );
    }
    assert!(
        world
            .give(&clerk, "nobody", vec![given("personnel", &["tk01"])])
            .await
            .is_ok()
    );
    let touch = |username: &str| pb::UpdateUserRequest {
        username: username.into(),
        is_active: Some(false),
        ..Default::default()
    };
    for username in [OWNER, "accountant"] {
        let named = username.to_owned();
        assert_eq!(refusal(world.give(&clerk, username, Vec::new()).await), "200002");
        assert_eq!(
            refusal(world.client.update_user(bearer(&clerk, touch(username))).await),
            "200002"
        );
        let request = pb::DeleteUserRequest {
            username: named.clone(),
        };
        assert_eq!(
            refusal(world.client.delete_user(bearer(&clerk, request)).await),
            "200002"
        );
        let request = pb::ResetPasswordRequest {
            username: named.clone(),
        };
        assert_eq!(
            refusal(world.client.reset_password(bearer(&clerk, request)).await),
            "200002"
        );
        let request = pb::UnlockUserRequest { username: named };
        assert_eq!(
            refusal(world.client.unlock_user(bearer(&clerk, request)).await),
            "200002"
        );
    }
    let promote = pb::UpdateUserRequest {
        username: "clerk".into(),
        is_superuser: Some(true),
        ..Default::default()
    };
    assert_eq!(
        refusal(world.client.update_user(bearer(&clerk, promote)).await),
        "200002"
    );
    let grow = pb::UpdateRoleRequest {
        role: Some(role("personnel", &["users.read", "users.write", "tenant.write"])),
    };
    assert_eq!(
        refusal(world.roles().update_role(bearer(&clerk, grow)).await),
        "200002"
    );
    let shrink = pb::UpdateRoleRequest {
        role: Some(role("seller", &["sales.read"])),
    };
    assert_eq!(
        refusal(world.roles().update_role(bearer(&clerk, shrink)).await),
        "200002"
    );
    let request = Request::new(pb::ListRolesRequest {});
    assert_eq!(refusal(world.roles().list_roles(request).await), "200001");
}

#[tokio::test]
async fn an_owner_is_a_superuser_and_the_last_one_stays() {
    let mut world = World::start().await;
    let owner = world.token(OWNER, PASSWORD).await.unwrap();
    assert_eq!(
        refusal(world.give(&owner, OWNER, vec![given("manager", &[])]).await),
        "300004"
    );
    world.user("second").await;
    let second = world
        .give(&owner, "second", vec![given("owner", &[]), given("cashier", &[])])
        .await
        .unwrap();
    assert!(second.is_superuser);
    let first = world
        .give(&owner, OWNER, vec![given("manager", &[])])
        .await
        .unwrap();
    assert!(!first.is_superuser);
    assert_eq!(first.roles, [given("manager", &[])]);
    assert_eq!(
        refusal(world.give(&owner, "second", Vec::new()).await),
        "200001",
        "what was issued for an owner is no good any more"
    );
}
