//! Commands with a request key happen once, and old things go.

use std::sync::Arc;

use futures::future::join_all;
use kugel_cart::app::NewCart;
use kugel_cart::domain::reversal::Reversal;
use kugel_error::codes;

use crate::support::{Shop, quantity, refused, repeatable, tenders, till};

#[tokio::test]
async fn a_command_sent_again_is_answered_and_not_carried_out() {
    let shop = Shop::open();
    let pos = till(1);
    let again = |id: &str| repeatable(&pos, id, "f");
    let first = shop
        .app
        .create_cart(&again("create"), NewCart::default())
        .await
        .unwrap();
    assert_eq!(
        shop.app
            .create_cart(&again("create"), NewCart::default())
            .await
            .unwrap(),
        first
    );

    let added = shop.add(&again("add"), first, &[("melon", "1")]).await.unwrap();
    shop.add(&pos, first, &[("tea", "1")]).await.unwrap();
    assert_eq!(
        shop.add(&again("add"), first, &[("melon", "1")]).await.unwrap(),
        added
    );
    let cart = shop.app.get_cart(&pos, first).await.unwrap();
    assert_eq!(cart.sales.total_quantity, quantity("2"));

    shop.app.subtotal_cart(&pos, first).await.unwrap();
    let total = cart.sales.total_amount_with_tax.to_string();
    shop.pay(&pos, first, &[("01", &total)]).await.unwrap();
    let billed = shop.app.bill_cart(&again("bill"), first).await.unwrap();
    assert_eq!(shop.app.bill_cart(&again("bill"), first).await.unwrap(), billed);

    let (voider, payments) = (again("void"), || tenders(&[("01", &total)]));
    let app = &shop.app;
    let void = app
        .reverse_transaction(Reversal::Void, &voider, &pos, 1, payments())
        .await
        .unwrap();
    let repeated = app
        .reverse_transaction(Reversal::Void, &voider, &pos, 1, payments())
        .await
        .unwrap();
    assert_eq!(repeated, void);
    assert_eq!(shop.sell(&pos).await.transaction_no, 3);
}

#[tokio::test]
async fn a_request_id_with_another_content_is_refused() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&repeatable(&pos, "k", "one"), cart, &[("tea", "1")])
        .await
        .unwrap();
    let other = shop
        .add(&repeatable(&pos, "k", "two"), cart, &[("tea", "2")])
        .await;
    assert_eq!(
        refused(other, &codes::REQUEST_REFUSED).fields()[0].field,
        "request_id"
    );
    // Another till may choose the same id.
    let cart = shop.cart(&till(2)).await;
    shop.add(&repeatable(&till(2), "k", "two"), cart, &[("tea", "1")])
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_command_sent_many_times_at_once_happens_once() {
    let shop = Arc::new(Shop::open());
    let cart = shop.cart(&till(1)).await;
    let sent = (0..8).map(|_| {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move {
            let pos = repeatable(&till(1), "k", "f");
            shop.app
                .create_cart(&repeatable(&till(1), "c", "f"), NewCart::default())
                .await
                .unwrap();
            shop.add(&pos, cart, &[("tea", "1")]).await.unwrap()
        })
    });
    for answer in join_all(sent).await {
        assert_eq!(answer.unwrap().line_items.len(), 1);
    }
    assert_eq!(
        shop.app.get_cart(&till(1), cart).await.unwrap().line_items.len(),
        1
    );
}

#[tokio::test]
async fn finished_carts_are_removed_and_open_carts_stay() {
    let shop = Shop::open();
    let pos = till(1);
    let open = shop.cart(&pos).await;
    let finished = shop.sell(&pos).await.cart_id;
    shop.clock.advance(9 * 3_600);
    assert_eq!(shop.app.clean_up().await.unwrap(), 0);
    shop.clock.advance(3_601);
    assert_eq!(shop.app.clean_up().await.unwrap(), 1);
    refused(shop.app.get_cart(&pos, finished).await, &codes::CART_NOT_FOUND);
    shop.app.get_cart(&pos, open).await.unwrap();
    shop.app.get_transaction(&pos, 1).await.unwrap();
}

#[tokio::test]
async fn a_command_that_changes_nothing_keeps_its_answer_too() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, cart, &[("tea", "2")]).await.unwrap();
    let set = async |id: &str, count: &str| {
        let sender = repeatable(&pos, id, "f");
        shop.app
            .update_quantity(&sender, cart, 1, quantity(count))
            .await
            .unwrap()
    };
    let first = set("same", "2").await;
    set("other", "3").await;
    assert_eq!(set("same", "2").await, first);
    let now = shop.app.get_cart(&pos, cart).await.unwrap();
    assert_eq!(now.sales.total_quantity, quantity("3"));
}
