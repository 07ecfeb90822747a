//! Voids and returns.

use kugel_cart::app::Till;
use kugel_cart::domain::reversal::Reversal::{self, Return, Void};
use kugel_error::codes;

use crate::support::{Shop, eventually, refused, tenders, till, till_of};

const PRICE: &[(&str, &str)] = &[("01", "1100")];

async fn reverse(
    shop: &Shop,
    reversal: Reversal,
    (caller, named): (&Till, &Till),
    transaction_no: i64,
    payments: &[(&str, &str)],
) -> kugel_error::Result<kugel_cart::app::Transaction> {
    shop.app
        .reverse_transaction(reversal, caller, named, transaction_no, tenders(payments))
        .await
}

#[tokio::test]
async fn a_void_is_a_copy_in_the_name_of_who_voids() {
    let shop = Shop::open();
    let pos = till(1);
    shop.sell(&pos).await;
    shop.change(|world| {
        world
            .terminals
            .get_mut(&till(1).terminal)
            .unwrap()
            .staff
            .as_mut()
            .unwrap()
            .id = "ito".to_owned()
    });
    shop.clock.advance(60);
    let void = reverse(&shop, Void, (&pos, &pos), 1, PRICE).await.unwrap();
    let log = &void.log;
    assert_eq!(
        (log.transaction_type, log.transaction_no, log.receipt_no),
        (201, 2, 111_112)
    );
    assert_eq!(log.staff.as_ref().unwrap().id, "ito");
    assert_eq!(log.generate_date_time, "2026-06-11T14:04:09.512345+09:00");
    let origin = log.origin.as_ref().unwrap();
    assert_eq!((origin.transaction_no, origin.transaction_type), (1, 101));
    assert_eq!(
        log.sales.as_ref().unwrap().change_amount.as_ref().unwrap().value,
        "0"
    );
    assert_eq!(
        log.line_items,
        shop.app.get_transaction(&pos, 1).await.unwrap().log.line_items
    );
    assert!(shop.app.get_transaction(&pos, 1).await.unwrap().is_voided);
    eventually(|| shop.journal.0.lock().len() == 2).await;
}

/// The matrix of the contract, 8.4.
#[tokio::test]
async fn what_stands_can_be_reversed_once() {
    let shop = Shop::open();
    let pos = till(1);
    let own = (&pos, &pos);
    shop.sell(&pos).await;
    reverse(&shop, Void, own, 1, PRICE).await.unwrap();
    refused(reverse(&shop, Void, own, 1, PRICE).await, &codes::ALREADY_VOIDED);
    refused(
        reverse(&shop, Return, own, 1, PRICE).await,
        &codes::ALREADY_VOIDED,
    );
    refused(reverse(&shop, Void, own, 2, PRICE).await, &codes::REQUEST_REFUSED);
    refused(
        reverse(&shop, Return, own, 2, PRICE).await,
        &codes::REQUEST_REFUSED,
    );

    let sale = shop.sell(&pos).await.transaction_no;
    let returned = reverse(&shop, Return, own, sale, PRICE).await.unwrap().log;
    assert_eq!(returned.transaction_type, 102);
    refused(
        reverse(&shop, Return, own, sale, PRICE).await,
        &codes::ALREADY_REFUNDED,
    );
    refused(
        reverse(&shop, Void, own, sale, PRICE).await,
        &codes::ALREADY_REFUNDED,
    );
    refused(
        reverse(&shop, Return, own, returned.transaction_no, PRICE).await,
        &codes::REQUEST_REFUSED,
    );

    let void = reverse(&shop, Void, own, returned.transaction_no, PRICE)
        .await
        .unwrap()
        .log;
    assert_eq!(void.transaction_type, 202);
    assert!(!shop.app.get_transaction(&pos, sale).await.unwrap().is_refunded);
    refused(
        reverse(&shop, Void, own, returned.transaction_no, PRICE).await,
        &codes::ALREADY_VOIDED,
    );
    reverse(&shop, Void, own, sale, PRICE).await.unwrap();
}

#[tokio::test]
async fn a_return_at_another_till_belongs_to_that_till() {
    let shop = Shop::open();
    let (seller, other) = (till(1), till(2));
    shop.sell(&seller).await;
    refused(
        reverse(&shop, Void, (&other, &seller), 1, PRICE).await,
        &codes::INVALID_INPUT,
    );
    let foreign = till_of("t1-s2-1");
    refused(
        reverse(&shop, Return, (&other, &foreign), 1, PRICE).await,
        &codes::INVALID_INPUT,
    );
    let log = reverse(&shop, Return, (&other, &seller), 1, &[("12", "1100")])
        .await
        .unwrap()
        .log;
    assert_eq!(
        (log.terminal_no, log.transaction_no, log.receipt_no),
        (2, 1, 111_111)
    );
    assert_eq!(
        (log.open_counter, log.staff.as_ref().unwrap().id.as_str()),
        (3, "sato")
    );
    assert!(shop.app.get_transaction(&seller, 1).await.unwrap().is_refunded);
    assert!(!shop.app.get_transaction(&other, 1).await.unwrap().is_refunded);
    assert_eq!(shop.sell(&seller).await.transaction_no, 2);
    let void = reverse(&shop, Void, (&other, &other), 1, &[("12", "1100")])
        .await
        .unwrap()
        .log;
    assert_eq!((void.transaction_type, void.terminal_no), (202, 2));
    assert!(!shop.app.get_transaction(&seller, 1).await.unwrap().is_refunded);
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
        refused(
            reverse(&shop, Void, own, 1, payments).await,
            &codes::REQUEST_REFUSED,
        );
    }
    refused(
        reverse(&shop, Return, own, 1, &[("01", "1099")]).await,
        &codes::REQUEST_REFUSED,
    );
    refused(
        reverse(&shop, Return, own, 1, &[("98", "1100")]).await,
        &codes::NOT_FOUND,
    );
    refused(reverse(&shop, Void, own, 9, PRICE).await, &codes::NOT_FOUND);
    assert!(!shop.app.get_transaction(&pos, 1).await.unwrap().is_voided);
}

#[tokio::test]
async fn a_cancelled_cart_cannot_be_reversed() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, cart, &[("melon", "1")]).await.unwrap();
    shop.pay(&pos, cart, PRICE).await.unwrap();
    shop.app.cancel_cart(&pos, cart).await.unwrap();
    for reversal in [Void, Return] {
        refused(
            reverse(&shop, reversal, (&pos, &pos), 1, PRICE).await,
            &codes::REQUEST_REFUSED,
        );
    }
}

#[tokio::test]
async fn of_two_reversals_at_once_one_wins() {
    let shop = Shop::open();
    let (pos, second) = (till(1), till(2));
    shop.sell(&pos).await;
    let (void, returned, other) = tokio::join!(
        reverse(&shop, Void, (&pos, &pos), 1, PRICE),
        reverse(&shop, Return, (&pos, &pos), 1, PRICE),
        reverse(&shop, Return, (&second, &pos), 1, PRICE),
    );
    let done = [&void, &returned, &other]
        .iter()
        .filter(|result| result.is_ok())
        .count();
    assert_eq!(done, 1);
}
