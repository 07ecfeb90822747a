//! What ends everything that was issued for a user.

use kugel_proto::account::v1 as pb;

use crate::roles::{given, role};
use crate::sessions::refresh_token;
use crate::world::{OWNER, PASSWORD, TENANT, World, form, refusal};

#[tokio::test]
async fn what_an_administrator_changes_ends_what_was_issued_before() {
    let mut world = World::start().await;
    world.user("clerk").await;
    for way in 0..6 {
        let clerk = world.client.issue_token(form("clerk", PASSWORD, TENANT)).await;
        let clerk = clerk.unwrap().into_inner();
        let refresh = refresh_token(&clerk);
        assert!(world.is_good(&clerk.access_token).await && world.is_good(&refresh).await);
        let update = |change: pb::UpdateUserRequest| pb::UpdateUserRequest {
            username: "clerk".into(),
            ..change
        };
        let request = update(match way {
            0 => pb::UpdateUserRequest {
                is_active: Some(false),
                ..Default::default()
            },
            1 => pb::UpdateUserRequest {
                is_superuser: Some(true),
                ..Default::default()
            },
            2 => pb::UpdateUserRequest {
                is_superuser: Some(false),
                ..Default::default()
            },
            _ => pb::UpdateUserRequest::default(),
        });
        match way {
            0..3 => drop(world.client.update_user(world.owner(request)).await.unwrap()),
            3 => {
                let username = "clerk".to_owned();
                let request = world.owner(pb::LogOutUserRequest { username });
                world.client.log_out_user(request).await.unwrap();
            }
            4 => {
                let change = pb::ChangePasswordRequest {
                    tenant_id: TENANT.into(),
                    username: "clerk".into(),
                    current_password: PASSWORD.into(),
                    new_password: "fig-Tree-11".into(),
                };
                world.client.change_password(change).await.unwrap();
            }
            _ => {
                let username = "clerk".to_owned();
                let request = world.owner(pb::DeleteUserRequest { username });
                world.client.delete_user(request).await.unwrap();
            }
        }
        assert!(
            !world.is_good(&clerk.access_token).await && !world.is_good(&refresh).await,
            "{way}"
        );
        assert_eq!(refusal(world.refresh(&refresh).await), "200001", "{way}");
        let back = update(pb::UpdateUserRequest {
            is_active: Some(true),
            password: Some(PASSWORD.into()),
            ..Default::default()
        });
        if way == 5 {
            world.clock.advance(1);
            world.user("clerk").await;
        } else {
            world.client.update_user(world.owner(back)).await.unwrap();
        }
        assert!(!world.is_good(&clerk.access_token).await, "{way}: never again");
    }
}

#[tokio::test]
async fn another_content_of_a_role_ends_what_was_issued_for_who_has_it() {
    let mut world = World::start().await;
    let seller = role("seller", &["sales.sell"]);
    world.enter_role(seller.clone()).await.unwrap();
    let both = vec![given("seller", &[]), given("read_only", &[])];
    let seller_token = world.user_with("seller", both).await;
    let reader_token = world.user_with("reader", vec![given("read_only", &[])]).await;
    let named = pb::Role {
        description: "Sells".to_owned(),
        ..seller
    };
    world.change_role(named).await.unwrap();
    assert!(world.is_good(&seller_token).await, "only the text");
    world.change_role(role("seller", &["sales.read"])).await.unwrap();
    assert!(!world.is_good(&seller_token).await);
    assert!(world.is_good(&reader_token).await, "another role");
}

#[tokio::test]
async fn a_change_of_nothing_ends_nothing() {
    let mut world = World::start().await;
    let login = world.log_in().await;
    let request = world.owner(pb::UpdateUserRequest {
        username: OWNER.into(),
        is_active: Some(true),
        ..Default::default()
    });
    world.client.update_user(request).await.unwrap();
    assert!(world.is_good(&login.access_token).await);
    assert!(world.refresh(&refresh_token(&login)).await.is_ok());
}

#[tokio::test]
async fn only_who_may_logs_others_out() {
    let mut world = World::start().await;
    world.user("clerk").await;
    let request = |username: &str| pb::LogOutUserRequest {
        username: username.to_owned(),
    };
    let others = world.from("clerk", false, request(OWNER));
    let answer = world.client.log_out_user(others).await;
    assert_eq!(refusal(answer), "200002");
    let own = world.from("clerk", false, request("clerk"));
    world.client.log_out_user(own).await.unwrap();
    let nobody = world.owner(request("nobody"));
    let answer = world.client.log_out_user(nobody).await;
    assert_eq!(refusal(answer), "100001");
    assert_eq!(
        world
            .told(pb::SecurityEventKind::LoggedOutEverywhere, "clerk")
            .await,
        1
    );
}
