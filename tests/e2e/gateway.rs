//! What the one port offers besides the methods themselves.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use kugel_testkit::{Door, Tenant, World, contract};
use serde_json::{Value, json};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::shop::Shop;

#[tokio::test]
async fn browsers_of_any_origin_may_call() {
    let world = World::start().await;
    let asking = world
        .root()
        .header("origin", "https://till.example")
        .header("access-control-request-method", "PATCH")
        .header(
            "access-control-request-headers",
            "authorization,content-type,x-grpc-web,idempotency-key",
        );
    for path in [
        "/api/v1/carts/c1/lineItems/1/quantity",
        "/kugel.cart.v1.CartService/GetCart",
    ] {
        let reply = asking.send(Method::OPTIONS, path, None).await;
        assert!(reply.status < 300, "{path}: {}", reply.status);
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        let headers = reply.header("access-control-allow-headers").unwrap();
        assert!(
            headers.contains("authorization") && headers.contains("x-grpc-web"),
            "{headers}"
        );
        let methods = reply.header("access-control-allow-methods").unwrap();
        assert!(methods == "*" || methods.contains("PATCH"), "{methods}");
    }
    let reply = world
        .root()
        .header("origin", "https://till.example")
        .get("/api/v1/carts/c1")
        .await;
    reply.clone().refused(401, "200001");
    let exposed = reply.header("access-control-expose-headers").unwrap();
    for name in ["x-new-token", "grpc-status", "grpc-message"] {
        assert!(exposed.contains(name), "{name} is not in {exposed}");
    }
}

#[tokio::test]
async fn health_asks_every_service() {
    let world = World::start().await;
    let mut client = HealthClient::new(world.grpc(Door::Native).transport());
    for service in ["", "kugel.cart.v1.CartService", "kugel.stock.v1.StockService"] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let status = client.check(request).await.unwrap().into_inner().status;
        assert_eq!(status, 1, "{service:?} is serving");
    }
    let unknown = HealthCheckRequest {
        service: "kugel.Nothing".to_owned(),
    };
    assert_eq!(
        client.check(unknown).await.unwrap_err().code(),
        tonic::Code::NotFound
    );
    let reply = world.root().get("/health").await;
    assert_eq!(
        (reply.status, &reply.body["status"]),
        (200, &json!("healthy")),
        "{}",
        reply.text
    );
    let names: Vec<_> = reply.body["checks"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    for service in [
        "account",
        "cart",
        "journal",
        "master-data",
        "report",
        "stock",
        "terminal",
    ] {
        assert!(
            names.iter().any(|name| name == service),
            "{service} is not in {names:?}"
        );
        let reply = world
            .root()
            .header("x-kugel-service", service)
            .get("/health")
            .await;
        assert_eq!((reply.status, &reply.body["service"]), (200, &json!(service)));
    }
}

#[tokio::test]
async fn the_api_document_is_whole() {
    let world = World::start().await;
    let document = world.root().get("/openapi.json").await;
    assert_eq!(document.status, StatusCode::OK);
    let document = document.body;
    assert!(
        document["openapi"].as_str().unwrap().starts_with("3."),
        "{}",
        document["openapi"]
    );
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    for rpc in contract() {
        for binding in &rpc.bindings {
            let verb = binding.verb.as_str().to_lowercase();
            let found = document["paths"]
                .as_object()
                .unwrap()
                .iter()
                .any(|(path, operations)| {
                    shape(path) == shape(&binding.path) && operations.get(&verb).is_some()
                });
            assert!(found, "{} {} is not in the document", binding.verb, binding.path);
        }
    }
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (verb, operation) in operations.as_object().unwrap() {
            check_operation(path, verb, operation);
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(ids.insert(id.clone()), "{id} is there twice");
        }
    }
    check_references(&document, &document);
}

/// A path without the names of its variables, which a document may spell its own way.
fn shape(path: &str) -> Vec<&str> {
    path.split('/')
        .map(|part| if part.starts_with('{') { "*" } else { part })
        .collect()
}

fn check_operation(path: &str, verb: &str, operation: &Value) {
    let name = format!("{verb} {path}");
    assert!(
        operation["responses"]
            .as_object()
            .is_some_and(|responses| !responses.is_empty()),
        "{name}: responses"
    );
    let declared: Vec<_> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "path")
        .map(|parameter| {
            assert_eq!(parameter["required"], true, "{name}: {parameter}");
            format!("{{{}}}", parameter["name"].as_str().unwrap())
        })
        .collect();
    let variables: Vec<_> = path.split('/').filter(|part| part.starts_with('{')).collect();
    assert_eq!(declared.len(), variables.len(), "{name}: {declared:?}");
    for variable in variables {
        assert!(
            declared.iter().any(|name| name == variable),
            "{name}: {variable} is not declared"
        );
    }
}

/// Every reference of the document leads to something in it.
fn check_references(part: &Value, document: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            members
                .values()
                .for_each(|member| check_references(member, document));
        }
        Value::Array(rows) => rows.iter().for_each(|row| check_references(row, document)),
        _ => {}
    }
}

#[tokio::test]
async fn the_api_page_needs_no_other_server() {
    let world = World::start().await;
    let page = world.root().get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let mut files = 0;
    for attribute in ["src=\"", "href=\""] {
        for part in page.text.split(attribute).skip(1) {
            let link = part.split('"').next().unwrap();
            assert!(!link.contains("//"), "{link} is on another server");
            if link.starts_with('#') || link.starts_with("data:") {
                continue;
            }
            let path = if link.starts_with('/') {
                link.to_owned()
            } else {
                format!("/docs/{}", link.trim_start_matches("./"))
            };
            assert_eq!(world.root().get(&path).await.status, 200, "{path}");
            files += 1;
        }
    }
    assert!(files >= 2, "a page has a script and a style");
    let bare = world.root().get("/docs").await;
    assert!(bare.status == 200, "{}", bare.status);
}

#[tokio::test]
async fn a_service_can_be_named_where_several_share_a_path() {
    let world = World::start().await;
    let tenant = Tenant::register(world.clone()).await;
    let body = json!({"tenantId": tenant.id, "tenantName": "Plum Mart", "tags": []});
    for service in ["stock", "report", "journal", "cart", "master-data"] {
        let rest = tenant.rest().header("x-kugel-service", service);
        assert_eq!(
            rest.post("/tenants", body.clone()).await.created(),
            json!({"tenantId": tenant.id}),
            "{service}"
        );
    }
    let path = format!("/tenants/{}", tenant.id);
    tenant.rest().get(&path).await.refused(404, "407001");
    let made = tenant.rest().post("/tenants", body.clone()).await.created();
    assert_eq!(
        (&made["tenantName"], &made["stores"]),
        (&json!("Plum Mart"), &json!([]))
    );
    assert_eq!(tenant.rest().get(&path).await.ok()["tenantName"], "Plum Mart");
    tenant.rest().post("/tenants", body).await.refused(400, "407002");
}

#[tokio::test]
async fn the_paths_of_the_first_documents_work() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let tenant = shop.tenant.rest();
    let register = json!({"storeCode": "tk01", "terminalNo": 7, "description": "side door"});
    let terminal = tenant.post("/terminals/register", register).await.created();
    let id = terminal["terminalId"].as_str().unwrap();
    let key = world
        .rest()
        .header("x-api-key", terminal["apiKey"].as_str().unwrap());
    let at = |path: &str| format!("{path}?terminal_id={id}");
    let body = json!({"terminalId": id, "initialAmount": 1000, "amount": 50, "operation": "CashIn"});
    let staff = json!({"staffId": Tenant::CASHIER, "staffPin": Tenant::PIN});
    key.post(&format!("/terminals/{id}/sign-in"), staff).await.ok();
    assert_eq!(
        key.post(&at("/terminals/open"), body.clone()).await.ok()["terminalInfo"]["status"],
        "Opened"
    );
    assert_eq!(
        key.post(&at("/terminals/cash-in-out"), body.clone()).await.ok()["amount"],
        50
    );
    let closed = key
        .post(
            &at("/terminals/close"),
            json!({"terminalId": id, "physicalAmount": 1050}),
        )
        .await
        .ok();
    assert_eq!(closed["differenceAmount"], 0);
    let user = json!({"username": "clerk", "password": "owl-Nest-4"});
    assert_eq!(
        tenant.post("/accounts/users", user).await.created()["username"],
        "clerk"
    );
    let users = tenant.get("/accounts/users").await.ok();
    assert_eq!(users.as_array().unwrap().len(), 2);
    let valid = tenant.get("/accounts/token/valid").await.ok();
    assert_eq!(
        (&valid["valid"], &valid["tenantId"]),
        (&json!(true), &json!(shop.tenant.id))
    );
    world.finish().await;
}

#[tokio::test]
async fn a_request_keeps_its_name() {
    let world = World::start().await;
    let reply = world
        .root()
        .header("x-request-id", "r-17")
        .get("/api/v1/carts/c1")
        .await;
    assert_eq!(reply.header("x-request-id"), Some("r-17"));
    let reply = world.root().get("/health").await;
    assert!(reply.header("x-request-id").is_some_and(|id| id.len() == 36));
    let reply = world.root().send(Method::HEAD, "/health", None).await;
    assert_eq!((reply.status, reply.text.as_str()), (200, ""));
}

#[tokio::test]
async fn answers_are_neither_kept_nor_guessed_at() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let form = format!(
        "username={}&password={}&client_id={}",
        Tenant::ADMINISTRATOR,
        Tenant::PASSWORD,
        shop.tenant.id
    );
    for reply in [
        world.rest().form("/accounts/token", &form).await,
        shop.till.rest().get(&shop.cart_path("")).await,
        world.rest().get("/nothing").await,
    ] {
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    }
    let page = world.root().get("/docs/").await;
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}
