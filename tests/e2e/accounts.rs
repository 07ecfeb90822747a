//! Tenants' administrators and users through REST, by the fields of the contract.

use kugel_testkit::{Tenant, World};
use serde_json::{Value, json};

/// The names of an object's members, sorted.
#[track_caller]
pub(crate) fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn registering_shows_the_account_and_no_password() {
    let world = World::start().await;
    let account = json!({"username": "hq-owner", "password": "plum-Tree-9", "tenantId": "Q7301"});
    let reply = world.rest().post("/accounts/register", account.clone()).await;
    assert!(
        !reply.text.contains("plum-Tree-9") && !reply.text.contains("argon2"),
        "{}",
        reply.text
    );
    let user = reply.created();
    for (field, expected) in [
        ("username", json!("hq-owner")),
        ("password", json!("*****")),
        ("tenantId", json!("Q7301")),
        ("isSuperuser", json!(true)),
        ("isActive", json!(true)),
        ("updatedAt", Value::Null),
        ("lastLogin", Value::Null),
    ] {
        assert_eq!(user[field], expected, "{field}");
    }
    assert!(user["createdAt"].as_str().unwrap().ends_with("+09:00"), "{user}");
    // A taken wish is no error: another id is given, and the first tenant stays as it is.
    let second = world.rest().post("/accounts/register", account).await.created();
    assert_ne!(second["tenantId"], "Q7301");
    let free = json!({"username": "hq-owner", "password": "plum-Tree-9"});
    let third = world.rest().post("/accounts/register", free).await.created();
    assert!(third["tenantId"].as_str().is_some_and(|id| !id.is_empty()));
    let bad = json!({"username": "x", "password": "plum-Tree-9", "tenantId": "a-b"});
    world
        .rest()
        .post("/accounts/register", bad)
        .await
        .refused_field("tenantId");
}

#[tokio::test]
async fn administrators_administer_users() {
    let world = World::start().await;
    let tenant = Tenant::register(world.clone()).await;
    let rest = tenant.rest();
    let clerk = json!({"username": "night-clerk", "password": "owl-Nest-4", "tenantId": "OTHER"});
    let user = rest
        .post("/accounts/register/user", clerk.clone())
        .await
        .created();
    assert_eq!(
        (&user["tenantId"], &user["isSuperuser"]),
        (&json!(tenant.id), &json!(false))
    );
    rest.post("/accounts/register/user", clerk.clone())
        .await
        .refused(400, "500005");
    world
        .rest()
        .post("/accounts/register/user", clerk.clone())
        .await
        .refused(401, "200001");
    let form = format!("username=night-clerk&password=owl-Nest-4&client_id={}", tenant.id);
    let token = async |form: &str| world.rest().form("/accounts/token", form).await;
    let clerk_token = token(&form).await.body["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let as_clerk = world.rest().bearer(&clerk_token);
    let reply = as_clerk.post("/accounts/register/user", clerk).await;
    assert!(matches!(reply.status, 401 | 403), "{}", reply.text);
    as_clerk.get("/accounts/users").await.refused(403, "200002");
    assert_eq!(
        as_clerk.get("/accounts/users/night-clerk").await.ok()["username"],
        "night-clerk"
    );
    let listed = rest.get("/accounts/users?sort=username:1&limit=1").await;
    assert_eq!(listed.body["metadata"]["total"], 2);
    assert_eq!(listed.ok()[0]["username"], "night-clerk");
    rest.put("/accounts/users/night-clerk", json!({"password": "new-Nest-5"}))
        .await
        .ok();
    assert_eq!(
        token(&form).await.status,
        401,
        "the old password is no good any more"
    );
    assert_eq!(token(&form.replace("owl-Nest-4", "new-Nest-5")).await.status, 200);
    let off = rest
        .patch("/accounts/users/night-clerk", json!({"isActive": false}))
        .await
        .ok();
    assert_eq!(off["isActive"], false);
    assert_eq!(token(&form.replace("owl-Nest-4", "new-Nest-5")).await.status, 401);
    rest.delete("/accounts/users/night-clerk").await.ok();
    rest.get("/accounts/users/night-clerk")
        .await
        .refused(404, "100001");
}
