//! Locked accounts, lost passwords and what a tenant asks of new ones.

use kugel_config::Compatibility;
use kugel_proto::account::v1 as pb;
use tonic::{Request, Status};

use crate::world::{OWNER, PASSWORD, TENANT, World, form, pause, refusal};

impl World {
    async fn reset(&mut self, username: &str) -> String {
        let request = self.owner(pb::ResetPasswordRequest {
            username: username.into(),
        });
        let answer = self.client.reset_password(request).await.unwrap().into_inner();
        assert!(answer.user.unwrap().must_change_password);
        answer.temporary_password
    }

    async fn change(&mut self, username: &str, current: &str, new: &str) -> Result<pb::UserAccount, Status> {
        let change = pb::ChangePasswordRequest {
            tenant_id: TENANT.into(),
            username: username.into(),
            current_password: current.into(),
            new_password: new.into(),
        };
        let answer = self.client.change_password(change).await?;
        Ok(answer.into_inner().user.unwrap())
    }

    async fn set_policy(&mut self, minimum_length: i32) -> Result<i32, Status> {
        let policy = Some(pb::PasswordPolicy { minimum_length });
        let request = self.owner(pb::UpdatePasswordPolicyRequest { policy });
        let answer = self.client.update_password_policy(request).await?;
        Ok(answer.into_inner().policy.unwrap().minimum_length)
    }

    async fn lock(&mut self, username: &str) {
        for pause in [0, 0, 0, 0, 0, 1, 2, 4, 8, 16] {
            self.clock.advance(pause);
            assert_eq!(refusal(self.token(username, "wrong").await), "200001");
        }
        assert_eq!(pause(self.token(username, PASSWORD).await), 900);
    }
}

#[tokio::test]
async fn a_superuser_unlocks_an_account() {
    let mut world = World::start().await;
    world.user("clerk").await;
    world.lock("clerk").await;
    let unlock = |username: &str| pb::UnlockUserRequest {
        username: username.into(),
    };
    let own = world.from("clerk", false, unlock("clerk"));
    assert_eq!(refusal(world.client.unlock_user(own).await), "200002");
    let unknown = world.owner(unlock("nobody"));
    assert_eq!(refusal(world.client.unlock_user(unknown).await), "100001");
    let request = world.owner(unlock("clerk"));
    world.client.unlock_user(request).await.unwrap();
    world.token("clerk", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_temporary_password_opens_nothing_but_the_way_to_another() {
    let mut world = World::start().await;
    world.user("clerk").await;
    world.lock("clerk").await;
    let temporary = world.reset("clerk").await;
    assert_eq!(
        refusal(world.token("clerk", PASSWORD).await),
        "200001",
        "the old one is gone"
    );
    let refused = world.token("clerk", &temporary).await;
    let message = refused.as_ref().unwrap_err().message();
    assert!(message.contains("/api/v1/accounts/password"), "{message}");
    assert_eq!(refusal(refused), "200004");
    assert_eq!(
        refusal(world.change("clerk", &temporary, &temporary).await),
        "300001 new_password"
    );
    assert_eq!(
        refusal(world.change("clerk", "wrong", "new-Plum-10").await),
        "200001"
    );
    let user = world.change("clerk", &temporary, "new-Plum-10").await.unwrap();
    assert!(!user.must_change_password);
    world.token("clerk", "new-Plum-10").await.unwrap();
    assert_eq!(refusal(world.token("clerk", &temporary).await), "200001");
}

#[tokio::test]
async fn who_may_reset_is_a_superuser_or_the_operator() {
    let mut world = World::start().await;
    world.user("clerk").await;
    let reset = pb::ResetPasswordRequest {
        username: OWNER.into(),
    };
    let clerk = world.from("clerk", false, reset.clone());
    assert_eq!(refusal(world.client.reset_password(clerk).await), "200002");
    let pretender = world.from("clerk", true, reset.clone());
    assert_eq!(refusal(world.client.reset_password(pretender).await), "200002");
    assert_eq!(
        refusal(world.client.reset_password(Request::new(reset.clone())).await),
        "200001"
    );
    let operator = world.service(reset);
    world.client.reset_password(operator).await.unwrap();
}

#[tokio::test]
async fn changing_without_a_token_is_braked_and_refused_like_a_login() {
    let mut world = World::start().await;
    for _ in 0..5 {
        assert_eq!(
            refusal(world.change(OWNER, "wrong", "new-Plum-10").await),
            "200001"
        );
    }
    assert_eq!(pause(world.change(OWNER, PASSWORD, "new-Plum-10").await), 1);
    assert_eq!(pause(world.token(OWNER, PASSWORD).await), 1);
    let mut change = pb::ChangePasswordRequest {
        tenant_id: "no tenant's id".into(),
        username: OWNER.into(),
        current_password: PASSWORD.into(),
        new_password: "new-Plum-10".into(),
    };
    assert_eq!(
        refusal(world.client.change_password(change.clone()).await),
        "200001"
    );
    change = pb::ChangePasswordRequest::default();
    let empty = world.client.change_password(change).await;
    assert_eq!(
        refusal(empty),
        "300001 tenant_id,username,current_password,new_password"
    );
}

#[tokio::test]
async fn a_superuser_may_ask_for_a_change_and_ones_own_change_answers_it() {
    let mut world = World::start().await;
    world.user("clerk").await;
    let change = pb::UpdateUserRequest {
        username: "clerk".into(),
        must_change_password: Some(true),
        ..Default::default()
    };
    let own = world.from("clerk", false, change.clone());
    assert_eq!(refusal(world.client.update_user(own).await), "200002");
    let request = world.owner(change);
    world.client.update_user(request).await.unwrap();
    assert!(world.read("clerk").await.unwrap().must_change_password);
    assert_eq!(refusal(world.token("clerk", PASSWORD).await), "200004");
    assert_eq!(
        refusal(world.token("clerk", "wrong").await),
        "200001",
        "only who knows it is told"
    );
    let own = world.from(
        "clerk",
        false,
        pb::UpdateUserRequest {
            username: "clerk".into(),
            password: Some("new-Plum-10".into()),
            current_password: Some(PASSWORD.into()),
            ..Default::default()
        },
    );
    let user = world.client.update_user(own).await.unwrap().into_inner().user;
    assert!(!user.unwrap().must_change_password);
    world.token("clerk", "new-Plum-10").await.unwrap();
}

#[tokio::test]
async fn a_tenant_asks_for_longer_passwords_from_then_on() {
    let mut world = World::start().await;
    world.user("clerk").await;
    let read = world.from("clerk", false, pb::GetPasswordPolicyRequest {});
    let policy = world
        .client
        .get_password_policy(read)
        .await
        .unwrap()
        .into_inner()
        .policy;
    assert_eq!(policy.unwrap().minimum_length, 8);
    for bad in [0, -1, 7, 65] {
        assert_eq!(
            refusal(world.set_policy(bad).await),
            "300001 policy.minimum_length",
            "{bad}"
        );
    }
    let own = world.from(
        "clerk",
        false,
        pb::UpdatePasswordPolicyRequest {
            policy: Some(pb::PasswordPolicy { minimum_length: 8 }),
        },
    );
    assert_eq!(refusal(world.client.update_password_policy(own).await), "200002");
    assert_eq!(world.set_policy(12).await.unwrap(), 12);
    world.token("clerk", PASSWORD).await.unwrap();
    assert_eq!(
        refusal(world.change("clerk", PASSWORD, "new-Plum-10").await),
        "300001 new_password"
    );
    world.change("clerk", PASSWORD, "new-Plum-Tree-10").await.unwrap();
    assert_eq!(world.set_policy(8).await.unwrap(), 8);
}

#[tokio::test]
async fn clients_of_the_older_system_may_have_short_passwords_and_are_braked_all_the_same() {
    let mut world = World::start_with(|settings| settings.compatibility = Compatibility::Legacy).await;
    let add = |password: &str| pb::CreateUserRequest {
        username: "night-clerk".into(),
        password: password.into(),
        roles: Vec::new(),
    };
    for bad in ["owl", "1234"] {
        let request = world.owner(add(bad));
        assert_eq!(
            refusal(world.client.create_user(request).await),
            "300001 password",
            "{bad}"
        );
    }
    let request = world.owner(add("owl4"));
    world.client.create_user(request).await.unwrap();
    world.token("night-clerk", "owl4").await.unwrap();
    world.set_policy(8).await.unwrap();
    assert_eq!(
        refusal(world.change("night-clerk", "owl4", "owl5").await),
        "300001 new_password"
    );
    world.lock(OWNER).await;
    let locked = world.client.issue_token(form(OWNER, PASSWORD, TENANT)).await;
    assert_eq!(pause(locked), 900);
}
