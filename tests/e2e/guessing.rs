//! Guessing passwords at every door, and the ways back in.

use futures::future::join_all;
use kugel_config::Secret;
use kugel_testkit::{Door, Relay, Reply, Size, Tenant, World};
use serde_json::{Value, json};
use tonic_types::StatusExt as _;

use crate::doors::code_of;

const LOGIN: &str = "account.v1.AccountService.IssueToken";

async fn log_in(world: &World, tenant: &Tenant, username: &str, password: &str) -> Reply {
    let form = format!("username={username}&password={password}&client_id={}", tenant.id);
    world.rest().form("/accounts/token", &form).await
}

fn login(tenant: &Tenant, password: &str) -> Value {
    json!({"username": Tenant::ADMINISTRATOR, "password": password, "clientId": tenant.id})
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_and_every_replica_counts_the_same_guesses() {
    let (world, clock) = World::start_replicated_at("2026-06-11T05:03:09Z", 2).await;
    let tenant = world.tenant().await;
    let guess = async || log_in(&world, &tenant, Tenant::ADMINISTRATOR, "wrong").await;
    for _ in 0..3 {
        guess().await.refused(401, "200001");
    }
    for door in [Door::Native, Door::Web] {
        let answer = world.grpc(door).call(LOGIN, login(&tenant, "wrong")).await;
        assert_eq!(code_of(&answer.unwrap_err()), "200001", "{door:?}");
    }
    for door in [Door::Native, Door::Web] {
        let answer = world
            .grpc(door)
            .call(LOGIN, login(&tenant, Tenant::PASSWORD))
            .await;
        let status = answer.unwrap_err();
        assert_eq!(
            (code_of(&status), status.code()),
            ("200003".to_owned(), tonic::Code::ResourceExhausted)
        );
        let pause = status.get_details_retry_info().and_then(|info| info.retry_delay);
        assert_eq!(pause.map(|pause| pause.as_secs()), Some(1), "{door:?}");
    }
    let right = async || log_in(&world, &tenant, Tenant::ADMINISTRATOR, Tenant::PASSWORD).await;
    for _ in 0..8 {
        let reply = right().await.refused(429, "200003");
        assert_eq!(reply.header("retry-after"), Some("1"));
    }
    for seconds in [1, 2, 4, 8, 16] {
        clock.advance(seconds);
        guess().await.refused(401, "200001");
    }
    for _ in 0..8 {
        let reply = right().await.refused(429, "200003");
        assert_eq!(reply.header("retry-after"), Some("900"));
    }
    let unlock = format!("/accounts/users/{}/unlock", Tenant::ADMINISTRATOR);
    tenant.rest().post(&unlock, json!({})).await.ok();
    assert_eq!(right().await.status, 200);
}

#[tokio::test]
async fn who_lost_the_password_gets_another_one() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.user("clerk", "plum-Tree-9").await;
    let rest = tenant.rest();
    let reset = rest
        .post("/accounts/users/clerk/reset-password", json!({}))
        .await
        .ok();
    assert_eq!(reset["user"]["mustChangePassword"], true);
    let temporary = reset["temporaryPassword"].as_str().unwrap();
    log_in(&world, &tenant, "clerk", "plum-Tree-9")
        .await
        .refused(401, "200001");
    let reply = log_in(&world, &tenant, "clerk", temporary)
        .await
        .refused(403, "200004");
    assert!(reply.text.contains("/api/v1/accounts/password"), "{}", reply.text);
    let change = |new: &str| {
        json!({
            "tenantId": tenant.id, "username": "clerk",
            "currentPassword": temporary, "newPassword": new,
        })
    };
    let weak = world.rest().post("/accounts/password", change("Password1")).await;
    weak.refused_field("newPassword");
    let user = world
        .rest()
        .post("/accounts/password", change("pear-Tree-10"))
        .await
        .ok();
    assert_eq!(
        (&user["username"], &user["mustChangePassword"]),
        (&json!("clerk"), &json!(false))
    );
    assert_eq!(log_in(&world, &tenant, "clerk", "pear-Tree-10").await.status, 200);
}

#[tokio::test]
async fn a_tenant_chooses_how_long_passwords_are() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let (rest, path) = (tenant.rest(), "/accounts/password-policy");
    assert_eq!(rest.get(path).await.ok()["minimumLength"], 8);
    rest.put(path, json!({"minimumLength": 7}))
        .await
        .refused_field("minimumLength");
    assert_eq!(
        rest.put(path, json!({"minimumLength": 12})).await.ok()["minimumLength"],
        12
    );
    let short = json!({"username": "clerk", "password": "pear-Tree-1"});
    rest.post("/accounts/users", short)
        .await
        .refused_field("password");
    let clerk = json!({"username": "clerk", "password": "pear-Tree-12"});
    rest.post("/accounts/users", clerk).await.created();
    let clerk = log_in(&world, &tenant, "clerk", "pear-Tree-12").await.body["access_token"].clone();
    let clerk = world.rest().bearer(clerk.as_str().unwrap());
    assert_eq!(clerk.get(path).await.ok()["minimumLength"], 12);
    clerk
        .put(path, json!({"minimumLength": 8}))
        .await
        .refused(403, "200002");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_braked_while_redis_is_away() {
    let Some(servers) = Size::of_the_mesh("guessing without Redis") else {
        return;
    };
    let mut redis = Relay::to(&servers.redis);
    redis.open().await;
    let world = World::start_with(|settings| settings.redis_url = Some(Secret::new(redis.url()))).await;
    let tenant = world.tenant().await;
    redis.close().await;
    let guesses = (0..30).map(|_| log_in(&world, &tenant, Tenant::ADMINISTRATOR, "wrong"));
    let answers = join_all(guesses).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    // Never more than ten in a quarter of an hour, however slow this machine is.
    assert!((5..=10).contains(&count(401)), "{} were compared", count(401));
    assert_eq!(count(401) + count(429), 30);
}
