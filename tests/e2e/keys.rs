//! The keys that tokens are signed with, and the root secret that they follow from.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::join_all;
use kugel_config::Secret;
use kugel_testkit::{Door, Rest, ServerProcess, Site, Size, Tenant, Till, World, eventually};
use parking_lot::Mutex;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::accounts::members;
use crate::crash::PROGRAM;

/// How long a change may take to be seen.
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn part(token: &str, place: usize) -> Value {
    let part = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(place).unwrap())
        .unwrap();
    serde_json::from_slice(&part).unwrap()
}

/// Whether a set of keys has the one that a token's header names, and the signature is that key's: RFC 7515, 7517, 8037.
fn is_signed_by(set: &Value, token: &str) -> bool {
    let header = part(token, 0);
    assert_eq!(header["alg"], "EdDSA");
    let keys = set["keys"].as_array().unwrap();
    let Some(key) = keys.iter().find(|key| key["kid"] == header["kid"]) else {
        return false;
    };
    let x = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&ED25519, x)
        .verify(signed.as_bytes(), &signature)
        .is_ok()
}

#[tokio::test]
async fn the_published_keys_check_the_tokens_of_every_kind() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let till = tenant.store("tk01").await.till(1).await;
    let reply = world.root().get("/.well-known/jwks.json").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let set = reply.body;
    assert_eq!(members(&set), ["keys"]);
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 4);
    for key in keys {
        assert_eq!(members(key), ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!(key["kty"], "OKP");
    }
    let service = world.tokens().service("cart", &tenant.id.parse().unwrap());
    for (token, audience) in [
        (&*tenant.token, "kugel:user"),
        (&till.token, "kugel:terminal"),
        (&service, "kugel:service"),
    ] {
        assert!(is_signed_by(&set, token), "{audience}");
        assert_eq!(part(token, 1)["aud"], audience);
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert!(!is_signed_by(&set, &format!("{signed}.{}", "A".repeat(86))));
    }
    for door in [Door::Native, Door::Web] {
        let grpc = world.grpc(door);
        let answer = grpc.call("account.v1.KeyService.GetSigningKeys", json!({})).await;
        assert_eq!(answer.unwrap(), set);
    }
    world
        .root()
        .post("/.well-known/jwks.json", json!({}))
        .await
        .refused(405, "100002");
}

async fn published(site: &Site) -> Value {
    site.root().get("/.well-known/jwks.json").await.body
}

async fn log_in(site: &Site, tenant: &Tenant) -> Result<String, String> {
    let form = format!(
        "username={}&password={}&client_id={}",
        Tenant::ADMINISTRATOR,
        Tenant::PASSWORD,
        tenant.id
    );
    let reply = site.rest().form("/accounts/token", &form).await;
    let token = reply.body["access_token"].as_str().map(str::to_owned);
    token.ok_or(reply.text)
}

/// A till's key for REST.
fn keyed(site: &Site, till: &Till) -> Rest {
    site.rest().header("x-api-key", &till.api_key)
}

fn cart_of(till: &Till, cart: &str) -> String {
    format!("/carts/{cart}?terminal_id={}", till.terminal_id)
}

/// Asks for a new key of a till that is in no use; the same request each time.
async fn rotate_key(owner: &Rest, spare: &Till) -> Value {
    let owner = owner.header("idempotency-key", "rotate-1");
    owner.post(&spare.path("api-key"), json!({})).await.ok()
}

/// Clients that go on calling, each in its own way.
struct Load {
    tasks: Vec<JoinHandle<()>>,
    counts: Vec<Arc<AtomicUsize>>,
    failed: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
}

impl Load {
    fn new() -> Self {
        Self {
            tasks: Vec::new(),
            counts: Vec::new(),
            failed: Arc::default(),
            is_over: Arc::default(),
        }
    }

    /// One more client: `call` says what went wrong.
    fn add<F>(&mut self, name: &'static str, call: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = Result<(), String>> + Send,
    {
        let (count, failed, is_over) = (
            Arc::new(AtomicUsize::new(0)),
            self.failed.clone(),
            self.is_over.clone(),
        );
        self.counts.push(count.clone());
        self.tasks.push(tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                if let Err(why) = call().await {
                    failed.lock().push(format!("{name}: {why}"));
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }

    /// Waits until each client has called some times more.
    async fn goes_on(&self) {
        let count = |count: &Arc<AtomicUsize>| count.load(Ordering::Relaxed);
        let before: Vec<_> = self.counts.iter().map(count).collect();
        eventually(LIMIT, async || {
            let now = self.counts.iter().map(count);
            now.zip(&before)
                .all(|(now, before)| now > before + 3)
                .then_some(())
        })
        .await;
    }

    async fn end(self) {
        self.is_over.store(true, Ordering::Relaxed);
        for task in join_all(self.tasks).await {
            task.unwrap();
        }
        let failed = self.failed.lock();
        assert!(
            failed.is_empty(),
            "{} calls failed: {:#?}",
            failed.len(),
            failed.first()
        );
    }
}

/// The clients of a shop with what they had before: old tokens, keys and requests, and new logins.
async fn load(site: &Site, tenant: &Tenant, till: &Till, spare: &Till) -> Load {
    let cart = till.basket(&[("TEA", 1)]).await;
    let first_key = rotate_key(&tenant.rest(), spare).await;
    let mut load = Load::new();
    let (rest, items) = (tenant.rest(), tenant.path("items"));
    load.add("user", move || {
        let (rest, items) = (rest.clone(), items.clone());
        async move { expect(200, &rest.get(&items).await) }
    });
    let (key, path) = (keyed(site, till), cart_of(till, &cart));
    load.add("key", move || {
        let (key, path) = (key.clone(), path.clone());
        async move { expect(200, &key.get(&path).await) }
    });
    let rest = till.rest();
    load.add("till", move || {
        let rest = rest.clone();
        async move { expect(201, &rest.post("/carts", json!({})).await) }
    });
    for door in [Door::Native, Door::Web] {
        let (grpc, cart) = (till.grpc(door), cart.clone());
        load.add("grpc", move || {
            let (grpc, cart) = (grpc.clone(), json!({"cartId": cart}));
            async move {
                let answer = grpc.call("cart.v1.CartService.GetCart", cart).await;
                answer.map(drop).map_err(|status| format!("{status:?}"))
            }
        });
    }
    let (rest, spare, owner) = (tenant.rest(), spare.clone(), tenant.clone());
    load.add("again", move || {
        let (rest, spare, first) = (rest.clone(), spare.clone(), first_key.clone());
        async move {
            let again = rotate_key(&rest, &spare).await;
            (again == first)
                .then_some(())
                .ok_or_else(|| "another answer".to_owned())
        }
    });
    let site = site.clone();
    load.add("login", move || {
        let (site, tenant) = (site.clone(), owner.clone());
        async move {
            let token = log_in(&site, &tenant).await?;
            expect(200, &site.rest().bearer(&token).get(&tenant.path("items")).await)
        }
    });
    load
}

fn expect(status: u16, reply: &kugel_testkit::Reply) -> Result<(), String> {
    (reply.status == status)
        .then_some(())
        .ok_or_else(|| reply.text.clone())
}

/// Runs `kugel secret rotate`, and waits until the process signs with the new key.
async fn rotate(server: &ServerProcess, tenant: &Tenant, arguments: &[&str]) -> String {
    let before = part(&log_in(server, tenant).await.unwrap(), 0)["kid"].clone();
    let arguments = [&["secret", "rotate"][..], arguments].concat();
    let output = server.tool(&arguments).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    eventually(LIMIT, async || {
        let token = log_in(server, tenant).await.unwrap();
        (part(&token, 0)["kid"] != before).then_some(token)
    })
    .await
}

#[tokio::test]
async fn the_secret_of_a_folder_changes_under_load_and_no_call_is_refused() {
    if Size::has_no_folder("the_secret_of_a_folder_changes_under_load_and_no_call_is_refused") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::start(PROGRAM, folder.path()).await;
    let tenant = server.tenant().await;
    tenant.item("TEA", "298", "01").await;
    let store = tenant.store("tk01").await;
    let (till, spare) = (store.till(1).await, store.closed_till(2).await);
    let load = load(&server, &tenant, &till, &spare).await;
    let mut tokens = vec![log_in(&server, &tenant).await.unwrap()];
    for _ in 0..3 {
        tokens.push(rotate(&server, &tenant, &[]).await);
        load.goes_on().await;
    }
    load.end().await;

    let set = published(&server).await;
    assert_eq!(set["keys"].as_array().unwrap().len(), 16);
    let kids: BTreeSet<_> = tokens
        .iter()
        .map(|token| part(token, 0)["kid"].to_string())
        .collect();
    assert_eq!(kids.len(), 4);
    // Another process knows all of it too.
    server.stop().await;
    server.start_again().await;
    for token in &tokens {
        assert!(is_signed_by(&set, token));
        server.rest().bearer(token).get(&tenant.path("items")).await.ok();
    }

    let cart = till.cart().await;
    let last = rotate(&server, &tenant, &["--drop-former"]).await;
    assert_eq!(published(&server).await["keys"].as_array().unwrap().len(), 4);
    for token in tokens.iter().chain([&till.token]) {
        let reply = server.rest().bearer(token).get(&tenant.path("items")).await;
        reply.refused(401, "200001");
    }
    server.rest().bearer(&last).get(&tenant.path("items")).await.ok();
    keyed(&server, &till).get(&cart_of(&till, &cart)).await.ok();
}

/// What an operator of a mesh does, with every process started again between two steps.
#[tokio::test]
async fn the_secret_of_the_settings_changes_in_three_steps() {
    let [old, new] = [
        "7421ed2cbdd1baad6ad20aace0d019f1",
        "8e1d70ad4c3b72cb364ef7c50bc7e083",
    ];
    let start = World::start_with(|settings| settings.secret_key = Some(Secret::new(old))).await;
    let tenant = start.tenant().await;
    tenant.item("TEA", "298", "01").await;
    let store = tenant.store("tk01").await;
    let (till, spare) = (store.till(1).await, store.closed_till(2).await);
    let cart = till.basket(&[("TEA", 1)]).await;
    let first_key = rotate_key(&tenant.rest(), &spare).await;
    let holds = async |site: &Site, tokens: &[&str]| {
        for token in tokens {
            site.rest().bearer(token).get(&tenant.path("items")).await.ok();
            assert!(is_signed_by(&published(site).await, token));
        }
        keyed(site, &till).get(&cart_of(&till, &cart)).await.ok();
    };
    holds(&start, &[&tenant.token]).await;

    let accepting = start.restart_with(|settings| settings.secret_keys_accepted = Some(Secret::new(new)));
    let accepting = accepting.await;
    let early = log_in(&accepting, &tenant).await.unwrap();
    assert_eq!(part(&early, 0), part(&tenant.token, 0), "the old one signs");
    holds(&accepting, &[&tenant.token, &early]).await;
    let announced = published(&accepting).await;

    let changed = accepting.restart_with(|settings| {
        settings.secret_key = Some(Secret::new(new));
        settings.secret_keys_accepted = Some(Secret::new(old));
    });
    let changed = changed.await;
    let late = log_in(&changed, &tenant).await.unwrap();
    assert!(
        is_signed_by(&announced, &late),
        "whoever keeps the set knows the new one"
    );
    holds(&changed, &[&tenant.token, &early, &late]).await;
    till.rest().get(&cart_of(&till, &cart)).await.ok();
    let owner = changed.rest().bearer(&late);
    assert_eq!(rotate_key(&owner, &spare).await, first_key);

    let done = changed.restart_with(|settings| settings.secret_keys_accepted = None);
    let done = done.await;
    holds(&done, &[&late]).await;
    for token in [&tenant.token, &early, &till.token] {
        let reply = done.rest().bearer(token).get(&tenant.path("items")).await;
        reply.refused(401, "200001");
    }
    done.finish().await;
}
