//! A tenant's credential reaches nothing of another tenant, by no method and through no door.

use kugel_testkit::{Door, Rpc, Tenant, Till, World, contract};
use serde_json::{Map, Value, json};

use crate::doors::{code_of, decimal_of, plain};
use crate::walk::Credentials;

/// What a tenant has that others would like to see.
pub(crate) struct Owned {
    pub(crate) tenant: Tenant,
    pub(crate) till: Till,
    pub(crate) cart: String,
    /// A user whose name nobody else has.
    pub(crate) clerk: String,
}

impl Owned {
    pub(crate) async fn build(world: &World) -> Self {
        let tenant = world.tenant().await;
        tenant.item("TEA", "298", "01").await;
        let till = tenant.store("tk01").await.till(1).await;
        till.sell(&[("TEA", 2)]).await;
        let cart = till.basket(&[("TEA", 1)]).await;
        world.settled().await;
        let clerk = format!("clerk-{}", tenant.id);
        let account = json!({"username": clerk, "password": Tenant::PASSWORD});
        tenant.rest().post("/accounts/users", account).await.created();
        Self {
            tenant,
            till,
            cart,
            clerk,
        }
    }

    /// The value of a request field that points at this tenant's things.
    fn field(&self, name: &str) -> Option<Value> {
        Some(match name {
            "tenant_id" => json!(self.tenant.id),
            "store_code" => json!("tk01"),
            "terminal_no" | "line_no" => json!(1),
            "transaction_no" => json!(1),
            "terminal_id" => json!(self.till.terminal_id),
            "cart_id" => json!(self.cart),
            "unit_price" | "quantity" => decimal_of("1"),
            "item_code" => json!("TEA"),
            "payment_code" => json!("01"),
            "staff_id" => json!(Tenant::CASHIER),
            "username" => json!(self.clerk),
            "report_scope" => json!("flash"),
            "report_type" => json!("sales"),
            "business_date" => json!("20260611"),
            _ => return None,
        })
    }

    /// A request of the method that points at this tenant's things wherever it can.
    pub(crate) fn request(&self, rpc: &Rpc) -> Value {
        let input = rpc.descriptor.input();
        input
            .fields()
            .filter_map(|field| Some((field.json_name().to_owned(), self.field(field.name())?)))
            .collect::<Map<_, _>>()
            .into()
    }

    /// Everything that its owner sees.
    pub(crate) async fn seen(&self) -> Vec<Value> {
        let mut seen = vec![self.till.rest().get(&format!("/carts/{}", self.cart)).await.ok()];
        for path in [
            "",
            "items",
            "payments",
            "staff",
            "stores",
            "stores/tk01/stock",
            "stores/tk01/journals",
        ] {
            let path = self.tenant.path(path);
            seen.push(self.tenant.rest().get(path.trim_end_matches('/')).await.ok());
        }
        seen.push(self.tenant.rest().get("/terminals").await.ok());
        seen.push(self.tenant.rest().get("/accounts/users").await.ok());
        seen.push(self.till.rest().get(&self.till.transactions("")).await.ok());
        seen
    }
}

/// The codes that tell a stranger nothing.
fn refusals(rpc: &Rpc) -> &'static [&'static str] {
    let names = |field: &str| rpc.descriptor.input().get_field_by_name(field).is_some();
    match rpc {
        // What is everybody's, whoever asks.
        _ if rpc.is_public() && rpc.descriptor.input().fields().len() == 0 => &[],
        _ if rpc.is_public() => &["200001", "300001"],
        _ if names("tenant_id") => &["100000"],
        _ if names("terminal_id") => &["100001"],
        _ if names("cart_id") => &["401002"],
        _ => &[],
    }
}

#[tokio::test]
async fn a_stranger_reaches_nothing() {
    let world = World::start().await;
    let owned = Owned::build(&world).await;
    let stranger = Owned::build(&world).await;
    let credentials = Credentials::of(&world, &stranger.tenant, &stranger.till);
    let before = owned.seen().await;
    for door in [Door::Native, Door::Web] {
        let grpc = world.grpc(door);
        for rpc in contract() {
            let answer = grpc
                .bearer(credentials.fitting(&rpc))
                .call_method(&rpc.descriptor, owned.request(&rpc))
                .await;
            let expected = refusals(&rpc);
            match answer {
                Err(status) if expected.is_empty() => {
                    assert_ne!(status.code(), tonic::Code::Internal, "{}: {status:?}", rpc.name());
                }
                Err(status) => {
                    let code = code_of(&status);
                    assert!(expected.contains(&code.as_str()), "{}: {status:?}", rpc.name());
                }
                Ok(data) => {
                    assert!(expected.is_empty(), "{}: {data}", rpc.name());
                    let text = data.to_string();
                    assert!(!text.contains(&owned.tenant.id), "{}: {text}", rpc.name());
                }
            }
        }
    }
    assert_eq!(owned.seen().await, before, "a stranger's calls left a trace");
}

#[tokio::test]
async fn a_stranger_reaches_nothing_by_rest() {
    let world = World::start().await;
    let owned = Owned::build(&world).await;
    let stranger = Owned::build(&world).await;
    let credentials = Credentials::of(&world, &stranger.tenant, &stranger.till);
    let before = owned.seen().await;
    for rpc in contract() {
        let rest = world
            .root()
            .bearer(credentials.fitting(&rpc))
            .header("x-kugel-service", &rpc.service());
        for binding in &rpc.bindings {
            let path = binding.path_with(|variable| match owned.field(variable) {
                Some(Value::String(text)) => text,
                Some(other) => other.to_string(),
                None => "1".to_owned(),
            });
            let body = match binding.body.as_str() {
                "" => None,
                "*" => Some(plain(owned.request(&rpc))),
                field => {
                    let field = rpc.descriptor.input().get_field_by_name(field);
                    let is_list = field.is_some_and(|field| field.is_list());
                    Some(if is_list { json!([]) } else { json!({}) })
                }
            };
            let reply = rest.send(binding.verb.clone(), &path, body.as_ref()).await;
            if !rpc.is_bare {
                reply.envelope();
            }
            assert!(
                !reply.body["data"].to_string().contains(&owned.tenant.id),
                "{}: {}",
                rpc.name(),
                reply.text
            );
            if binding.path.contains("{tenant_id}") {
                reply.refused(400, "100000");
            } else if binding.path.contains("{cart_id}") {
                reply.refused(404, "401002");
            } else if binding.path.contains("{terminal_id}") {
                reply.refused(404, "100001");
            }
        }
    }
    assert_eq!(owned.seen().await, before, "a stranger's calls left a trace");
}

/// One till's credential against another till of the same tenant and store.
#[tokio::test]
async fn a_till_acts_for_itself_alone() {
    let world = World::start().await;
    let owned = Owned::build(&world).await;
    let neighbour = owned.till.store.till(2).await;
    for call in ["sign-out", "open", "close", "cash-in", "cash-out"] {
        let reply = neighbour
            .rest()
            .post(&owned.till.path(call), json!({"amount": 1}))
            .await;
        reply.refused(403, "200002");
    }
    let cart = format!("/carts/{}", owned.cart);
    neighbour.rest().get(&cart).await.refused(404, "401002");
    let void = json!([{"paymentCode": "01", "amount": 655}]);
    let reply = neighbour
        .rest()
        .post(&owned.till.transactions("/1/void"), void)
        .await;
    assert!((400..500).contains(&reply.status), "{}", reply.text);
}

#[tokio::test]
async fn credentials_open_only_their_own_doors() {
    let world = World::start().await;
    let owned = Owned::build(&world).await;
    let rest = world.rest();
    // A user sells nothing, a till administers nothing, and neither reports deliveries.
    owned
        .tenant
        .rest()
        .post("/carts", json!({}))
        .await
        .refused(403, "200002");
    let store = json!({"storeCode": "tk02", "storeName": "Plum"});
    owned
        .till
        .rest()
        .post(&owned.tenant.path("stores"), store)
        .await
        .refused(403, "200002");
    let delivery = json!({"event_id": "x", "service": "stock", "status": "received"});
    for rest in [owned.tenant.rest(), owned.till.rest()] {
        rest.post(&owned.till.transactions("/1/delivery-status"), delivery.clone())
            .await
            .refused(401, "200001");
        rest.post(&owned.till.path("delivery-status"), delivery.clone())
            .await
            .refused(401, "200001");
    }
    // The API key works with its own terminal alone.
    let key = rest.header("x-api-key", &owned.till.api_key);
    let path = |till: &str| format!("/carts/{}?terminal_id={till}", owned.cart);
    assert_eq!(
        key.get(&path(&owned.till.terminal_id)).await.ok()["cartId"],
        json!(owned.cart)
    );
    let second = owned.till.store.closed_till(2).await;
    key.get(&path(&second.terminal_id)).await.refused(401, "200001");
    key.get(&format!("/carts/{}", owned.cart))
        .await
        .refused(401, "200001");
    key.bearer("bad")
        .get(&path(&owned.till.terminal_id))
        .await
        .refused(401, "200001");
}
