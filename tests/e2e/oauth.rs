//! The token endpoint as clients of OAuth2 use it.

use std::convert::Infallible;

use http::Method;
use kugel_testkit::{Reply, Rest, Tenant, World};
use oauth2::basic::{BasicClient, BasicErrorResponseType};
use oauth2::{
    AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, RequestTokenError, ResourceOwnerPassword,
    ResourceOwnerUsername, TokenResponse as _, TokenUrl,
};
use serde_json::json;

use crate::accounts::members;

const TOKEN: &str = "/accounts/token";

fn form(tenant: &Tenant) -> String {
    let (username, password) = (Tenant::ADMINISTRATOR, Tenant::PASSWORD);
    format!("username={username}&password={password}&client_id={}", tenant.id)
}

#[tokio::test]
async fn logging_in_is_oauth2s_form() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let good = form(&tenant);
    let rest = world.rest();
    let reply = rest
        .form(TOKEN, &format!("{good}&grant_type=password&scope="))
        .await;
    assert_eq!((reply.status, &reply.body["token_type"]), (200, &json!("bearer")));
    assert_eq!(reply.body["expires_in"], 1800);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(
        members(&reply.body),
        ["access_token", "expires_in", "token_type"],
        "no envelope"
    );
    for form in [
        good.replace(Tenant::PASSWORD, "wrong"),
        good.replace(Tenant::ADMINISTRATOR, "nobody"),
        good.replace(&tenant.id, "nowhere"),
        "username=owner&password=plum-Tree-9".to_owned(),
    ] {
        let reply = rest.form(TOKEN, &form).await.refused(401, "200001");
        assert_eq!(reply.body["error"], "invalid_grant", "{form}");
    }
    let reply = rest.form(TOKEN, &format!("{good}&grant_type=code")).await;
    assert_eq!(reply.body["error"], "unsupported_grant_type");
    reply.refused_field("grant_type");
    let reply = rest.form(TOKEN, "username=a").await.refused_field("password");
    assert_eq!(reply.body["error"], "invalid_request");
}

#[tokio::test]
async fn a_form_is_url_encoded_multipart_or_json() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let fields = [
        ("username", Tenant::ADMINISTRATOR),
        ("password", Tenant::PASSWORD),
        ("client_id", &tenant.id),
    ];
    let part = |(name, value): (&str, &str)| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts = fields.map(part).concat() + "--x--\r\n";
    let object = |client: &str| json!({"username": fields[0].1, "password": fields[1].1, client: tenant.id});
    for (kind, body) in [
        ("multipart/form-data; boundary=x", parts),
        ("application/json", object("clientId").to_string()),
        ("application/json", object("client_id").to_string()),
    ] {
        let reply = world.rest().raw(Method::POST, TOKEN, kind, body).await;
        assert_eq!(reply.status, 200, "{kind}: {}", reply.text);
        let token = reply.body["access_token"].as_str().unwrap().to_owned();
        let valid = world
            .rest()
            .bearer(&token)
            .get("/accounts/token/valid")
            .await
            .ok();
        assert_eq!(valid["tenantId"], tenant.id, "{kind}");
    }
    world
        .rest()
        .raw(Method::POST, TOKEN, "text/plain", form(&tenant))
        .await
        .refused(422, "300001");
}

/// Sends what the library wants to send.
async fn send(root: Rest, request: HttpRequest) -> Result<HttpResponse, Infallible> {
    let (parts, body) = request.into_parts();
    let text = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap());
    let root = match text("authorization") {
        Some(value) => root.header("authorization", value),
        None => root,
    };
    let kind = text("content-type").unwrap();
    let reply: Reply = root.raw(parts.method.clone(), parts.uri.path(), kind, body).await;
    let mut response = HttpResponse::new(reply.text.into_bytes());
    *response.status_mut() = reply.status.try_into().unwrap();
    *response.headers_mut() = reply.headers;
    Ok(response)
}

#[tokio::test]
async fn an_ordinary_oauth2_library_logs_in() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let http = |request| send(world.root(), request);
    let username = ResourceOwnerUsername::new(Tenant::ADMINISTRATOR.to_owned());
    let [right, wrong] = [Tenant::PASSWORD, "wrong"].map(|text| ResourceOwnerPassword::new(text.to_owned()));
    // It names the client by HTTP Basic, or in the form.
    for kind in [AuthType::BasicAuth, AuthType::RequestBody] {
        let url = TokenUrl::new("https://kugel.test/api/v1/accounts/token".to_owned()).unwrap();
        let client = BasicClient::new(ClientId::new(tenant.id.clone()))
            .set_client_secret(ClientSecret::new(String::new()))
            .set_token_uri(url)
            .set_auth_type(kind);
        let token = client
            .exchange_password(&username, &right)
            .request_async(&http)
            .await
            .unwrap();
        assert_eq!(token.expires_in().map(|life| life.as_secs()), Some(1800));
        let rest = world.rest().bearer(token.access_token().secret());
        assert_eq!(
            rest.get("/accounts/token/valid").await.ok()["sub"],
            Tenant::ADMINISTRATOR
        );
        let refused = client
            .exchange_password(&username, &wrong)
            .request_async(&http)
            .await;
        let Err(RequestTokenError::ServerResponse(refused)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(refused.error(), &BasicErrorResponseType::InvalidGrant);
        assert!(refused.error_description().is_some());
    }
}
