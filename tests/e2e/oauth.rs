//! The token endpoint as clients of OAuth2 use it.

use std::convert::Infallible;

use http::Method;
use kugel_testkit::{Reply, Rest, Tenant, World};
use oauth2::basic::{BasicClient, BasicErrorResponseType};
use oauth2::{
    AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, RequestTokenError, ResourceOwnerPassword,
    ResourceOwnerUsername, RevocationUrl, StandardRevocableToken, TokenResponse as _, TokenUrl,
};
use serde_json::json;

use crate::accounts::members;

pub(crate) const TOKEN: &str = "/accounts/token";

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
        ["access_token", "expires_in", "refresh_token", "token_type"],
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
pub(crate) async fn send(root: Rest, request: HttpRequest) -> Result<HttpResponse, Infallible> {
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
        let revoke = "https://kugel.test/api/v1/accounts/token/revoke".to_owned();
        let revoke = RevocationUrl::new(revoke).unwrap();
        let client = BasicClient::new(ClientId::new(tenant.id.clone()))
            .set_client_secret(ClientSecret::new(String::new()))
            .set_token_uri(url)
            .set_revocation_url(revoke)
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
        let refresh = token.refresh_token().unwrap();
        let next = client
            .exchange_refresh_token(refresh)
            .request_async(&http)
            .await
            .unwrap();
        let ending = next.refresh_token().unwrap().clone();
        client
            .revoke_token(StandardRevocableToken::RefreshToken(ending))
            .unwrap()
            .request_async(&http)
            .await
            .unwrap();
        let refused = client
            .exchange_refresh_token(next.refresh_token().unwrap())
            .request_async(&http)
            .await;
        let Err(RequestTokenError::ServerResponse(refused)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(refused.error(), &BasicErrorResponseType::InvalidGrant);
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

#[tokio::test]
async fn a_token_is_worth_something_until_its_session_ends() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let login = world.rest().form(TOKEN, &form(&tenant)).await.body;
    let token = |name: &str| login[name].as_str().unwrap().to_owned();
    let (access, refresh) = (token("access_token"), token("refresh_token"));
    let worth = async |token: &str| {
        let rest = tenant.rest();
        rest.form("/accounts/token/introspect", &format!("token={token}"))
            .await
    };
    let found = worth(&access).await;
    assert_eq!(
        members(&found.body),
        [
            "active",
            "client_id",
            "exp",
            "kind",
            "sid",
            "sub",
            "token_type",
            "username"
        ]
    );
    assert_eq!(found.body["username"], Tenant::ADMINISTRATOR);
    assert_eq!(found.header("cache-control"), Some("no-store"));
    let found = worth(&refresh).await.body;
    assert_eq!(
        (&found["active"], &found["kind"]),
        (&json!(true), &json!("refresh"))
    );
    // The token of the call itself, as who logs out has it at hand.
    let rest = world.rest().bearer(&access);
    let ended = rest.send(Method::POST, "/accounts/token/revoke", None).await;
    assert_eq!((ended.status, ended.body), (200, json!({})));
    let ended = world
        .rest()
        .form("/accounts/token/revoke", &format!("token={access}"))
        .await;
    assert_eq!((ended.status, ended.body), (200, json!({})));
    for token in [&access, &refresh, "x"] {
        assert_eq!(worth(token).await.body, json!({"active": false}));
    }
    let nobody = world
        .rest()
        .form("/accounts/token/introspect", &format!("token={access}"))
        .await
        .refused(401, "200001");
    assert_eq!(nobody.body["error"], "invalid_token");
    let till = tenant.store("s1").await.till(1).await;
    let refused = world
        .rest()
        .form("/accounts/token/revoke", &format!("token={}", till.token))
        .await
        .refused(422, "300001");
    assert_eq!(refused.body["error"], "unsupported_token_type");
}
