//! Service accounts: other systems that work in a tenant, as they are let in and sent away.

use http::Method;
use kugel_proto::Caller;
use kugel_testkit::{Door, Reply, Rest, Site, Tenant, World};
use oauth2::basic::{BasicClient, BasicErrorResponseType};
use oauth2::{AuthType, ClientId, ClientSecret, RequestTokenError, Scope, TokenResponse as _, TokenUrl};
use serde_json::{Value, json};

use crate::accounts::members;
use crate::doors::code_of;
use crate::keys::part;
use crate::oauth::{TOKEN, send};
use crate::revocation::{is_good, methods, one_of_each, refused_everywhere};

const ACCOUNTS: &str = "/accounts/service-accounts";

/// A service account as another system knows it.
struct Client {
    id: String,
    key: String,
    key_id: String,
}

impl Client {
    async fn hired(tenant: &Tenant, name: &str, role: &str) -> Self {
        let rest = tenant.rest();
        let account = json!({"name": name, "roles": [{"role": role}]});
        rest.post(ACCOUNTS, account).await.created();
        Self::keyed(tenant, name).await
    }

    /// Another key of an account.
    async fn keyed(tenant: &Tenant, name: &str) -> Self {
        let keys = format!("{ACCOUNTS}/{name}/keys");
        let key = json!({"description": "of the test"});
        let made = tenant.rest().post(&keys, key).await.created();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&made["clientId"]),
            key: text(&made["clientSecret"]),
            key_id: text(&made["key"]["keyId"]),
        }
    }

    fn form(&self) -> String {
        let (id, key) = (&self.id, &self.key);
        format!("grant_type=client_credentials&client_id={id}&client_secret={key}")
    }

    async fn token(&self, site: &Site) -> String {
        let reply = site.rest().form(TOKEN, &self.form()).await;
        let token = reply.body["access_token"].as_str();
        token.unwrap_or_else(|| panic!("{}", reply.text)).to_owned()
    }
}

#[tokio::test]
async fn a_service_account_works_through_every_door_as_far_as_its_roles_reach() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.item("TEA", "298", "01").await;
    let erp = Client::hired(&tenant, "erp", "integrator").await;
    assert_eq!(erp.id, format!("{}.erp", tenant.id));
    let token = erp.token(&world).await;
    let claims = part(&token, 1);
    assert_eq!(
        [
            &claims["is_service_account"],
            &claims["service"],
            &claims["tenant_id"]
        ],
        [&json!(true), &json!("erp"), &json!(tenant.id)]
    );
    assert_eq!(claims["is_superuser"], false);
    let rest = world.rest().bearer(&token);
    let whose = rest.get("/accounts/token/valid").await.ok();
    assert_eq!(
        (&whose["kind"], &whose["service"], &whose["isServiceAccount"]),
        (&json!("service_account"), &json!("erp"), &json!(true))
    );
    let worth = tenant
        .rest()
        .form("/accounts/token/introspect", &format!("token={token}"))
        .await;
    assert_eq!(
        (&worth.body["active"], &worth.body["kind"]),
        (&json!(true), &json!("service_account"))
    );

    let change = json!({"description": "Tea", "unitPrice": 310, "unitCost": 100, "taxCode": "01", "categoryCode": "10", "itemCode": "TEA"});
    let changed = rest.put(&tenant.path("items/TEA"), change).await.ok();
    assert_eq!(changed["unitPrice"], 310);
    rest.get("/accounts/users").await.refused(403, "200002");
    let account = json!({"name": "other", "roles": []});
    rest.post(ACCOUNTS, account).await.refused(403, "200002");
    rest.post("/carts", json!({})).await.refused(403, "200002");
    let item = json!({"tenantId": tenant.id, "itemCode": "TEA"});
    let users = json!({});
    for door in [Door::Native, Door::Web] {
        let grpc = world.grpc(door).bearer(&token);
        let read = grpc
            .call("master_data.v1.ItemService.GetItem", item.clone())
            .await
            .unwrap();
        assert_eq!(read["item"]["unitPrice"]["value"], "310");
        let refused = grpc
            .call("account.v1.AccountService.ListUsers", users.clone())
            .await
            .unwrap_err();
        assert_eq!(code_of(&refused), "200002");
    }
    // Its own tenant is all there is.
    let stranger = world.tenant().await;
    rest.get(&stranger.path("items")).await.refused(400, "100000");
    let named = format!("{ACCOUNTS}/erp");
    stranger.rest().get(&named).await.refused(404, "100001");
    stranger.rest().delete(&named).await.refused(404, "100001");
    tenant.rest().get(&named).await.ok();
    world.finish().await;
}

#[tokio::test]
async fn a_key_is_sent_by_basic_or_in_a_form_of_any_kind() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let erp = Client::hired(&tenant, "erp", "integrator").await;
    let object = json!({
        "grantType": "client_credentials", "clientId": erp.id, "clientSecret": erp.key, "scope": "stock.read",
    });
    let json = world
        .rest()
        .raw(Method::POST, TOKEN, "application/json", object.to_string())
        .await;
    assert_eq!(
        members(&json.body),
        ["access_token", "expires_in", "scope", "token_type"],
        "no envelope, and nothing to refresh: {}",
        json.text
    );
    assert_eq!((&json.body["scope"], json.status), (&json!("stock.read"), 200));
    assert_eq!(json.header("cache-control"), Some("no-store"));
    let refused = |reply: Reply, error: &str| assert_eq!(reply.body["error"], error, "{}", reply.text);
    let form = async |form: &str| world.rest().form(TOKEN, form).await;
    let wrong = form(&erp.form().replace(&erp.key, "ksa_wrong")).await;
    assert!(wrong.header("www-authenticate").unwrap().starts_with("Basic"));
    refused(wrong.refused(401, "200001"), "invalid_client");
    let scope = form(&format!("{}&scope=everything", erp.form())).await;
    refused(scope.refused_field("scope"), "invalid_scope");
    let nothing = form("grant_type=client_credentials").await;
    refused(nothing.refused_field("client_secret"), "invalid_request");
    world.finish().await;
}

#[tokio::test]
async fn an_ordinary_oauth2_library_works_as_a_service_account() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let erp = Client::hired(&tenant, "erp", "integrator").await;
    let http = |request| send(world.root(), request);
    for kind in [AuthType::BasicAuth, AuthType::RequestBody] {
        let client = |key: &str| {
            let url = TokenUrl::new("https://kugel.test/api/v1/accounts/token".to_owned()).unwrap();
            BasicClient::new(ClientId::new(erp.id.clone()))
                .set_client_secret(ClientSecret::new(key.to_owned()))
                .set_token_uri(url)
                .set_auth_type(kind.clone())
        };
        let token = client(&erp.key)
            .exchange_client_credentials()
            .add_scope(Scope::new("masters.read".to_owned()))
            .request_async(&http)
            .await
            .unwrap();
        assert_eq!(token.expires_in().map(|life| life.as_secs()), Some(1800));
        assert_eq!(
            token.scopes().map(|scopes| scopes[0].as_str()),
            Some("masters.read")
        );
        let rest: Rest = world.rest().bearer(token.access_token().secret());
        rest.get(&tenant.path("items")).await.ok();
        let stock = rest.get(&tenant.path("stores/tk01/stock")).await;
        stock.refused(403, "200002");
        let refused = client("ksa_wrong")
            .exchange_client_credentials()
            .request_async(&http)
            .await;
        let Err(RequestTokenError::ServerResponse(refused)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(refused.error(), &BasicErrorResponseType::InvalidClient);
    }
    world.finish().await;
}

/// How the tokens of a service account end.
#[derive(Debug, Clone, Copy)]
enum End {
    KeyDeleted,
    RolesChanged,
    RoleChanged,
    Deactivated,
    Expires,
    Revoked,
    Deleted,
    DeletedAndMadeAgain,
}

const ENDS: [End; 8] = [
    End::KeyDeleted,
    End::RolesChanged,
    End::RoleChanged,
    End::Deactivated,
    End::Expires,
    End::Revoked,
    End::Deleted,
    End::DeletedAndMadeAgain,
];

async fn end(tenant: &Tenant, (name, role): (&str, &str), client: &Client, token: &str, end: End) {
    let (rest, path) = (tenant.rest(), format!("{ACCOUNTS}/{name}"));
    let roles = json!([{"role": role}]);
    match end {
        End::KeyDeleted => {
            rest.delete(&format!("{path}/keys/{}", client.key_id)).await.ok();
        }
        End::RolesChanged => {
            rest.put(&path, json!({"roles": []})).await.ok();
        }
        End::RoleChanged => {
            let changed = json!({"permissions": ["stock.read"]});
            rest.put(&format!("/accounts/roles/{role}"), changed).await.ok();
        }
        End::Deactivated => {
            let resting = json!({"roles": roles, "isActive": false});
            rest.put(&path, resting).await.ok();
        }
        End::Expires => {
            let ending = json!({"roles": roles, "expiresAt": "2035-01-01"});
            rest.put(&path, ending).await.ok();
        }
        End::Revoked => {
            let form = format!("token={token}");
            let reply = tenant.site().rest().form("/accounts/token/revoke", &form).await;
            assert_eq!(reply.status, 200, "{}", reply.text);
        }
        End::Deleted | End::DeletedAndMadeAgain => {
            rest.delete(&path).await.ok();
            if matches!(end, End::DeletedAndMadeAgain) {
                rest.post(ACCOUNTS, json!({"name": name, "roles": roles}))
                    .await
                    .created();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_the_tokens_of_a_service_account_every_service_refuses_them() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let methods = methods(Caller::User);
    let services = one_of_each(&methods);
    assert!(services.len() >= 7, "each service is asked");
    for (number, how) in ENDS.into_iter().enumerate() {
        let (name, role) = (format!("system-{number}"), format!("feed_{number}"));
        let feed = json!({"name": role, "permissions": ["masters.read", "sales.read"]});
        tenant.rest().post("/accounts/roles", feed).await.created();
        let client = Client::hired(&tenant, &name, &role).await;
        let other = Client::keyed(&tenant, &name).await;
        let token = client.token(&world).await;
        let grpc = world.grpc(Door::Native).bearer(&token);
        for rpc in &services {
            let good = is_good(&grpc, &tenant, rpc).await;
            assert!(good, "{how:?}: {}", rpc.name());
        }
        end(&tenant, (&name, &role), &client, &token, how).await;
        refused_everywhere(&grpc, &tenant, &services).await;
        for rpc in &methods {
            assert!(!is_good(&grpc, &tenant, rpc).await, "{how:?}: {}", rpc.name());
        }
        let next = world.rest().form(TOKEN, &other.form()).await;
        match how {
            End::Deactivated | End::Deleted | End::DeletedAndMadeAgain => {
                drop(next.refused(401, "200001"));
            }
            _ => {
                let token = next.body["access_token"].as_str().unwrap();
                let grpc = world.grpc(Door::Native).bearer(token);
                for rpc in &services {
                    let good = is_good(&grpc, &tenant, rpc).await;
                    assert!(good, "{how:?}, another key: {}", rpc.name());
                }
            }
        }
    }
    world.finish().await;
}
