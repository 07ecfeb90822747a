//! The brakes on guessing passwords.

use kugel_proto::account::v1 as pb;

use crate::world::{OWNER, PASSWORD, TENANT, World, at, form, pause, refusal};

#[tokio::test]
async fn guesses_at_once_and_in_a_row_are_braked_also_when_they_are_right() {
    let mut world = World::start().await;
    let guesses = (0..200).map(|number| {
        let mut client = world.client.clone();
        let guess = format!("guess-{number}");
        async move { client.issue_token(form(OWNER, &guess, TENANT)).await }
    });
    let answers = futures::future::join_all(guesses).await;
    let compared = answers.into_iter().filter(|answer| {
        answer
            .as_ref()
            .is_err_and(|status| status.code() == tonic::Code::Unauthenticated)
    });
    assert_eq!(compared.count(), 5);
    assert_eq!(
        pause(world.token(OWNER, PASSWORD).await),
        1,
        "the right one waits too"
    );
    for seconds in [1, 2, 4, 8, 16] {
        world.clock.advance(seconds - 1);
        assert_eq!(pause(world.token(OWNER, "wrong").await), 1);
        world.clock.advance(1);
        assert_eq!(refusal(world.token(OWNER, "wrong").await), "200001");
    }
    assert_eq!(pause(world.token(OWNER, PASSWORD).await), 900, "locked");
    world.clock.advance(900);
    world.token(OWNER, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_login_forgets_the_failures_before_it() {
    let mut world = World::start().await;
    for _ in 0..5 {
        for _ in 0..4 {
            assert_eq!(refusal(world.token(OWNER, "wrong").await), "200001");
        }
        world.token(OWNER, PASSWORD).await.unwrap();
    }
    let logins = (0..50).map(|_| {
        let mut client = world.client.clone();
        async move { client.issue_token(form(OWNER, PASSWORD, TENANT)).await }
    });
    let answers = futures::future::join_all(logins).await;
    assert!(answers.iter().all(Result::is_ok), "many at once are no guesses");
}

#[tokio::test]
async fn nothing_tells_who_exists() {
    let world = World::start().await;
    let mut all = Vec::new();
    for (username, tenant) in [
        (OWNER, TENANT),
        ("nobody", TENANT),
        (OWNER, "Q9999"),
        (OWNER, "no tenant's id"),
    ] {
        let mut client = world.client.clone();
        let mut answers = Vec::new();
        for _ in 0..8 {
            let status = client
                .issue_token(form(username, "wrong", tenant))
                .await
                .unwrap_err();
            answers.push((status.code(), status.message().to_owned()));
        }
        all.push(answers);
    }
    assert!(all.iter().all(|answers| *answers == all[0]), "{all:?}");
}

#[tokio::test]
async fn an_address_is_slowed_for_every_account_and_others_are_not() {
    let mut world = World::start().await;
    for number in 0..50 {
        let guess = form(&format!("user-{number}"), "wrong", TENANT);
        assert_eq!(
            refusal(world.client.issue_token(at("192.0.2.7", guess)).await),
            "200001"
        );
    }
    let right = form(OWNER, PASSWORD, TENANT);
    assert_eq!(
        pause(world.client.issue_token(at("192.0.2.7", right.clone())).await),
        1
    );
    world
        .client
        .issue_token(at("192.0.2.8", right.clone()))
        .await
        .unwrap();
    world.clock.advance(1);
    world.client.issue_token(at("192.0.2.7", right)).await.unwrap();
}

#[tokio::test]
async fn the_current_password_is_no_way_around() {
    let mut world = World::start().await;
    world.user("clerk").await;
    let change = |current: &str| pb::UpdateUserRequest {
        username: "clerk".into(),
        password: Some("new-Plum-10".into()),
        current_password: Some(current.into()),
        ..Default::default()
    };
    for _ in 0..5 {
        let request = world.from("clerk", false, change("wrong"));
        assert_eq!(
            refusal(world.client.update_user(request).await),
            "300001 current_password"
        );
    }
    let request = world.from("clerk", false, change(PASSWORD));
    assert_eq!(pause(world.client.update_user(request).await), 1);
    assert_eq!(
        pause(world.token("clerk", PASSWORD).await),
        1,
        "one count for both"
    );
}

#[tokio::test]
async fn well_known_passwords_are_refused_wherever_one_is_set() {
    let mut world = World::start().await;
    for known in ["12345678", "Password1", "qwertyuiop", "hq-owner1", "Q7301Q7301"] {
        let new = pb::CreateUserRequest {
            username: "hq-owner1".into(),
            password: known.into(),
            roles: Vec::new(),
        };
        let request = world.owner(new);
        assert_eq!(
            refusal(world.client.create_user(request).await),
            "300001 password",
            "{known}"
        );
        let change = pb::UpdateUserRequest {
            username: OWNER.into(),
            password: Some(known.into()),
            current_password: Some(PASSWORD.into()),
            ..Default::default()
        };
        let request = world.owner(change);
        assert_eq!(
            refusal(world.client.update_user(request).await),
            "300001 password",
            "{known}"
        );
        let tenant = crate::world::registration("hq-owner1", known, Some("Q7301"));
        assert_eq!(
            refusal(world.client.register_tenant(tenant).await),
            "300001 password",
            "{known}"
        );
        let change = pb::ChangePasswordRequest {
            tenant_id: TENANT.into(),
            username: OWNER.into(),
            current_password: PASSWORD.into(),
            new_password: known.into(),
        };
        assert_eq!(
            refusal(world.client.change_password(change).await),
            "300001 new_password",
            "{known}"
        );
    }
}
