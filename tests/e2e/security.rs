//! The security log, and the brakes on PINs and keys, as a tenant's administrator sees them.

use std::time::Duration;

use kugel_config::{Compatibility, Settings};
use kugel_testkit::{Door, Tenant, World, eventually};
use serde_json::{Value, json};

use crate::shop::Shop;

const EVENTS: &str = "/accounts/security-events";

/// Kinds and subjects of what a query finds, the oldest first.
async fn told(tenant: &Tenant, query: &str) -> Vec<(String, String)> {
    let path = format!("{EVENTS}?sort=occurred_at:1&{query}");
    let found = tenant.rest().get(&path).await.ok();
    let entry = |entry: &Value| {
        let kind = entry["kind"].as_str().unwrap();
        let kind = kind.strip_prefix("SECURITY_EVENT_KIND_").unwrap();
        (kind.to_owned(), entry["subject"].as_str().unwrap().to_owned())
    };
    found.as_array().unwrap().iter().map(entry).collect()
}

/// How often each entry that a query finds says that it happened, the oldest first.
async fn counts(tenant: &Tenant, query: &str) -> Vec<i64> {
    let path = format!("{EVENTS}?sort=occurred_at:1&{query}");
    let found = tenant.rest().get(&path).await.ok();
    let found = found.as_array().unwrap().iter();
    found.map(|entry| entry["count"].as_i64().unwrap()).collect()
}

fn kinds(entries: &[(String, String)]) -> Vec<&str> {
    entries.iter().map(|(kind, _)| kind.as_str()).collect()
}

#[tokio::test]
async fn what_happens_at_tills_is_in_the_security_log_for_administrators_alone() {
    let world = World::start().await;
    let Shop {
        tenant, store, till, ..
    } = Shop::build(&world).await;
    let other = store.closed_till(2).await;
    let wrong = world.rest().header("x-api-key", "wrong");
    let exchange = format!("/auth/token?terminal_id={}", other.terminal_id);
    wrong.post(&exchange, json!({})).await.refused(401, "200001");
    let pin = json!({"staffId": Tenant::CASHIER, "staffPin": "4711"});
    let refused = other.rest().post(&other.path("sign-in"), pin).await;
    refused.refused(401, "406004");
    let rotated = tenant.rest().post(&other.path("api-key"), json!({})).await.ok();
    tenant
        .rest()
        .delete(other.path("").trim_end_matches('/'))
        .await
        .ok();
    let staff = json!({"id": "32", "name": "Abe", "pin": "9090", "roles": []});
    tenant.enter("staff", staff.clone()).await;
    let staff_path = tenant.path("staff/32");
    tenant.rest().put(&staff_path, staff).await.ok();
    tenant.rest().delete(&staff_path).await.ok();
    world.settled().await;

    let of_till = told(&tenant, &format!("subject={}", other.terminal_id)).await;
    assert_eq!(
        kinds(&of_till),
        [
            "TERMINAL_CREATED",
            "API_KEY_REFUSED",
            "API_KEY_ROTATED",
            "TERMINAL_DELETED"
        ]
    );
    let of_staff = told(&tenant, "subject=32").await;
    assert_eq!(
        kinds(&of_staff),
        ["STAFF_CREATED", "STAFF_CHANGED", "STAFF_DELETED"]
    );
    let of_cashier = told(&tenant, &format!("subject={}", Tenant::CASHIER)).await;
    assert_eq!(
        kinds(&of_cashier),
        ["STAFF_CREATED", "STAFF_SIGNED_IN", "STAFF_REFUSED"]
    );
    let signed_in = told(&tenant, "kind=SECURITY_EVENT_KIND_STAFF_SIGNED_IN").await;
    assert_eq!(
        signed_in,
        [("STAFF_SIGNED_IN".to_owned(), Tenant::CASHIER.to_owned())]
    );
    assert_eq!(told(&tenant, "to=20200101").await, []);
    assert_eq!(told(&tenant, "address=192.0.2.1").await, []);

    let whole = tenant.rest().get(&format!("{EVENTS}?limit=1000")).await;
    for secret in [
        "4711",
        Tenant::PIN,
        "9090",
        Tenant::PASSWORD,
        &till.api_key,
        &other.api_key,
        rotated["apiKey"].as_str().unwrap(),
    ] {
        assert!(!whole.text.contains(secret), "{secret} is in the log");
    }
    let newest = &whole.ok()[0];
    assert_eq!(newest["kind"], "SECURITY_EVENT_KIND_STAFF_DELETED");
    assert_eq!(newest["actor"], Tenant::ADMINISTRATOR);
    let by_grpc = tenant.grpc(Door::Native);
    let answer = by_grpc.call(
        "account.v1.AccountService.ListSecurityEvents",
        json!({"kind": "SECURITY_EVENT_KIND_API_KEY_REFUSED"}),
    );
    let refused = answer.await.unwrap()["events"][0].clone();
    assert_eq!(
        (&refused["actor"], &refused["address"]),
        (&json!("anonymous"), &json!("127.0.0.1"))
    );

    let clerk = tenant.user("clerk", "owl-Nest-4").await;
    for token in [&clerk, &till.token] {
        let rest = world.rest().bearer(token);
        rest.get(EVENTS).await.refused(403, "200002");
    }
    let stranger = world.tenant().await;
    let theirs = told(&stranger, "").await;
    assert!(theirs.iter().all(|(_, subject)| *subject != other.terminal_id));
    for (query, field) in [
        ("kind=NONE", "kind"),
        ("kind=99", "kind"),
        ("address=here", "address"),
        ("from=yesterday", "from"),
        ("sort=event_id:1", "sort"),
        ("limit=0", "limit"),
    ] {
        let path = format!("{EVENTS}?{query}");
        tenant.rest().get(&path).await.refused_field(field);
    }
}

#[tokio::test]
async fn a_guesser_of_pins_is_told_to_wait_and_an_administrator_unlocks() {
    let (world, clock) = World::start_at("2026-06-11T05:05:00Z").await;
    let shop = Shop::build(&world).await;
    let till = shop.store.closed_till(2).await;
    let sign_in = async |pin: &str| {
        let body = json!({"staffId": Tenant::CASHIER, "staffPin": pin});
        till.rest().post(&till.path("sign-in"), body).await
    };
    for pause in [0, 0, 0, 0, 0, 1, 2, 4, 8, 16] {
        clock.advance(pause);
        sign_in("0000").await.refused(401, "406004");
    }
    let braked = sign_in(Tenant::PIN).await;
    assert_eq!(braked.header("retry-after"), Some("900"));
    braked.refused(429, "200003");
    let tenant = &shop.tenant;
    let [unlock_till, unlock_staff] = [
        till.path("unlock"),
        tenant.path(&format!("staff/{}/unlock", Tenant::CASHIER)),
    ];
    till.rest()
        .post(&unlock_till, json!({}))
        .await
        .refused(403, "200002");
    tenant.rest().post(&unlock_till, json!({})).await.ok();
    sign_in(Tenant::PIN).await.refused(429, "200003");
    tenant.rest().post(&unlock_staff, json!({})).await.ok();
    sign_in(Tenant::PIN).await.ok();
    world.settled().await;
    let found = told(tenant, &format!("subject={}", till.terminal_id)).await;
    assert_eq!(
        kinds(&found),
        ["TERMINAL_CREATED", "TERMINAL_LOCKED", "TERMINAL_UNLOCKED"]
    );
    clock.advance(60);
    let refused = "kind=SECURITY_EVENT_KIND_STAFF_REFUSED";
    let all = async || Some(counts(tenant, refused).await).filter(|found| found.len() > 1);
    let found = eventually(Duration::from_secs(20), all).await;
    assert_eq!(found, [1, 9], "what is braked does not count");
}

#[tokio::test]
async fn whoever_goes_on_and_on_fills_no_log_and_is_counted() {
    let legacy = |settings: &mut Settings| settings.compatibility = Compatibility::Legacy;
    let world = World::start_with(legacy).await;
    let shop = Shop::build(&world).await;
    let till = shop.store.closed_till(2).await;
    let body = json!({"staffId": Tenant::CASHIER});
    for _ in 0..20 {
        till.rest().post(&till.path("sign-in"), body.clone()).await.ok();
        till.rest().post(&till.path("sign-out"), json!({})).await.ok();
        let nobody = json!({"staffId": "4711"});
        let refused = till.rest().post(&till.path("sign-in"), nobody).await;
        assert_eq!(refused.status, 401, "{}", refused.text);
    }
    // Who stops tells what has been counted since the entries before.
    let world = world.restart().await;
    world.settled().await;
    let tenant = &shop.tenant;
    for kind in ["STAFF_SIGNED_OUT", "STAFF_REFUSED"] {
        let found = counts(tenant, &format!("kind=SECURITY_EVENT_KIND_{kind}")).await;
        assert_eq!(
            (found[0], found.iter().sum::<i64>()),
            (1, 20),
            "{kind}: {found:?}"
        );
        assert!(found.len() < 10, "{kind}: {found:?}");
    }
    let by_grpc = tenant.grpc(Door::Web);
    let answer = by_grpc.call(
        "account.v1.AccountService.ListSecurityEvents",
        json!({"kind": "SECURITY_EVENT_KIND_STAFF_SIGNED_OUT"}),
    );
    let newest = answer.await.unwrap()["events"][0].clone();
    assert!(newest["count"].as_i64().unwrap() > 1, "{newest}");
    let refused = told(tenant, "kind=SECURITY_EVENT_KIND_STAFF_REFUSED").await;
    assert!(
        refused.iter().all(|(_, subject)| subject.is_empty()),
        "{refused:?}"
    );
    world.finish().await;
}
