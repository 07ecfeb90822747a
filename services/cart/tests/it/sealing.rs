//! A session that is closed is closed.

use futures::future::join_all;
use kugel_cart::TerminalCounter;
use kugel_error::codes;
use kugel_proto::cart::v1 as pb;
use kugel_proto::cart::v1::SessionSums;
use kugel_proto::terminal::v1::Terminal;
use kugel_stand::decimal;
use kugel_store::{Query, Revision};

use crate::neighbours::state;
use crate::support::{Shop, Till, refused, till};

const PRICE: &[(&str, &str)] = &[("01", "1100")];

/// The session that the first till is in when the shop opens.
fn session() -> Terminal {
    state("mori", 2)
}

/// A cart that is paid and not billed yet.
async fn paid(shop: &Shop, pos: &Till) -> String {
    let cart = shop.cart(pos).await;
    shop.add(pos, &cart, &[("melon", "1")]).await.unwrap();
    shop.subtotal_cart(pos, &cart).await.unwrap();
    shop.pay(pos, &cart, PRICE).await.unwrap();
    cart
}

fn closed(shop: &Shop, pos: &Till) {
    shop.change_till(pos, |terminal| "Closed".clone_into(&mut terminal.status));
}

#[tokio::test]
async fn every_transaction_is_in_the_sums_of_its_session() {
    let shop = Shop::open();
    let pos = till(1);
    let own = (&pos, &pos);
    for _ in 0..3 {
        shop.sell(&pos).await;
    }
    let cart = shop.cart(&pos).await;
    shop.add(&pos, &cart, &[("melon", "1")]).await.unwrap();
    shop.pay(&pos, &cart, PRICE).await.unwrap();
    shop.cancel_cart(&pos, &cart).await.unwrap();
    shop.void(own, 1, PRICE).await.unwrap();
    shop.give_back(own, 2, &[("12", "1100")]).await.unwrap();
    let sums = shop.seal(&pos, &session()).await.session.unwrap();
    let expected = SessionSums {
        business_date: "20260611".to_owned(),
        open_counter: 2,
        business_counter: 42,
        transaction_count: 6,
        last_transaction_no: Some(6),
        cash_amount: decimal("2200"),
        is_sealed: true,
    };
    assert_eq!(sums, expected);
    assert_eq!(shop.seal(&pos, &session()).await.session, Some(expected));
}

#[tokio::test]
async fn a_session_without_a_sale_is_sealed_too() {
    let shop = Shop::open();
    let pos = till(1);
    for _ in 0..2 {
        let sums = shop.seal(&pos, &session()).await.session.unwrap();
        assert_eq!((sums.transaction_count, sums.last_transaction_no), (0, None));
    }
    let cart = shop.cart(&pos).await;
    refused(shop.cancel_cart(&pos, &cart).await, &codes::CART_TERMINAL_STATE);
}

/// Between the seal and the close the terminal still says that it is opened.
#[tokio::test]
async fn nothing_is_made_in_a_sealed_session() {
    for close in [|_: &Shop, _: &Till| (), closed] {
        let shop = Shop::open();
        let pos = till(1);
        let own = (&pos, &pos);
        shop.sell(&pos).await;
        let (cart, other) = (paid(&shop, &pos).await, shop.cart(&pos).await);
        let sealed = shop.seal(&pos, &session()).await;
        assert_eq!(sealed.open_cart_ids.len(), 2);
        assert!(sealed.open_cart_ids.contains(&cart) && sealed.open_cart_ids.contains(&other));
        close(&shop, &pos);
        let bill = refused(shop.bill_cart(&pos, &cart).await, &codes::CART_TERMINAL_STATE);
        assert!(bill.message().contains("open"), "{bill}");
        refused(shop.cancel_cart(&pos, &other).await, &codes::CART_TERMINAL_STATE);
        refused(shop.void(own, 1, PRICE).await, &codes::CART_TERMINAL_STATE);
        refused(shop.give_back(own, 1, PRICE).await, &codes::CART_TERMINAL_STATE);
        assert_eq!(shop.list(&pos, true).await.len(), 1);

        shop.change_till(&pos, |terminal| *terminal = state("mori", 3));
        let billed = shop.bill_cart(&pos, &cart).await.unwrap();
        assert_eq!(billed.transaction_no, 2);
        let next = shop.seal(&pos, &state("mori", 3)).await;
        assert_eq!(next.session.unwrap().transaction_count, 1);
        assert_eq!(next.open_cart_ids, [other]);
        let late = shop.seal(&pos, &session()).await.session;
        assert_eq!(late, sealed.session, "however late it is asked");
    }
}

#[tokio::test]
async fn a_closed_till_makes_nothing() {
    let shop = Shop::open();
    let pos = till(1);
    let own = (&pos, &pos);
    shop.sell(&pos).await;
    let cart = paid(&shop, &pos).await;
    closed(&shop, &pos);
    refused(shop.bill_cart(&pos, &cart).await, &codes::CART_TERMINAL_STATE);
    refused(shop.cancel_cart(&pos, &cart).await, &codes::CART_TERMINAL_STATE);
    refused(shop.void(own, 1, PRICE).await, &codes::CART_TERMINAL_STATE);
    refused(shop.give_back(own, 1, PRICE).await, &codes::CART_TERMINAL_STATE);
}

/// Whichever of the bills comes first, the announced sums are those of the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bills_at_the_same_moment_are_in_the_sums_or_refused() {
    let shop = Shop::open();
    let pos = till(1);
    for number in 2..10 {
        let now = state("mori", number);
        shop.change_till(&pos, |terminal| *terminal = now.clone());
        let carts = join_all((0..6).map(|_| paid(&shop, &pos))).await;
        let bills = carts.into_iter().map(|cart| {
            let (shop, pos) = (shop.clone(), pos.clone());
            tokio::spawn(async move { shop.bill_cart(&pos, &cart).await })
        });
        let bills: Vec<_> = bills.collect();
        for _ in 0..number {
            tokio::task::yield_now().await;
        }
        let sums = shop.seal(&pos, &now).await.session.unwrap();
        let mut billed = Vec::new();
        for bill in join_all(bills).await {
            match bill.unwrap() {
                Ok(cart) => billed.push(cart.transaction_no),
                refusal => drop(refused(refusal, &codes::CART_TERMINAL_STATE)),
            }
        }
        assert_eq!(sums.transaction_count, i32::try_from(billed.len()).unwrap());
        assert_eq!(sums.last_transaction_no, billed.iter().max().copied());
        let cash = Some((1100 * billed.len()).to_string().as_str()).and_then(decimal);
        assert_eq!(sums.cash_amount, cash);
    }
}

/// A counter that an earlier build left, in the middle of a session.
#[tokio::test]
async fn a_counter_without_sums_is_counted_from_the_log() {
    let shop = Shop::open();
    let pos = till(1);
    shop.sell(&pos).await;
    shop.sell(&pos).await;
    let documents = &shop.stand.documents;
    let found = documents
        .find::<TerminalCounter>(&shop.stand.scope(), Query::all())
        .await
        .unwrap();
    let earlier = TerminalCounter {
        session: None,
        ..TerminalCounter::clone(&found.rows[0])
    };
    let revision = Revision::FIRST.next();
    let changes = documents.changes("an earlier build").replace(earlier, revision);
    documents.commit(&shop.stand.scope(), changes).await.unwrap();
    shop.sell(&pos).await;
    let sums = shop.seal(&pos, &session()).await.session.unwrap();
    assert_eq!((sums.transaction_count, sums.last_transaction_no), (3, Some(3)));
    assert_eq!(sums.cash_amount, decimal("3300"));
}

#[tokio::test]
async fn the_last_session_of_a_till_can_be_read() {
    let shop = Shop::open();
    let pos = till(1);
    let read = async || {
        let request = pb::GetSessionRequest {
            tenant_id: "t1".to_owned(),
            store_code: "s1".to_owned(),
            terminal_no: 1,
        };
        let request = shop.stand.service("terminal", request);
        let answer = shop.transactions().get_session(request).await;
        answer.unwrap().into_inner().session
    };
    assert_eq!(read().await, None);
    shop.sell(&pos).await;
    assert!(!read().await.unwrap().is_sealed);
    let sealed = shop.seal(&pos, &session()).await.session;
    assert_eq!(read().await, sealed);
}
