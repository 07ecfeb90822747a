//! Logins and the tokens they give.

use kugel_proto::account::v1 as pb;
use tonic::Request;

use crate::world::{OWNER, PASSWORD, TENANT, World, bearer, form, refusal};

#[tokio::test]
async fn a_token_says_whose_it_is_until_it_expires() {
    let mut world = World::start().await;
    let token = world.token(OWNER, PASSWORD).await.unwrap();
    let mine = bearer(&token, pb::ValidateTokenRequest {});
    let answer = world.client.validate_token(mine).await.unwrap().into_inner();
    assert_eq!(
        (
            answer.kind.as_str(),
            answer.sub.as_str(),
            answer.tenant_id.as_str()
        ),
        ("user", OWNER, TENANT)
    );
    assert!(answer.valid && answer.is_superuser && !answer.is_service_account);
    let service = world.service(pb::ValidateTokenRequest {});
    let answer = world.client.validate_token(service).await.unwrap().into_inner();
    assert_eq!(
        (answer.sub.as_str(), answer.service.as_deref()),
        ("service:report", Some("report"))
    );

    world.clock.advance(1800);
    for request in [
        bearer(&token, pb::ValidateTokenRequest {}),
        bearer("a.b.c", pb::ValidateTokenRequest {}),
        Request::new(pb::ValidateTokenRequest {}),
    ] {
        assert_eq!(refusal(world.client.validate_token(request).await), "200001");
    }
}

#[tokio::test]
async fn every_refused_login_looks_the_same() {
    let mut world = World::start().await;
    let mut messages = Vec::new();
    for (username, password, tenant) in [
        (OWNER, "plum-Tree-8", TENANT),
        ("nobody", PASSWORD, TENANT),
        ("HQ-OWNER", PASSWORD, TENANT),
        (OWNER, PASSWORD, "Q9999"),
        (OWNER, PASSWORD, "q7301"),
        (OWNER, PASSWORD, ""),
        (OWNER, PASSWORD, "../Q7301"),
    ] {
        let answer = world.client.issue_token(form(username, password, tenant)).await;
        messages.push(answer.as_ref().unwrap_err().message().to_owned());
        assert_eq!(refusal(answer), "200001", "{username} {password} {tenant}");
    }
    messages.dedup();
    assert_eq!(messages.len(), 1);
}

#[tokio::test]
async fn an_incomplete_form_is_no_login() {
    let mut world = World::start().await;
    assert_eq!(
        refusal(world.client.issue_token(form("", "", TENANT)).await),
        "300001 username,password"
    );
    let mut other = form(OWNER, PASSWORD, TENANT);
    other.grant_type = Some("client_credentials".into());
    assert_eq!(
        refusal(world.client.issue_token(other.clone()).await),
        "300001 grant_type"
    );
    other.grant_type = Some("password".into());
    assert!(world.client.issue_token(other).await.is_ok());
}

#[tokio::test]
async fn a_login_is_noted_and_is_no_change_of_the_account() {
    let mut world = World::start().await;
    world.clock.advance(60);
    world.token(OWNER, PASSWORD).await.unwrap();
    assert_eq!(world.last_login(OWNER).await, "2026-06-11T14:04:09.500000+09:00");
    assert_eq!(world.read(OWNER).await.unwrap().updated_at, None);
}

#[tokio::test]
async fn a_hash_of_an_older_system_still_lets_its_owner_in() {
    let mut world = World::start().await;
    world.import("old-hand", bcrypt::hash("owl4", 4).unwrap()).await;
    assert!(world.token("old-hand", "owl4").await.is_ok());
    assert_eq!(refusal(world.token("old-hand", "owl5").await), "200001");
}
