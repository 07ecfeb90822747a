//! Administration of users.

use kugel_proto::account::v1 as pb;
use tonic::Request;

use crate::world::{OWNER, PASSWORD, TENANT, World, refusal};

fn change(username: &str) -> pb::UpdateUserRequest {
    pb::UpdateUserRequest {
        username: username.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_superuser_adds_users_of_the_own_tenant() {
    let mut world = World::start().await;
    let clerk = world.user("night-clerk").await;
    assert_eq!(
        (clerk.tenant_id.as_str(), clerk.is_superuser, clerk.is_active),
        (TENANT, false, true)
    );
    assert!(world.token("night-clerk", PASSWORD).await.is_ok());
    let again = pb::CreateUserRequest {
        username: "night-clerk".into(),
        password: PASSWORD.into(),
        roles: Vec::new(),
    };
    let request = world.owner(again.clone());
    assert_eq!(refusal(world.client.create_user(request).await), "500005");
    let short = pb::CreateUserRequest {
        username: "clerk".into(),
        password: "owl4".into(),
        roles: Vec::new(),
    };
    let request = world.owner(short);
    assert_eq!(
        refusal(world.client.create_user(request).await),
        "300001 password"
    );

    // Others may not, whatever their tokens say.
    let new = pb::CreateUserRequest {
        username: "friend".into(),
        password: PASSWORD.into(),
        roles: Vec::new(),
    };
    for (request, code) in [
        (world.from("night-clerk", false, new.clone()), "200002"),
        (world.from("night-clerk", true, new.clone()), "200002"),
        (world.from("nobody", true, new.clone()), "200001"),
        (Request::new(new.clone()), "200001"),
    ] {
        assert_eq!(refusal(world.client.create_user(request).await), code);
    }
}

#[tokio::test]
async fn users_are_listed_by_name_in_pages() {
    let mut world = World::start().await;
    for username in ["carl", "anna", "bert"] {
        world.user(username).await;
    }
    let list = |page, limit, sort: Option<&str>| pb::ListUsersRequest {
        page,
        limit,
        sort: sort.map(str::to_owned),
    };
    let request = world.owner(list(None, None, None));
    let answer = world.client.list_users(request).await.unwrap().into_inner();
    let names: Vec<_> = answer.users.iter().map(|user| user.username.as_str()).collect();
    assert_eq!(names, ["anna", "bert", "carl", OWNER]);
    let metadata = answer.metadata.unwrap();
    assert_eq!(
        (metadata.total, metadata.limit, metadata.sort.as_deref()),
        (4, 100, Some("username:1"))
    );
    let request = world.owner(list(Some(2), Some(3), Some("username:-1")));
    assert_eq!(
        world.client.list_users(request).await.unwrap().into_inner().users[0].username,
        "anna"
    );
    let request = world.owner(list(None, None, Some("hashed_password:1")));
    assert_eq!(refusal(world.client.list_users(request).await), "300001 sort");
    let request = world.from("anna", false, list(None, None, None));
    assert_eq!(refusal(world.client.list_users(request).await), "200002");
}

#[tokio::test]
async fn somebody_deactivated_is_out_at_once() {
    let mut world = World::start().await;
    world.user("clerk").await;
    let off = world.owner(pb::UpdateUserRequest {
        is_active: Some(false),
        ..change("clerk")
    });
    let clerk = world
        .client
        .update_user(off)
        .await
        .unwrap()
        .into_inner()
        .user
        .unwrap();
    assert!(!clerk.is_active && clerk.updated_at.is_some());
    assert_eq!(refusal(world.token("clerk", PASSWORD).await), "200001");
    let token = world.from("clerk", false, pb::ValidateTokenRequest {});
    assert_eq!(refusal(world.client.validate_token(token).await), "200001");
    let on = world.owner(pb::UpdateUserRequest {
        is_active: Some(true),
        ..change("clerk")
    });
    world.client.update_user(on).await.unwrap();
    assert!(world.token("clerk", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn ones_own_password_needs_the_current_one() {
    let mut world = World::start().await;
    world.user("clerk").await;
    let new = |current: Option<&str>| pb::UpdateUserRequest {
        password: Some("new-Plum-10".into()),
        current_password: current.map(Into::into),
        ..change("clerk")
    };
    for current in [None, Some("wrong")] {
        let request = world.from("clerk", false, new(current));
        assert_eq!(
            refusal(world.client.update_user(request).await),
            "300001 current_password"
        );
    }
    let request = world.from("clerk", false, new(Some(PASSWORD)));
    world.client.update_user(request).await.unwrap();
    assert_eq!(refusal(world.token("clerk", PASSWORD).await), "200001");
    assert!(world.token("clerk", "new-Plum-10").await.is_ok());
    let reset = world.owner(pb::UpdateUserRequest {
        password: Some("given-Plum-11".into()),
        ..change("clerk")
    });
    world.client.update_user(reset).await.unwrap();
    assert!(world.token("clerk", "given-Plum-11").await.is_ok());
    let short = world.owner(pb::UpdateUserRequest {
        password: Some("x".into()),
        ..change("clerk")
    });
    assert_eq!(refusal(world.client.update_user(short).await), "300001 password");
}

#[tokio::test]
async fn others_see_and_change_only_themselves() {
    let mut world = World::start().await;
    world.user("clerk").await;
    let own = world.from(
        "clerk",
        false,
        pb::GetUserRequest {
            username: "clerk".into(),
        },
    );
    assert!(world.client.get_user(own).await.is_ok());
    for request in [
        world.from(
            "clerk",
            false,
            pb::UpdateUserRequest {
                is_superuser: Some(true),
                ..change("clerk")
            },
        ),
        world.from(
            "clerk",
            false,
            pb::UpdateUserRequest {
                is_active: Some(false),
                ..change(OWNER)
            },
        ),
    ] {
        assert_eq!(refusal(world.client.update_user(request).await), "200002");
    }
    let other = world.from(
        "clerk",
        false,
        pb::GetUserRequest {
            username: OWNER.into(),
        },
    );
    assert_eq!(refusal(world.client.get_user(other).await), "200002");
    let delete = world.from(
        "clerk",
        false,
        pb::DeleteUserRequest {
            username: OWNER.into(),
        },
    );
    assert_eq!(refusal(world.client.delete_user(delete).await), "200002");
    assert_eq!(refusal(world.read("nobody").await), "100001");
}

#[tokio::test]
async fn the_last_superuser_stays() {
    let mut world = World::start().await;
    let demote = pb::UpdateUserRequest {
        is_superuser: Some(false),
        ..change(OWNER)
    };
    let request = world.owner(demote.clone());
    assert_eq!(refusal(world.client.update_user(request).await), "300004");
    let delete = pb::DeleteUserRequest {
        username: OWNER.into(),
    };
    let request = world.owner(delete.clone());
    assert_eq!(refusal(world.client.delete_user(request).await), "300004");

    world.user("second").await;
    let promote = world.owner(pb::UpdateUserRequest {
        is_superuser: Some(true),
        ..change("second")
    });
    world.client.update_user(promote).await.unwrap();
    let request = world.owner(delete);
    assert_eq!(
        world
            .client
            .delete_user(request)
            .await
            .unwrap()
            .into_inner()
            .username,
        OWNER
    );
    assert_eq!(refusal(world.token(OWNER, PASSWORD).await), "200001");
}

#[tokio::test]
async fn superusers_who_leave_at_once_do_not_all_leave() {
    let mut world = World::start().await;
    let names: Vec<String> = (0..6).map(|number| format!("boss{number}")).collect();
    for name in &names {
        world.user(name).await;
        let promote = world.owner(pb::UpdateUserRequest {
            is_superuser: Some(true),
            ..change(name)
        });
        world.client.update_user(promote).await.unwrap();
    }
    let everybody: Vec<&str> = names.iter().map(String::as_str).chain([OWNER]).collect();
    let leaving = everybody.iter().map(|name| {
        let request = world.from(
            name,
            true,
            pb::UpdateUserRequest {
                is_superuser: Some(false),
                ..change(name)
            },
        );
        let mut client = world.client.clone();
        async move { client.update_user(request).await.is_ok() }
    });
    let left = futures::future::join_all(leaving)
        .await
        .into_iter()
        .filter(|left| *left)
        .count();
    assert!(
        (1..everybody.len()).contains(&left),
        "{left} of {} left",
        everybody.len()
    );
}
