//! Voids and returns.

use kugel_error::codes;
use kugel_stand::decimal;

use crate::support::{Shop, refused, till, till_of};

const PRICE: &[(&str, &str)] = &[("01", "1100")];

#[tokio::test]
async fn a_void_is_a_copy_in_the_name_of_who_voids() {
    let shop = Shop::open();
    let pos = till(1);
    shop.sell(&pos).await;
    shop.change_till(&pos, |terminal| {
        terminal.staff.as_mut().unwrap().staff_id = "ito".to_owned();
    });
    shop.stand.clock.advance(60);
    let void = shop.void((&pos, &pos), 1, PRICE).await.unwrap();
    assert_eq!(
        (void.transaction_type, void.transaction_no, void.receipt_no),
        (201, 2, 111_112)
    );
    assert_eq!(void.staff.as_ref().unwrap().id, "ito");
    assert_eq!(void.generate_date_time, "2026-06-11T14:04:09.512345+09:00");
    let origin = void.origin.as_ref().unwrap();
    assert_eq!((origin.transaction_no, origin.transaction_type), (1, 101));
    assert_eq!(void.change_amount, decimal("0"));
    assert_eq!(void.payments[0].payment_kind, "Cash");
    let sale = shop.transaction(&pos, 1).await.unwrap();
    assert_eq!(void.line_items, sale.line_items);
    assert!(sale.status.unwrap().is_voided);
    shop.journal.wait_for(2).await;
}

/// The matrix of the contract, 8.4.
#[tokio::test]
async fn what_stands_can_be_reversed_once() {
    let shop = Shop::open();
    let pos = till(1);
    let own = (&pos, &pos);
    shop.sell(&pos).await;
    shop.void(own, 1, PRICE).await.unwrap();
    refused(shop.void(own, 1, PRICE).await, &codes::ALREADY_VOIDED);
    refused(shop.give_back(own, 1, PRICE).await, &codes::ALREADY_VOIDED);
    refused(shop.void(own, 2, PRICE).await, &codes::REQUEST_REFUSED);
    refused(shop.give_back(own, 2, PRICE).await, &codes::REQUEST_REFUSED);

    let sale = shop.sell(&pos).await.transaction_no;
    let returned = shop.give_back(own, sale, PRICE).await.unwrap();
    assert_eq!(returned.transaction_type, 102);
    let returned = returned.transaction_no;
    refused(shop.give_back(own, sale, PRICE).await, &codes::ALREADY_REFUNDED);
    refused(shop.void(own, sale, PRICE).await, &codes::ALREADY_REFUNDED);
    refused(
        shop.give_back(own, returned, PRICE).await,
        &codes::REQUEST_REFUSED,
    );

    let void = shop.void(own, returned, PRICE).await.unwrap();
    assert_eq!(void.transaction_type, 202);
    assert!(!is_refunded(&shop, &pos, sale).await);
    refused(shop.void(own, returned, PRICE).await, &codes::ALREADY_VOIDED);
    shop.void(own, sale, PRICE).await.unwrap();
}

async fn is_refunded(shop: &Shop, till: &crate::support::Till, number: i64) -> bool {
    let transaction = shop.transaction(till, number).await.unwrap();
    transaction.status.unwrap().is_refunded
}

#[tokio::test]
async fn a_return_at_another_till_belongs_to_that_till() {
    let shop = Shop::open();
    let (seller, other) = (till(1), till(2));
    shop.sell(&seller).await;
    refused(
        shop.void((&other, &seller), 1, PRICE).await,
        &codes::INVALID_INPUT,
    );
    let foreign = till_of("t1-s2-1");
    refused(
        shop.give_back((&other, &foreign), 1, PRICE).await,
        &codes::INVALID_INPUT,
    );
    let voucher = &[("12", "1100")];
    let made = shop.give_back((&other, &seller), 1, voucher).await.unwrap();
    assert_eq!(
        (made.terminal_no, made.transaction_no, made.receipt_no),
        (2, 1, 111_111)
    );
    assert_eq!((made.open_counter, made.staff.unwrap().id.as_str()), (3, "sato"));
    assert!(is_refunded(&shop, &seller, 1).await);
    assert!(!is_refunded(&shop, &other, 1).await);
    assert_eq!(shop.sell(&seller).await.transaction_no, 2);
    let void = shop.void((&other, &other), 1, voucher).await.unwrap();
    assert_eq!((void.transaction_type, void.terminal_no), (202, 2));
    assert!(!is_refunded(&shop, &seller, 1).await);
}

#[tokio::test]
async fn the_payments_must_give_back_what_was_taken() {
    let shop = Shop::open();
    let pos = till(1);
    let own = (&pos, &pos);
    shop.sell(&pos).await;
    for payments in [
        &[("11", "1100")][..],
        &[("01", "1000")],
        &[("01", "1100"), ("01", "1100")],
        &[],
    ] {
        refused(shop.void(own, 1, payments).await, &codes::REQUEST_REFUSED);
    }
    refused(
        shop.give_back(own, 1, &[("01", "1099")]).await,
        &codes::REQUEST_REFUSED,
    );
    refused(shop.give_back(own, 1, &[("98", "1100")]).await, &codes::NOT_FOUND);
    refused(shop.void(own, 9, PRICE).await, &codes::NOT_FOUND);
    let sale = shop.transaction(&pos, 1).await.unwrap();
    assert!(!sale.status.unwrap().is_voided);
}

#[tokio::test]
async fn a_cancelled_cart_cannot_be_reversed() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, &cart, &[("melon", "1")]).await.unwrap();
    shop.pay(&pos, &cart, PRICE).await.unwrap();
    shop.cancel_cart(&pos, &cart).await.unwrap();
    let own = (&pos, &pos);
    refused(shop.void(own, 1, PRICE).await, &codes::REQUEST_REFUSED);
    refused(shop.give_back(own, 1, PRICE).await, &codes::REQUEST_REFUSED);
}

#[tokio::test]
async fn of_two_reversals_at_once_one_wins() {
    let shop = Shop::open();
    let (pos, second) = (till(1), till(2));
    shop.sell(&pos).await;
    let (void, returned, other) = tokio::join!(
        shop.void((&pos, &pos), 1, PRICE),
        shop.give_back((&pos, &pos), 1, PRICE),
        shop.give_back((&second, &pos), 1, PRICE),
    );
    let results = [&void, &returned, &other];
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
}
