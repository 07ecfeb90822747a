//! Commands with a request key happen once.

use futures::future::join_all;
use kugel_error::codes;
use kugel_proto::cart::v1::CreateCartRequest;
use kugel_stand::{decimal, refusal};

use crate::support::{Shop, refused, till};

#[tokio::test]
async fn a_command_sent_again_is_answered_and_not_carried_out() {
    let shop = Shop::open();
    let pos = till(1);
    let again = |id: &str| pos.repeating(id);
    let create = async || {
        let wish = CreateCartRequest::default();
        shop.create_cart(&again("create"), wish).await.unwrap()
    };
    let first = create().await;
    assert_eq!(create().await, first);

    let add = async || {
        let adding = again("add");
        shop.add(&adding, &first, &[("melon", "1")]).await.unwrap()
    };
    let added = add().await;
    shop.add(&pos, &first, &[("tea", "1")]).await.unwrap();
    assert_eq!(add().await, added);
    let cart = shop.get_cart(&pos, &first).await.unwrap();
    assert_eq!(cart.total_quantity, decimal("2"));

    shop.subtotal_cart(&pos, &first).await.unwrap();
    let total = cart.total_amount_with_tax.unwrap().value;
    let paid = &[("01", total.as_str())];
    shop.pay(&pos, &first, paid).await.unwrap();
    let bill = async || shop.bill_cart(&again("bill"), &first).await.unwrap();
    let billed = bill().await;
    assert_eq!(bill().await, billed);

    let void = async || shop.void((&again("void"), &pos), 1, paid).await.unwrap();
    let voided = void().await;
    assert_eq!(void().await, voided);
    assert_eq!(shop.sell(&pos).await.transaction_no, 3);
}

#[tokio::test]
async fn a_request_id_with_another_content_is_refused() {
    let shop = Shop::open();
    let pos = till(1).repeating("k");
    let cart = shop.cart(&till(1)).await;
    shop.add(&pos, &cart, &[("tea", "1")]).await.unwrap();
    let other = shop.add(&pos, &cart, &[("tea", "2")]).await;
    let status = refused(other, &codes::REQUEST_REFUSED);
    assert_eq!(refusal(&status).fields, ["request_id"]);
    // Another till may choose the same id.
    let cart = shop.cart(&till(2)).await;
    let pos = till(2).repeating("k");
    shop.add(&pos, &cart, &[("tea", "1")]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_command_sent_many_times_at_once_happens_once() {
    let shop = Shop::open();
    let cart = shop.cart(&till(1)).await;
    let sent = (0..8).map(|_| {
        let (shop, cart) = (shop.clone(), cart.clone());
        tokio::spawn(async move {
            let wish = CreateCartRequest::default();
            let opener = till(1).repeating("c");
            shop.create_cart(&opener, wish).await.unwrap();
            let pos = till(1).repeating("k");
            shop.add(&pos, &cart, &[("tea", "1")]).await.unwrap()
        })
    });
    for answer in join_all(sent).await {
        assert_eq!(answer.unwrap().line_items.len(), 1);
    }
    let cart = shop.get_cart(&till(1), &cart).await.unwrap();
    assert_eq!(cart.line_items.len(), 1);
}

#[tokio::test]
async fn a_command_that_changes_nothing_keeps_its_answer_too() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, &cart, &[("tea", "2")]).await.unwrap();
    let set = async |id: &str, count: &str| {
        let sender = pos.repeating(id);
        shop.update_quantity(&sender, &cart, 1, decimal(count))
            .await
            .unwrap()
    };
    let first = set("same", "2").await;
    set("other", "3").await;
    assert_eq!(set("same", "2").await, first);
    let now = shop.get_cart(&pos, &cart).await.unwrap();
    assert_eq!(now.total_quantity, decimal("3"));
}
