//! A session that is closed is closed, through every door.

use futures::future::{join, join_all};
use kugel_error::reason_of;
use kugel_testkit::{Door, Reply, Till, World};
use serde_json::{Value, json};

use crate::shop::Shop;

const NOON: &str = "2026-06-11T05:03:09Z";
/// What two teas come to.
const PAID: usize = 655;

/// A cart that is paid and not billed yet.
async fn paid(till: &Till) -> String {
    let cart = till.basket(&[("TEA", 2)]).await;
    till.command(&cart, "subtotal", json!({})).await;
    till.command(&cart, "payments", cash()).await;
    cart
}

fn cash() -> Value {
    json!([{"paymentCode": "01", "amount": PAID}])
}

async fn bill(till: &Till, cart: &str) -> Reply {
    let path = format!("/carts/{cart}/bill");
    till.rest().post(&path, json!({})).await
}

#[tokio::test]
async fn bills_and_the_close_at_the_same_moment_settle() {
    let (world, _) = World::start_at(NOON).await;
    let shop = Shop::build(&world).await;
    let (mut till, mut carts) = (shop.till.clone(), Vec::new());
    for _ in 0..12 {
        carts.extend(join_all((0..6).map(|_| paid(&till))).await);
        let bills = join_all(carts.iter().map(|cart| bill(&till, cart)));
        let rest = till.rest();
        let path = till.path("close");
        let (bills, closed) = join(bills, rest.post(&path, json!({}))).await;
        let closed = closed.ok();
        let (billed, late): (Vec<_>, Vec<_>) = carts
            .into_iter()
            .zip(bills)
            .partition(|(_, bill)| bill.status == 200);
        assert_eq!(closed["expectedAmount"], json!(PAID * billed.len()));
        let open = closed["openCartIds"].as_array().unwrap();
        assert_eq!(open.len(), late.len() + 1, "the shop has an open cart of its own");
        carts = Vec::new();
        for (cart, refusal) in late {
            assert!(open.contains(&json!(cart)), "{cart} is still open");
            refusal.refused(400, "404001");
            carts.push(cart);
        }
        till = till.opened("0").await;
    }
    for cart in &carts {
        bill(&till, cart).await.ok();
    }
    till.closed("0").await;
    world.settled().await;
    let query = "reports?report_scope=daily&report_type=sales&business_date=20260611";
    let report = shop.tenant.rest().get(&shop.store.path(query)).await.ok();
    assert_eq!(report["salesGross"]["count"], 72);
    world.finish().await;
}

#[tokio::test]
async fn a_closed_till_makes_no_transaction() {
    let (world, _) = World::start_at(NOON).await;
    let shop = Shop::build(&world).await;
    let till = &shop.till;
    let sale = till.sell(&[("TEA", 2)]).await["transactionNo"].clone();
    let cart = paid(till).await;
    let till = till.closed("655").await;
    bill(&till, &cart).await.refused(400, "404001");
    let rest = till.rest();
    rest.post(&format!("/carts/{cart}/cancel"), json!({}))
        .await
        .refused(400, "404001");
    for how in ["void", "return"] {
        let path = till.transactions(&format!("/{sale}/{how}"));
        rest.post(&path, cash()).await.refused(400, "404001");
    }
    let named = json!({"cartId": cart});
    let reversed = json!({
        "storeCode": "tk01", "terminalNo": 1, "transactionNo": sale,
        "payments": [{"paymentCode": "01", "amount": {"value": PAID.to_string()}}],
    });
    for door in [Door::Native, Door::Web] {
        for (method, request) in [
            ("CartService.BillCart", &named),
            ("CartService.CancelCart", &named),
            ("TransactionService.VoidTransaction", &reversed),
            ("TransactionService.ReturnTransaction", &reversed),
        ] {
            let method = format!("cart.v1.{method}");
            let answer = till.grpc(door).call(&method, request.clone()).await;
            let reason = reason_of(&answer.unwrap_err()).map(|row| row.reason);
            assert_eq!(reason, Some("CART_TERMINAL_STATE"), "{method}");
        }
    }
    let till = till.opened("0").await;
    let path = till.transactions(&format!("/{sale}/void"));
    till.rest().post(&path, cash()).await.refused(400, "403008");
    bill(&till, &cart).await.ok();
    world.finish().await;
}

#[tokio::test]
async fn a_till_in_a_session_is_not_deleted() {
    let (world, _) = World::start_at(NOON).await;
    let shop = Shop::build(&world).await;
    let (rest, path) = (
        shop.tenant.rest(),
        format!("/terminals/{}", shop.till.terminal_id),
    );
    rest.delete(&path).await.refused(400, "406003");
    shop.till.sell(&[("TEA", 2)]).await;
    shop.till.closed("655").await;
    rest.delete(&path).await.ok();
    let again = shop.store.till(1).await;
    let sale = again.sell(&[("TEA", 2)]).await;
    assert_eq!(
        (&sale["transactionNo"], &sale["businessDate"]),
        (&json!(2), &json!("20260611"))
    );
    again.closed("655").await;
    world.finish().await;
}
