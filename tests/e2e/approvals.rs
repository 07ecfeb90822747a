//! What another person approves at a till, by PIN and once.

use kugel_testkit::{Door, Rest, Store, Tenant, Till, World, contract};
use serde_json::{Value, json};

use crate::doors::{Client, code_of};
use crate::isolation::Owned;

const NOT_PERMITTED: &str = "200002";

/// A cashier at an open till. The tenant's own `CASHIER` is a supervisor.
async fn cashier(store: &Store, number: i32) -> Till {
    let id = format!("c{number}");
    let person = json!({"id": id, "name": "Abe", "pin": "4711", "roles": ["cashier"]});
    store.tenant.enter("staff", person).await;
    let till = store.closed_till(number).await;
    till.signed_in_as(&id, "4711").await.opened("1000").await
}

/// What the supervisor approves at the till.
async fn approval(till: &Till, permission: &str) -> String {
    let wanted = json!({"staffId": Tenant::CASHIER, "staffPin": Tenant::PIN, "permission": permission});
    let answer = till.rest().post(&till.path("approvals"), wanted).await.created();
    assert_eq!(answer["permission"], permission);
    assert_eq!(answer["approvedBy"]["name"], "Mori");
    answer["approval"].as_str().unwrap().to_owned()
}

fn kept(permission: &str) -> Value {
    json!({"permission": permission, "staff": {"id": "c1", "name": "Abe"}, "approvedBy": {"id": Tenant::CASHIER, "name": "Mori"}})
}

fn with(till: &Till, approval: &str) -> Rest {
    till.rest().header("x-approval", approval)
}

#[tokio::test]
async fn what_is_approved_happens_once_and_both_names_stay_with_the_sale() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.item("TEA", "1000", "01").await;
    let store = tenant.store("tk01").await;
    let till = cashier(&store, 1).await;

    let cart = till.basket(&[("TEA", 1)]).await;
    let line = format!("/carts/{cart}/lineItems/1");
    let half = json!([{"discountType": "DiscountPercentage", "discountValue": 50}]);
    let discounts = format!("{line}/discounts");
    till.rest()
        .post(&discounts, half.clone())
        .await
        .refused(403, NOT_PERMITTED);
    let discount = approval(&till, "sales.discount").await;
    let shown = with(&till, &discount).post(&discounts, half).await.ok();
    assert_eq!(shown["approvals"], json!([kept("sales.discount")]));
    let price = format!("{line}/unitPrice");
    let lower = json!({"unitPrice": 900});
    with(&till, &discount)
        .patch(&price, lower.clone())
        .await
        .refused(403, NOT_PERMITTED);
    let over = approval(&till, "sales.override").await;
    with(&till, &over).patch(&price, lower).await.ok();
    with(&till, &over)
        .patch(&price, json!({"unitPrice": 800}))
        .await
        .refused(403, NOT_PERMITTED);

    till.command(&cart, "subtotal", json!({})).await;
    till.command(&cart, "payments", json!([{"paymentCode": "01", "amount": 1000}]))
        .await;
    let sold = till.command(&cart, "bill", json!({})).await;
    assert_eq!(
        sold["approvals"],
        json!([kept("sales.discount"), kept("sales.override")])
    );
    let path = till.transactions(&format!("/{}", sold["transactionNo"]));
    assert_eq!(till.rest().get(&path).await.ok()["approvals"], sold["approvals"]);

    let void = format!("{path}/void");
    let back = json!([{"paymentCode": "01", "amount": sold["totalAmountWithTax"]}]);
    till.rest()
        .post(&void, back.clone())
        .await
        .refused(403, NOT_PERMITTED);
    let once = approval(&till, "sales.void").await;
    let voided = with(&till, &once).post(&void, back.clone()).await.ok();
    assert_eq!(voided["approvals"], json!([kept("sales.void")]));
    assert_eq!(
        with(&till, &once).post(&void, back.clone()).await.ok(),
        voided,
        "sent again"
    );
    with(&till, &once)
        .header("idempotency-key", "another")
        .post(&void, back)
        .await
        .refused(403, NOT_PERMITTED);
    assert_eq!(till.rest().get(&path).await.ok()["approvals"], sold["approvals"]);
    let out = json!({"amount": 100});
    let cash = approval(&till, "cash.move").await;
    with(&till, &cash).post(&till.path("cash-out"), out).await.ok();
    till.closed("900").await;
    world.settled().await;
    let journals = tenant.rest().get(&store.path("journals?limit=100")).await.ok();
    let approved = journals.as_array().unwrap().iter().filter_map(|entry| {
        let by = entry["approverIds"].as_array().filter(|by| !by.is_empty())?;
        Some((
            entry["transactionType"].as_i64().unwrap(),
            entry["staffId"].clone(),
            by.clone(),
        ))
    });
    let mut approved: Vec<_> = approved
        .map(|(kind, staff, by)| (kind, staff, by[0].clone()))
        .collect();
    approved.sort_by_key(|(kind, ..)| *kind);
    let (staff, by) = (json!("c1"), json!(Tenant::CASHIER));
    assert_eq!(
        approved,
        [101, 201, 402].map(|kind| (kind, staff.clone(), by.clone()))
    );
    world.finish().await;
}

#[tokio::test]
async fn it_is_for_one_person_at_one_till_and_one_thing() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.item("TEA", "1000", "01").await;
    let store = tenant.store("tk01").await;
    let (till, other) = (cashier(&store, 1).await, cashier(&store, 2).await);
    let cash = json!({"amount": 100});
    let take = |till: &Till, approval: String| {
        let (rest, path, cash) = (
            till.rest().header("x-approval", &approval),
            till.path("cash-out"),
            cash.clone(),
        );
        async move { rest.post(&path, cash).await }
    };
    let good = approval(&till, "cash.move").await;
    take(&other, good.clone()).await.refused(403, NOT_PERMITTED);
    let void = approval(&till, "sales.void").await;
    for bad in ["x", "a.b.c", &void, &till.token, &format!("{good}x")] {
        take(&till, bad.to_owned()).await.refused(403, NOT_PERMITTED);
    }
    // It is no credential.
    world
        .rest()
        .bearer(&good)
        .get(&till.path(""))
        .await
        .refused(401, "200001");
    // Whoever signs in next has to ask for another one.
    let till = next_at(till, "c1").await;
    take(&till, good).await.refused(403, NOT_PERMITTED);
    let fresh = approval(&till, "cash.move").await;
    take(&till, fresh).await.ok();
    world.finish().await;
}

/// The till once somebody else is signed in.
async fn next_at(mut till: Till, staff: &str) -> Till {
    let signed_out = till.rest().post(&till.path("sign-out"), json!({})).await;
    till.token = signed_out.header("x-new-token").unwrap().to_owned();
    let sign_in = json!({"staffId": staff, "staffPin": "4711"});
    let signed_in = till.rest().post(&till.path("sign-in"), sign_in).await;
    till.token = signed_in.header("x-new-token").unwrap().to_owned();
    till
}

/// Every method that asks for the person's permission takes an approval, through every door.
#[tokio::test]
async fn every_method_that_asks_what_a_person_may_do_takes_an_approval() {
    let world = World::start().await;
    let owned = Owned::build(&world).await;
    let office = owned.tenant.rest();
    let person = json!({"id": "c9", "name": "Abe", "pin": "4711", "roles": ["nothing"]});
    let nothing = json!({"role": {"name": "nothing", "permissions": []}});
    office
        .post("/accounts/roles", nothing["role"].clone())
        .await
        .created();
    owned.tenant.enter("staff", person).await;
    let till = next_at(owned.till.clone(), "c9").await;
    let mut tried = 0;
    for rpc in contract().into_iter().filter(|rpc| rpc.has("staff")) {
        for door in [Door::Native, Door::Web] {
            let call = async |approval: Option<&str>| {
                let grpc = till.grpc(door);
                let grpc = approval.map_or(grpc.clone(), |approval| grpc.metadata("x-approval", approval));
                let answer = grpc.call_method(&rpc.descriptor, owned.request(&rpc)).await;
                answer.is_err_and(|status| code_of(&status) == NOT_PERMITTED)
            };
            assert!(call(None).await, "{} without one", rpc.name());
            let approval = approval(&till, rpc.permission.as_str()).await;
            assert!(!call(Some(&approval)).await, "{} with one", rpc.name());
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
    world.finish().await;
}

#[tokio::test]
async fn every_door_answers_alike() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let till = cashier(&tenant.store("tk01").await, 1).await;
    let create = "terminal.v1.SessionService.CreateApproval";
    for client in Client::all(&till) {
        let wanted = |staff: &str, pin: &str, permission: &str| json!({"terminalId": till.terminal_id, "staffId": staff, "staffPin": pin, "permission": permission});
        let answer = client
            .call(create, wanted(Tenant::CASHIER, Tenant::PIN, "cash.move"))
            .await
            .unwrap();
        assert_eq!(answer["permission"], "cash.move");
        for (staff, pin, permission, code) in [
            (Tenant::CASHIER, "0000", "cash.move", "406004"),
            (Tenant::CASHIER, Tenant::PIN, "prices.write", NOT_PERMITTED),
            ("c1", "4711", "cash.move", "300001"),
            (Tenant::CASHIER, "", "cash.move", "300001"),
            (Tenant::CASHIER, Tenant::PIN, "cash.fly", "300001"),
        ] {
            let refused = client
                .call(create, wanted(staff, pin, permission))
                .await
                .unwrap_err();
            assert_eq!(refused, code, "{staff} {pin} {permission}");
        }
    }
    world.finish().await;
}
