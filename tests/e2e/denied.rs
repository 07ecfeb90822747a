//! Who is refused, method by method: whoever the policy does not name, at what is his own, somebody else's and nobody's.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::join_all;
use kugel_config::Secret;
use kugel_proto::Caller;
use kugel_testkit::{Door, Grpc, Rpc, Tenant, World, contract};
use ring::hmac;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::doors::code_of;
use crate::isolation::Owned;
use crate::keys::part;

/// Who has it signs what he likes.
const ROOT: &str = "6d0c1f8c7a9e4b52b7d3e1908f2a4c65";
const KINDS: [&str; 3] = ["user", "terminal", "service"];

/// The place, and the user, that a request points at.
struct Place {
    store: &'static str,
    number: i32,
    cart: String,
    user: String,
}

impl Place {
    /// Till 1 of the first store, with its cart and its sale.
    fn of(owned: &Owned) -> Self {
        Self {
            store: "tk01",
            number: 1,
            cart: owned.cart.clone(),
            user: owned.clerk.clone(),
        }
    }

    /// A till that a store does not have.
    fn absent(store: &'static str) -> Self {
        Self {
            store,
            number: 7,
            cart: "00000000-0000-4000-8000-000000000000".to_owned(),
            user: "nobody".to_owned(),
        }
    }

    /// A request of the method that points here wherever it can, and else at what the tenant has.
    fn request(&self, owned: &Owned, rpc: &Rpc) -> Value {
        let mut request = owned.request(rpc);
        for (field, value) in [
            ("storeCode", json!(self.store)),
            ("terminalNo", json!(self.number)),
            ("transactionNo", json!(self.number)),
            (
                "terminalId",
                json!(format!("{}-{}-{}", owned.tenant.id, self.store, self.number)),
            ),
            ("cartId", json!(self.cart)),
            ("username", json!(self.user)),
        ] {
            if request.get(field).is_some() {
                request[field] = value;
            }
        }
        request
    }
}

/// The same method at what is the caller's own, a stranger's and nobody's.
fn requests(own: &Owned, stranger: &Owned, rpc: &Rpc) -> [Value; 3] {
    [
        own.request(rpc),
        stranger.request(rpc),
        Place::absent("tk77").request(own, rpc),
    ]
}

/// A token with other claims, signed with the key of its kind.
fn signed_again(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = part(token, 1);
    change(&mut claims);
    let kid = part(token, 0)["kid"].clone();
    let kind = kid.as_str().unwrap().split('-').next().unwrap();
    let header = token.split('.').next().unwrap();
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let root = hmac::Key::new(hmac::HMAC_SHA256, ROOT.as_bytes());
    let seed = hmac::sign(&root, format!("kugel signing key: {kind}").as_bytes());
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).unwrap();
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// What is no token, or one no more, not yet or elsewhere, by what is wrong with it.
fn bad_tokens(world: &World, owned: &Owned) -> Vec<(String, String)> {
    let service = world.tokens().service("test", &owned.tenant.id.parse().unwrap());
    let good = [&*owned.tenant.token, &owned.till.token, &service];
    let now = world.tokens().now();
    let mut bad = Vec::new();
    for (token, kind) in good.into_iter().zip(KINDS) {
        for (wrong, claim, value) in [
            ("expired", "exp", json!(now - 1)),
            ("of the future", "iat", json!(now + 600)),
            ("not yet valid", "nbf", json!(now + 600)),
        ] {
            bad.push((
                format!("{kind}, {wrong}"),
                signed_again(token, |claims| claims[claim] = value),
            ));
        }
        for other in KINDS.into_iter().filter(|other| *other != kind) {
            let audience = json!(format!("kugel:{other}"));
            let name = format!("{kind} for {other}");
            bad.push((name, signed_again(token, |claims| claims["aud"] = audience)));
        }
        let (body, signature) = token.rsplit_once('.').unwrap();
        for (next, _) in good.iter().zip(KINDS).filter(|(_, next)| *next != kind) {
            let header = next.split('.').next().unwrap();
            let claims = body.split('.').nth(1).unwrap();
            bad.push((
                format!("{kind} by another key"),
                format!("{header}.{claims}.{signature}"),
            ));
        }
        bad.push((format!("{kind}, unsigned"), format!("{body}.")));
    }
    bad
}

/// What is good for something else.
async fn other_secrets(owned: &Owned) -> Vec<(String, String)> {
    let rest = owned.tenant.rest();
    let form = format!(
        "username={}&password={}&client_id={}",
        Tenant::ADMINISTRATOR,
        Tenant::PASSWORD,
        owned.tenant.id
    );
    let login = rest.form("/accounts/token", &form).await;
    let refresh = login.body["refresh_token"].as_str().unwrap().to_owned();
    let account = json!({"name": "erp", "roles": [{"role": "manager"}]});
    rest.post("/accounts/service-accounts", account).await.created();
    let key = rest
        .post("/accounts/service-accounts/erp/keys", json!({}))
        .await
        .created();
    let key = key["clientSecret"].as_str().unwrap().to_owned();
    let other = json!({"id": "32", "name": "Sato", "pin": "4711", "roles": ["manager"]});
    owned.tenant.enter("staff", other).await;
    let wanted = json!({"staffId": "32", "staffPin": "4711", "permission": "sales.void"});
    let approval = owned
        .till
        .rest()
        .post(&owned.till.path("approvals"), wanted)
        .await;
    let approval = approval.created()["approval"].as_str().unwrap().to_owned();
    let as_user = signed_again(&approval, |claims| claims["aud"] = json!("kugel:user"));
    [
        ("refresh token", refresh),
        ("key of a service account", key),
        ("API key", owned.till.api_key.clone()),
        ("approval", approval),
        ("approval for user", as_user),
        ("password", Tenant::PASSWORD.to_owned()),
        ("nothing", String::new()),
    ]
    .map(|(name, secret)| (name.to_owned(), secret))
    .into()
}

async fn code(grpc: &Grpc, rpc: &Rpc, request: Value) -> Option<String> {
    let answer = grpc.call_method(&rpc.descriptor, request).await;
    answer.err().map(|status| code_of(&status))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_good_credential_opens_no_method() {
    let world = World::start_with(|settings| settings.secret_key = Some(Secret::new(ROOT))).await;
    let (owned, stranger) = (Owned::build(&world).await, Owned::build(&world).await);
    let mut bad = bad_tokens(&world, &owned);
    bad.extend(other_secrets(&owned).await);
    let before = owned.seen().await;
    let grpc = world.grpc(Door::Native);
    // What is signed here passes if nothing is wrong with it.
    for token in [&owned.tenant.token, &owned.till.token] {
        let good = grpc.bearer(&signed_again(token, |_| {}));
        let answer = good
            .call("account.v1.AccountService.ValidateToken", json!({}))
            .await;
        assert!(answer.is_ok(), "{answer:?}");
    }
    for (number, rpc) in contract().iter().enumerate() {
        let requests = requests(&owned, &stranger, rpc);
        let mut refusals = vec![Some("200001".to_owned()); 3];
        if rpc.is_public() {
            // It is ignored.
            let nobody = requests.iter().map(|request| code(&grpc, rpc, request.clone()));
            refusals = join_all(nobody).await;
        }
        // Each token comes with one of the requests, and with another one at the next method.
        let answers = bad.iter().enumerate().map(async |(place, (name, token))| {
            let which = (number + place) % 3;
            let answer = code(&grpc.bearer(token), rpc, requests[which].clone()).await;
            assert_eq!(answer, refusals[which], "{}: {name}", rpc.name());
        });
        join_all(answers).await;
    }
    assert!(owned.seen().await == before, "a refused call left a trace");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_named_by_the_policy_is_refused_at_every_method() {
    let world = World::start().await;
    let (owned, stranger) = (Owned::build(&world).await, Owned::build(&world).await);
    let grpc = world.grpc(Door::Native);
    let by_key = grpc
        .metadata("x-api-key", &owned.till.api_key)
        .metadata("x-terminal-id", &owned.till.terminal_id);
    let service = world.tokens().service("test", &owned.tenant.id.parse().unwrap());
    let callers = [
        ("owner", grpc.bearer(&owned.tenant.token), Caller::User),
        ("till", grpc.bearer(&owned.till.token), Caller::Terminal),
        ("till by key", by_key, Caller::Terminal),
        ("service", grpc.bearer(&service), Caller::Service),
    ];
    let before = owned.seen().await;
    let mut refused = 0;
    for rpc in contract().iter().filter(|rpc| !rpc.is_public()) {
        // Methods for services alone are unknown to everybody else.
        let expected = match rpc.allow[..] {
            [Caller::Service] => "200001",
            _ => "200002",
        };
        for (name, client, _) in callers.iter().filter(|(_, _, kind)| !rpc.allows(*kind)) {
            let answers = requests(&owned, &stranger, rpc).map(|request| code(client, rpc, request));
            for answer in join_all(answers).await {
                assert_eq!(answer.as_deref(), Some(expected), "{}: {name}", rpc.name());
                refused += 1;
            }
        }
    }
    assert!(refused > 500, "{refused}");
    assert!(owned.seen().await == before, "a refused call left a trace");
}

/// All that a caller learns of a refusal, but for what he has named himself.
fn told(status: &Status, place: &Place) -> String {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| {
        let metadata: BTreeMap<_, _> = info.metadata.iter().collect();
        (&info.reason, metadata)
    });
    let fields = details.bad_request().map(|refused| &refused.field_violations);
    let text = format!("{:?} {} {reason:?} {fields:?}", status.code(), status.message());
    let text = text.replace(&place.cart, "cart").replace(&place.user, "user");
    text.replace(|letter: char| letter.is_ascii_digit(), "#")
}

/// Whether a terminal may see by the method what another one of its own, or of another store has.
fn shows_others(rpc: &Rpc, is_own_store: bool) -> bool {
    let is_bound = rpc.has("ownTerminal") || rpc.has("ownStore") && !is_own_store;
    let is_cart = rpc.descriptor.input().get_field_by_name("cart_id").is_some();
    // Goods are taken back at any till of the store.
    let takes_back = rpc.name().ends_with("ReturnTransaction") && is_own_store;
    !is_bound && !is_cart && (rpc.only_reads() || takes_back)
}

/// Whether a request says by itself whose things it is about.
fn names_tenants(rpc: &Rpc) -> bool {
    let names = |field| rpc.descriptor.input().get_field_by_name(field).is_some();
    ["tenant_id", "terminal_id", "cart_id", "username"]
        .into_iter()
        .any(names)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_anothers_is_answered_as_what_is_not_there() {
    let world = World::start().await;
    let owned = Owned::build(&world).await;
    let stranger = Owned::build(&world).await;
    let neighbour = owned.till.store.till(2).await;
    let elsewhere = owned.tenant.store("tk02").await.till(1).await;
    let grpc = world.grpc(Door::Native);
    let mut callers = Vec::new();
    for (name, till, absent) in [
        ("neighbour", neighbour, "tk01"),
        ("till elsewhere", elsewhere, "tk77"),
    ] {
        let by_key = grpc.metadata("x-api-key", &till.api_key);
        let by_key = by_key.metadata("x-terminal-id", &till.terminal_id);
        for client in [grpc.bearer(&till.token), by_key] {
            callers.push((name.to_owned(), client, Caller::Terminal, absent));
        }
    }
    for (name, token, kind) in [
        ("owner of another tenant", &stranger.tenant.token, Caller::User),
        ("till of another tenant", &stranger.till.token, Caller::Terminal),
    ] {
        callers.push((name.to_owned(), grpc.bearer(token), kind, "tk77"));
    }
    let roles = owned.tenant.rest().get("/accounts/roles").await.ok();
    let roles = roles
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].as_str().unwrap());
    for role in roles.filter(|role| *role != "owner").chain(["nobody"]) {
        let given = json!([{"role": role, "storeCodes": ["tk02"]}]);
        let given = if role == "nobody" { json!([]) } else { given };
        let token = owned.tenant.user_with(&format!("{role}-tk02"), given).await;
        callers.push((
            format!("{role} of tk02"),
            grpc.bearer(&token),
            Caller::User,
            "tk77",
        ));
    }
    let before = owned.seen().await;
    let there = Place::of(&owned);
    let mut compared = 0;
    for (name, client, kind, absent) in &callers {
        let absent = Place::absent(absent);
        for rpc in contract().iter().filter(|rpc| rpc.allows(*kind)) {
            let [foreign, nothing] = [&there, &absent].map(|place| place.request(&owned, rpc));
            // What names nothing of a tenant is about the caller's own.
            let is_visible = match name.contains("another tenant") {
                true => !names_tenants(rpc),
                false => *kind == Caller::Terminal && shows_others(rpc, absent.store == "tk01"),
            };
            if foreign == nothing || is_visible || rpc.descriptor.is_server_streaming() {
                continue;
            }
            let foreign = client.call_method(&rpc.descriptor, foreign).await;
            let nothing = client.call_method(&rpc.descriptor, nothing).await;
            let [foreign, nothing] =
                [(foreign, &there), (nothing, &absent)].map(|(answer, place)| match answer {
                    Ok(_) => "OK".to_owned(),
                    Err(status) => told(&status, place),
                });
            assert_eq!(foreign, nothing, "{name}: {}", rpc.name());
            assert!(foreign != "OK" || rpc.has("anyStore"), "{name}: {}", rpc.name());
            compared += 1;
        }
    }
    assert!(compared > 300, "{compared}");
    assert!(owned.seen().await == before, "a refused call left a trace");
}
