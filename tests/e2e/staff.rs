//! What the person at a till may do, and how long.

use kugel_testkit::{Door, Rpc, Store, Tenant, Till, World, contract};
use serde_json::{Value, json};

use crate::doors::{Client, code_of};
use crate::isolation::Owned;
use crate::revocation::SOON;

/// Enters a person with roles and a till at which she is signed in.
pub(crate) async fn at_work(store: &Store, number: i32, roles: Value) -> Till {
    let id = format!("p{number}");
    let person = json!({"id": id, "name": "Sato", "pin": "4711", "roles": roles});
    store.tenant.enter("staff", person).await;
    let till = store.closed_till(number).await;
    till.signed_in_as(&id, "4711").await.opened("1000").await
}

pub(crate) async fn refused(reply: kugel_testkit::Reply) {
    reply.refused(403, "200002");
}

#[tokio::test]
async fn a_cashier_sells_and_discounts_to_a_limit_and_no_more() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.item("TEA", "1000", "01").await;
    let store = tenant.store("tk01").await;
    for (number, roles) in [
        (1, json!(["cashier"])),
        (2, json!([])),
        (3, json!(["no such role"])),
    ] {
        let till = at_work(&store, number, roles).await;
        let cart = till.basket(&[("TEA", 1)]).await;
        let line = format!("/carts/{cart}/lineItems/1");
        let off = |kind: &str, value: &str| json!([{"discountType": kind, "discountValue": value, "discountDetail": "x"}]);
        let discount = |path: String, body: Value| {
            let rest = till.rest();
            async move { rest.post(&path, body).await }
        };
        for (kind, value) in [
            ("DiscountPercentage", "21"),
            ("DiscountAmount", "201"),
            ("DiscountPercentage", "100"),
        ] {
            refused(discount(format!("{line}/discounts"), off(kind, value)).await).await;
        }
        discount(format!("{line}/discounts"), off("DiscountPercentage", "20"))
            .await
            .ok();
        refused(
            till.rest()
                .patch(&format!("{line}/unitPrice"), json!({"unitPrice": 1}))
                .await,
        )
        .await;
        refused(
            till.rest()
                .post(&till.path("cash-out"), json!({"amount": 100}))
                .await,
        )
        .await;
        // A line's share of what is taken off the whole counts too.
        discount(format!("{line}/discounts"), off("DiscountAmount", "50"))
            .await
            .ok();
        till.command(&cart, "subtotal", json!({})).await;
        let all = format!("/carts/{cart}/discounts");
        refused(discount(all.clone(), off("DiscountAmount", "152")).await).await;
        discount(all, off("DiscountAmount", "150")).await.ok();
        let cash = json!([{"paymentCode": "01", "amount": 880}]);
        till.command(&cart, "payments", cash).await;
        let sold = till.command(&cart, "bill", json!({})).await;
        let path = till.transactions(&format!("/{}", sold["transactionNo"]));
        refused(till.rest().post(&format!("{path}/void"), json!([])).await).await;
        refused(till.rest().post(&format!("{path}/return"), json!([])).await).await;
        till.closed("0").await;
    }
    world.finish().await;
}

/// The methods that ask for the permission of the person at the till.
fn methods() -> Vec<Rpc> {
    contract().into_iter().filter(|rpc| rpc.has("staff")).collect()
}

#[tokio::test]
async fn the_person_at_a_till_may_do_what_the_roles_permit_and_nobody_may_do_it_for_her() {
    let world = World::start().await;
    let owned = Owned::build(&world).await;
    let presets = owned.tenant.rest().get("/accounts/roles").await.ok();
    let by_key = world.rest().header("x-api-key", &owned.till.api_key);
    let by_key = by_key.header("x-terminal-id", &owned.till.terminal_id);
    let methods = methods();
    assert!(methods.len() > 15, "{}", methods.len());
    let mut refused = 0;
    for (preset, number) in presets.as_array().unwrap().iter().zip(1..) {
        let (id, name) = (format!("p{number}"), preset["name"].as_str().unwrap());
        let person = json!({"id": id, "name": "Sato", "pin": "4711", "roles": [name]});
        owned.tenant.enter("staff", person).await;
        let office = owned.tenant.rest();
        office.post(&owned.till.path("sign-out"), json!({})).await.ok();
        let sign_in = json!({"staffId": id, "staffPin": "4711"});
        let answer = by_key.post(&owned.till.path("sign-in"), sign_in).await;
        let token = answer.header("x-new-token").unwrap().to_owned();
        let grpc = world.grpc(Door::Native).bearer(&token);
        let permitted = preset["permissions"].as_array().unwrap();
        for rpc in &methods {
            let answer = grpc.call_method(&rpc.descriptor, owned.request(rpc)).await;
            let is_refused = answer.is_err_and(|status| code_of(&status) == "200002");
            let may = permitted.iter().any(|one| *one == rpc.permission.as_str());
            assert_eq!(is_refused, !may, "{name}: {}", rpc.name());
            refused += usize::from(is_refused);
        }
    }
    assert!(refused > 20, "{refused}");
    // Signing out is no way around: what the method does not refuse itself, the policy does.
    let office = owned.tenant.rest();
    office.post(&owned.till.path("sign-out"), json!({})).await.ok();
    let nobody = world
        .grpc(Door::Native)
        .metadata("x-api-key", &owned.till.api_key);
    let nobody = nobody.metadata("x-terminal-id", &owned.till.terminal_id);
    for rpc in &methods {
        let mut request = owned.request(rpc);
        if rpc.name().contains("RecordCash") {
            request["amount"] = json!({"value": "1"});
        }
        let answer = nobody.call_method(&rpc.descriptor, request).await;
        let code = code_of(&answer.expect_err(rpc.name()));
        let expected: &[&str] = match rpc.has("needsStaff") {
            true => &["200002"],
            false => &["404001", "404002", "406003", "406013"],
        };
        assert!(expected.contains(&code.as_str()), "{}: {code}", rpc.name());
    }
}

#[tokio::test]
async fn own_roles_count_and_a_change_counts_within_moments() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.item("TEA", "1000", "01").await;
    let store = tenant.store("tk01").await;
    let role = |permissions: Value| json!({"name": "counter", "permissions": permissions});
    tenant
        .rest()
        .post("/accounts/roles", role(json!(["cash.move", "sessions.run"])))
        .await
        .created();
    let till = at_work(&store, 1, json!(["counter"])).await;
    till.rest()
        .post(&till.path("cash-in"), json!({"amount": 100}))
        .await
        .ok();
    refused(till.rest().post("/carts", json!({})).await).await;
    let shown = till
        .rest()
        .get(&format!("/terminals/{}", till.terminal_id))
        .await
        .ok();
    assert_eq!(
        shown["staff"]["permissions"],
        json!(["cash.move", "sessions.run"])
    );
    let other = role(json!(["sales.sell", "sessions.run"]));
    tenant.rest().put("/accounts/roles/counter", other).await.ok();
    kugel_testkit::eventually(SOON, async || {
        let reply = till.rest().post("/carts", json!({})).await;
        (reply.status == 201).then_some(())
    })
    .await;
    refused(
        till.rest()
            .post(&till.path("cash-in"), json!({"amount": 100}))
            .await,
    )
    .await;
    world.finish().await;
}

#[tokio::test]
async fn who_is_changed_or_removed_is_signed_out() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let store = tenant.store("tk01").await;
    for (number, change) in [(1, Some("0815")), (2, None)] {
        let till = at_work(&store, number, json!(["cashier"])).await;
        let path = tenant.path(&format!("staff/p{number}"));
        match change {
            Some(pin) => {
                let person =
                    json!({"id": format!("p{number}"), "name": "Sato", "pin": pin, "roles": ["cashier"]});
                tenant.rest().put(&path, person).await.ok();
            }
            None => drop(tenant.rest().delete(&path).await.ok()),
        }
        kugel_testkit::eventually(SOON, async || {
            let reply = till.rest().post("/carts", json!({})).await;
            (reply.status == 401).then_some(())
        })
        .await;
        let shown = tenant
            .rest()
            .get(&format!("/terminals/{}", till.terminal_id))
            .await
            .ok();
        assert_eq!(shown["staff"], Value::Null);
        let with_key = world.grpc(Door::Native).metadata("x-api-key", &till.api_key);
        let with_key = with_key.metadata("x-terminal-id", &till.terminal_id);
        let refused = with_key
            .call("cart.v1.CartService.CreateCart", json!({}))
            .await
            .unwrap_err();
        assert_eq!(code_of(&refused), "404002", "nobody is signed in");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_till_needs_a_person_with_a_pin_to_be_opened_and_closed() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let till = tenant.store("tk01").await.closed_till(1).await;
    let fund = json!({"initialAmount": 1000});
    till.rest()
        .post(&till.path("open"), fund.clone())
        .await
        .refused(401, "406013");
    let without = json!({"staffId": Tenant::CASHIER});
    till.rest()
        .post(&till.path("sign-in"), without)
        .await
        .refused_field("staffPin");
    let till = till.signed_in().await.opened("1000").await;
    let out = till.rest().post(&till.path("sign-out"), json!({})).await;
    let till = world.rest().bearer(out.header("x-new-token").unwrap());
    let path = format!("/terminals/{}-tk01-1/close", tenant.id);
    till.post(&path, json!({"physicalAmount": 1000}))
        .await
        .refused(401, "406013");
    tenant
        .rest()
        .post(&path, json!({"physicalAmount": 1000}))
        .await
        .ok();
    world.finish().await;
}

#[tokio::test]
async fn nothing_is_sold_in_maintenance() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let till = tenant.store("tk01").await.till(1).await;
    let mode = |mode: &str| json!({"functionMode": mode});
    let path = till.path("function_mode");
    for (name, status) in [("Maintenance", 400), ("Journal", 201)] {
        till.rest().patch(&path, mode(name)).await.ok();
        kugel_testkit::eventually(SOON, async || {
            let reply = till.rest().post("/carts", json!({})).await;
            (reply.status == status).then_some(())
        })
        .await;
    }
    world.finish().await;
}

/// What becomes of the staff in the hands of somebody who keeps it for the tenant, sells, and moves cash in one store.
const KEPT: [(&str, &str, &[&str], bool); 13] = [
    ("Create", "a", &["seller"], true),
    ("Create", "b", &["cashier"], true),
    ("Create", "c", &["no such role"], true),
    ("Create", "d", &[], true),
    ("Create", "e", &["mover"], false),
    ("Create", "e", &["seller", "mover"], false),
    ("Create", "e", &["owner"], false),
    ("Update", "a", &["cashier", "seller"], true),
    ("Update", "a", &["supervisor"], false),
    ("Update", "high", &["mover"], false),
    ("Update", "high", &["seller"], false),
    ("Delete", "high", &[], false),
    ("Delete", "a", &[], true),
];

#[tokio::test]
async fn nobody_gives_changes_or_takes_staff_that_may_do_more_than_he() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let till = tenant.store("tk01").await.closed_till(1).await;
    for (name, permissions) in [
        ("keeper", json!(["staff.write", "staff.read", "sales.sell"])),
        ("seller", json!(["sales.sell"])),
        ("mover", json!(["cash.move"])),
    ] {
        let role = json!({"name": name, "permissions": permissions});
        tenant.rest().post("/accounts/roles", role).await.created();
    }
    let person = |id: &str, roles: &[&str]| json!({"id": id, "name": "Sato", "pin": "4711", "roles": roles});
    let own = json!([{"role": "keeper"}, {"role": "mover", "storeCodes": ["tk01"]}]);
    let token = tenant.user_with("keeper", own).await;
    let doors = [
        Client::Rest(world.rest().bearer(&token)),
        Client::Grpc(world.grpc(Door::Web).bearer(&token)),
        Client::Grpc(world.grpc(Door::Native).bearer(&token)),
    ];
    for (door, number) in doors.iter().zip(1..) {
        let high = format!("high{number}");
        tenant.enter("staff", person(&high, &["mover"])).await;
        for (verb, id, roles, may) in KEPT {
            let id = format!("{id}{number}");
            let mut request = json!({"tenantId": tenant.id});
            match verb {
                "Delete" => request["id"] = json!(id),
                _ => request["staff"] = person(&id, roles),
            }
            let answer = door
                .call(&format!("master_data.v1.StaffService.{verb}Staff"), request)
                .await;
            let refused = answer.err();
            let expected = (!may).then_some("200002");
            assert_eq!(refused.as_deref(), expected, "{verb} {id} {roles:?}");
        }
        let kept = tenant
            .rest()
            .get(&tenant.path(&format!("staff/{high}")))
            .await
            .ok();
        assert_eq!(
            (&kept["roles"], &kept["lastUpdateDatetime"]),
            (&json!(["mover"]), &Value::Null)
        );
    }
    // At a till that may write masters, whoever is signed in has to be permitted it: nobody, here.
    let rights = json!({"tenantName": "Plum Mart", "tillRights": {"writeMasters": true}});
    tenant
        .rest()
        .put(&format!("/tenants/{}", tenant.id), rights)
        .await
        .ok();
    let by_key = world.rest().header("x-api-key", &till.api_key);
    let by_key = by_key.header("x-terminal-id", &till.terminal_id);
    by_key
        .post(&tenant.path("staff"), person("f", &["mover"]))
        .await
        .refused(403, "200002");
    by_key
        .post(&tenant.path("staff"), person("f", &["cashier"]))
        .await
        .created();
    world.finish().await;
}
