//! What a credential of one's own tenant may do: generated from the contract, role by role and method by method.

use std::collections::BTreeSet;

use kugel_proto::Caller;
use kugel_testkit::{Door, Grpc, Rpc, World, contract};
use serde_json::{Value, json};

use crate::doors::code_of;
use crate::isolation::Owned;

const NOT_PERMITTED: &str = "200002";

/// A user with a role, and what it permits.
struct Holder {
    name: String,
    token: String,
    permits: BTreeSet<String>,
    /// The store it is given for; everywhere if there is none.
    store: Option<&'static str>,
}

impl Holder {
    /// One for every preset but the owner's, one for a preset in one store, one for a preset in another, one without a role.
    async fn all(owned: &Owned) -> Vec<Self> {
        let roles = owned.tenant.rest().get("/accounts/roles").await.ok();
        let presets = roles
            .as_array()
            .unwrap()
            .iter()
            .filter(|role| role["name"] != "owner");
        let everywhere = presets.map(|role| (role.clone(), None));
        let manager = roles
            .as_array()
            .unwrap()
            .iter()
            .find(|role| role["name"] == "manager")
            .unwrap();
        let in_stores = ["tk01", "tk02"].map(|store| (manager.clone(), Some(store)));
        let nobody = (json!({"name": "nobody", "permissions": []}), None);
        let mut holders = Vec::new();
        for (role, store) in everywhere.chain(in_stores).chain([nobody]) {
            let role_name = role["name"].as_str().unwrap();
            let name = format!("{role_name}-{}", store.unwrap_or("tenant"));
            let given = match (role_name, store) {
                ("nobody", _) => json!([]),
                (role, Some(store)) => json!([{"role": role, "storeCodes": [store]}]),
                (role, None) => json!([{"role": role}]),
            };
            let permissions = role["permissions"].as_array().unwrap().iter();
            holders.push(Self {
                token: owned.tenant.user_with(&name, given).await,
                name,
                permits: permissions
                    .map(|name| name.as_str().unwrap().to_owned())
                    .collect(),
                store,
            });
        }
        holders
    }

    /// What the contract says of a request that names store `tk01` wherever a store can be named.
    fn may(&self, rpc: &Rpc, request: &Value) -> bool {
        let names_store = request.get("storeCode").or(request.get("terminalId")).is_some();
        let reaches = match self.store {
            None => true,
            Some(_) if rpc.has("anyStore") => true,
            Some(store) => names_store && store == "tk01",
        };
        rpc.permission == "self" || (reaches && self.permits.contains(&rpc.permission))
    }

    fn request(&self, owned: &Owned, rpc: &Rpc) -> Value {
        let mut request = owned.request(rpc);
        if rpc.permission == "self" && request.get("username").is_some() {
            request["username"] = json!(self.name);
        }
        request
    }
}

async fn code(grpc: &Grpc, token: &str, rpc: &Rpc, request: Value) -> Option<String> {
    let answer = grpc.bearer(token).call_method(&rpc.descriptor, request).await;
    answer.err().map(|status| code_of(&status))
}

#[tokio::test]
async fn a_role_permits_what_the_contract_says_and_nothing_else() {
    let world = World::start().await;
    let owned = Owned::build(&world).await;
    owned.tenant.store("tk02").await;
    let holders = Holder::all(&owned).await;
    let methods: Vec<_> = contract()
        .into_iter()
        .filter(|rpc| rpc.allows(Caller::User))
        .collect();
    let before = owned.seen().await;
    let (mut refused, mut let_in) = (0, 0);
    for door in [Door::Native, Door::Web] {
        let grpc = world.grpc(door);
        for (rpc, holder) in methods
            .iter()
            .flat_map(|rpc| holders.iter().map(move |holder| (rpc, holder)))
        {
            let request = holder.request(&owned, rpc);
            if !holder.may(rpc, &request) {
                let code = code(&grpc, &holder.token, rpc, request).await;
                assert_eq!(
                    code.as_deref(),
                    Some(NOT_PERMITTED),
                    "{} by {}",
                    rpc.name(),
                    holder.name
                );
                refused += 1;
            }
        }
    }
    assert_eq!(owned.seen().await, before, "a refused call left a trace");
    let grpc = world.grpc(Door::Native);
    // Who logs himself out is let in nowhere afterwards.
    let (last, others): (Vec<_>, Vec<_>) = methods.iter().partition(|rpc| rpc.name().ends_with("LogOutUser"));
    for (rpc, holder) in others
        .into_iter()
        .chain(last)
        .flat_map(|rpc| holders.iter().map(move |holder| (rpc, holder)))
    {
        let request = holder.request(&owned, rpc);
        // A stream that the policy allows may never send anything.
        if holder.may(rpc, &request) && !rpc.descriptor.is_server_streaming() {
            let code = code(&grpc, &holder.token, rpc, request).await;
            assert!(
                ![Some(NOT_PERMITTED), Some("200001")].contains(&code.as_deref()),
                "{} by {}: {code:?}",
                rpc.name(),
                holder.name
            );
            let_in += 1;
        }
    }
    assert!(
        refused > 500 && let_in > 200,
        "{refused} refused, {let_in} let in"
    );
}

#[tokio::test]
async fn tills_reach_beyond_their_store_and_write_masters_by_the_tenants_setting() {
    let world = World::start().await;
    let owned = Owned::build(&world).await;
    let other = owned.tenant.store("tk02").await.till(1).await;
    let grpc = world.grpc(Door::Native);
    let tills = [other.token.clone()];
    let [token] = &tills;
    let reach = |rpc: &Rpc| rpc.allows(Caller::Terminal) && rpc.has("ownStore") && rpc.only_reads();
    let elsewhere: Vec<_> = contract()
        .into_iter()
        .filter(|rpc| reach(rpc) && !rpc.descriptor.is_server_streaming())
        .collect();
    let masters: Vec<_> = contract()
        .into_iter()
        .filter(|rpc| rpc.has("terminalBySetting"))
        .collect();
    assert!(
        elsewhere.len() > 5 && masters.len() > 20,
        "{} and {}",
        elsewhere.len(),
        masters.len()
    );
    let before = owned.seen().await;
    for rpc in elsewhere.iter().chain(&masters) {
        let code = code(&grpc, token, rpc, owned.request(rpc)).await;
        assert_eq!(code.as_deref(), Some(NOT_PERMITTED), "{}", rpc.name());
    }
    assert_eq!(owned.seen().await, before, "a refused call left a trace");
    let path = format!("/tenants/{}", owned.tenant.id);
    let rights =
        json!({"tenantName": "Plum Mart", "tillRights": {"readOtherStores": true, "writeMasters": true}});
    let changed = owned.tenant.rest().put(&path, rights).await.ok();
    assert_eq!(changed["tillRights"]["writeMasters"], true);
    // A till asks with its key for what it may do now.
    let with_key = grpc
        .metadata("x-api-key", &other.api_key)
        .metadata("x-terminal-id", &other.terminal_id);
    for rpc in elsewhere.iter().chain(&masters) {
        let mut request = owned.request(rpc);
        if rpc.has("terminalBySetting") && rpc.has("ownStore") {
            request["storeCode"] = json!("tk02");
        }
        let answer = with_key.call_method(&rpc.descriptor, request).await;
        let code = answer.err().map(|status| code_of(&status));
        assert_ne!(code.as_deref(), Some(NOT_PERMITTED), "{}", rpc.name());
    }
    // The labels of a tenant change without a word on its tills.
    let renamed = owned
        .tenant
        .rest()
        .put(&path, json!({"tenantName": "Plum"}))
        .await
        .ok();
    assert_eq!(renamed["tillRights"], changed["tillRights"]);
}

/// Which stores a till may read in, a method has to say: its own, or any, as for masters, which are the chain's.
#[test]
fn every_read_of_a_store_says_which_stores_tills_may_name() {
    let names_a_store = |rpc: &Rpc| rpc.descriptor.input().get_field_by_name("store_code").is_some();
    let open: Vec<_> = contract()
        .into_iter()
        .filter(|rpc| rpc.allows(Caller::Terminal) && rpc.only_reads() && names_a_store(rpc))
        .filter(|rpc| {
            !["ownStore", "ownTerminal", "anyStore"]
                .iter()
                .any(|flag| rpc.has(flag))
        })
        .map(|rpc| rpc.name().to_owned())
        .collect();
    assert_eq!(open, Vec::<String>::new());
}
