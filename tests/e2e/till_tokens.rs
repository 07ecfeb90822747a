//! A till's token is good while the till has the key that it came from, and the person it names is signed in.

use kugel_proto::Caller;
use kugel_testkit::{Door, Store, Tenant, Till, World};
use serde_json::{Value, json};

use crate::revocation::{is_good, methods, one_of_each, refused_everywhere};

/// How a till's token ends.
#[derive(Debug, Clone, Copy)]
enum End {
    KeyRotated,
    Deleted,
    DeletedAndMadeAgain,
    SignedOut,
    SomebodyElseSignedIn,
    StaffChanged,
    StaffRemoved,
}

impl End {
    async fn of(self, tenant: &Tenant, store: &Store, till: &Till) {
        let rest = tenant.rest();
        match self {
            Self::KeyRotated => {
                rest.post(&till.path("api-key"), json!({})).await.ok();
            }
            Self::Deleted | Self::DeletedAndMadeAgain => {
                till.closed("0").await;
                rest.delete(&format!("/terminals/{}", till.terminal_id))
                    .await
                    .ok();
                if matches!(self, Self::DeletedAndMadeAgain) {
                    store.till(till.number).await;
                }
            }
            Self::SignedOut => drop(rest.post(&till.path("sign-out"), json!({})).await.ok()),
            Self::SomebodyElseSignedIn => {
                rest.post(&till.path("sign-out"), json!({})).await.ok();
                let person = json!({"staffId": Tenant::CASHIER, "staffPin": Tenant::PIN});
                rest.post(&till.path("sign-in"), person).await.ok();
            }
            Self::StaffChanged => {
                let path = tenant.path(&format!("staff/{}", person_at(till.number)));
                rest.put(&path, person(till.number, "0815")).await.ok();
            }
            Self::StaffRemoved => {
                let path = tenant.path(&format!("staff/{}", person_at(till.number)));
                rest.delete(&path).await.ok();
            }
        }
    }

    /// True if the till's key ends as well.
    fn takes_the_key(self) -> bool {
        matches!(self, Self::KeyRotated | Self::Deleted | Self::DeletedAndMadeAgain)
    }
}

/// Who is signed in at a till.
fn person_at(number: i32) -> String {
    format!("p{number}")
}

fn person(number: i32, pin: &str) -> Value {
    json!({"id": person_at(number), "name": "Sato", "pin": pin, "roles": ["manager"]})
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_a_tills_token_every_service_refuses_it() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let store = tenant.store("tk01").await;
    let methods = methods(Caller::Terminal);
    let services = one_of_each(&methods);
    assert!(services.len() >= 6, "each service that lets tills in is asked");
    for (end, number) in [
        End::KeyRotated,
        End::Deleted,
        End::DeletedAndMadeAgain,
        End::SignedOut,
        End::SomebodyElseSignedIn,
        End::StaffChanged,
        End::StaffRemoved,
    ]
    .into_iter()
    .zip(1..)
    {
        tenant.enter("staff", person(number, Tenant::PIN)).await;
        let till = store.closed_till(number).await;
        let till = till.signed_in_as(&person_at(number), Tenant::PIN).await;
        let till = till.opened("0").await;
        let grpc = world.grpc(Door::Native).bearer(&till.token);
        for rpc in &services {
            assert!(is_good(&grpc, &tenant, rpc).await, "{end:?}: {}", rpc.name());
        }
        end.of(&tenant, &store, &till).await;
        refused_everywhere(&grpc, &tenant, &services).await;
        for rpc in &methods {
            assert!(!is_good(&grpc, &tenant, rpc).await, "{end:?}: {}", rpc.name());
        }
        let by_key = world.grpc(Door::Native).metadata("x-api-key", &till.api_key);
        let by_key = by_key.metadata("x-terminal-id", &till.terminal_id);
        let is_over = end.takes_the_key();
        if is_over {
            refused_everywhere(&by_key, &tenant, &services).await;
        }
        let asked = methods.iter().filter(|rpc| is_over || rpc.only_reads());
        for rpc in asked {
            let is_good = is_good(&by_key, &tenant, rpc).await;
            assert_ne!(is_good, is_over, "{end:?}, by key: {}", rpc.name());
        }
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_names_nobody_outlives_who_signs_in_and_out() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let till = tenant.store("tk01").await.closed_till(1).await;
    let services = methods(Caller::Terminal);
    let services = one_of_each(&services);
    let grpc = world.grpc(Door::Native).bearer(&till.token);
    let signed_in = till.signed_in().await;
    assert_ne!(signed_in.token, till.token);
    let named = world.grpc(Door::Native).bearer(&signed_in.token);
    for rpc in &services {
        // Its announcement may be on its way, and the token is good already.
        assert!(is_good(&named, &tenant, rpc).await, "{}", rpc.name());
        assert!(is_good(&grpc, &tenant, rpc).await, "{}", rpc.name());
    }
    let out = signed_in.rest().post(&till.path("sign-out"), json!({})).await;
    let fresh = out.header("x-new-token").unwrap();
    let fresh = world.grpc(Door::Native).bearer(fresh);
    refused_everywhere(&named, &tenant, &services).await;
    for rpc in &services {
        assert!(is_good(&grpc, &tenant, rpc).await, "{}", rpc.name());
        assert!(is_good(&fresh, &tenant, rpc).await, "{}", rpc.name());
    }
    world.finish().await;
}
