//! Voids and returns.

use kugel_error::codes;
use kugel_proto::cart::v1 as pb;
use kugel_stand::decimal;

use crate::neighbours::state;
use crate::support::{Shop, Till, refused, tenders, till, till_of};

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

#[tokio::test]
async fn no_reversal_carries_stamp_duty() {
    let shop = Shop::open();
    let pos = till(1);
    let own = (&pos, &pos);
    let cart = shop.cart(&pos).await;
    shop.add(&pos, &cart, &[("melon", "50")]).await.unwrap();
    shop.subtotal_cart(&pos, &cart).await.unwrap();
    shop.pay(&pos, &cart, &[("01", "55000")]).await.unwrap();
    let sale = shop.bill_cart(&pos, &cart).await.unwrap();
    assert!(sale.journal_text.unwrap().contains("印紙税 \\200"));

    let price = &[("01", "55000")];
    let returned = shop.give_back(own, 1, price).await.unwrap();
    let of_return = shop.void(own, returned.transaction_no, price).await.unwrap();
    let of_sale = shop.void(own, 1, price).await.unwrap();
    for (reversal, kind) in [(returned, 102), (of_return, 202), (of_sale, 201)] {
        assert_eq!(reversal.transaction_type, kind);
        assert_eq!(reversal.stamp_duty_amount, decimal("0"), "{kind}");
        assert!(!reversal.journal_text.unwrap().contains("印"), "{kind}");
        assert!(!reversal.receipt_text.unwrap().contains("印"), "{kind}");
    }
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

#[tokio::test]
async fn a_void_stays_in_the_session_that_sold_and_a_return_does_not() {
    let shop = Shop::open();
    let pos = till(1);
    let own = (&pos, &pos);
    shop.sell(&pos).await;
    let returned = shop.sell(&pos).await.transaction_no;
    let returned = shop.give_back(own, returned, PRICE).await.unwrap().transaction_no;
    shop.change_till(&pos, |terminal| *terminal = state("mori", 3));
    let refusal = refused(shop.void(own, 1, PRICE).await, &codes::SESSION_OVER);
    assert!(refusal.message().contains("make a return"), "{refusal}");
    let refusal = refused(shop.void(own, returned, PRICE).await, &codes::SESSION_OVER);
    assert!(refusal.message().contains("sell the goods again"), "{refusal}");
    let made = shop.give_back(own, 1, PRICE).await.unwrap();
    assert_eq!(made.business_counter, 43);
    shop.void(own, made.transaction_no, PRICE).await.unwrap();
}

#[tokio::test]
async fn a_reversal_needs_somebody_who_makes_it() {
    let shop = Shop::open();
    let pos = till(1);
    shop.sell(&pos).await;
    shop.change_till(&pos, |terminal| terminal.staff = None);
    let own = (&pos, &pos);
    refused(shop.void(own, 1, PRICE).await, &codes::CART_SIGN_IN_REQUIRED);
    refused(shop.give_back(own, 1, PRICE).await, &codes::CART_SIGN_IN_REQUIRED);
}

/// Two cards, and cash for the rest.
async fn sell_to_two_cards(shop: &Shop, pos: &Till) -> pb::Tran {
    let cart = shop.cart(pos).await;
    shop.add(pos, &cart, &[("melon", "1")]).await.unwrap();
    shop.subtotal_cart(pos, &cart).await.unwrap();
    let mut payments = tenders(&[("11", "300"), ("11", "500"), ("01", "400")]);
    for (payment, detail) in payments.iter_mut().zip(["card 1", "card 2"]) {
        payment.detail = Some(detail.to_owned());
    }
    shop.add_payments(pos, &cart, payments).await.unwrap();
    let billed = shop.bill_cart(pos, &cart).await.unwrap();
    shop.transaction(pos, billed.transaction_no).await.unwrap()
}

#[tokio::test]
async fn a_void_gives_every_tender_back_as_it_was_taken() {
    let sums = &[("01", "300"), ("11", "800")][..];
    let tenders = &[("11", "300"), ("11", "500"), ("01", "300")][..];
    let other_tenders = &[("11", "799"), ("11", "1"), ("01", "300")][..];
    for payments in [sums, tenders, other_tenders] {
        let shop = Shop::open();
        let pos = till(1);
        let sale = sell_to_two_cards(&shop, &pos).await;
        // The methods are renamed and deleted meanwhile.
        shop.change(|world| world.payments.clear());
        for wrong in [&[("11", "800")][..], &[("11", "500"), ("01", "600")]] {
            refused(shop.void((&pos, &pos), 1, wrong).await, &codes::REQUEST_REFUSED);
        }
        let void = shop.void((&pos, &pos), 1, payments).await.unwrap();
        let taken = sale.payments.iter().map(|payment| pb::Payment {
            deposit_amount: match payment.payment_code.as_str() {
                "01" => decimal("300"),
                _ => decimal("0"),
            },
            change_amount: decimal("0"),
            ..payment.clone()
        });
        assert_eq!(void.payments, taken.collect::<Vec<_>>());
        assert_eq!(void.payments[1].detail.as_deref(), Some("card 2"));
    }
}

#[tokio::test]
async fn a_return_gives_back_only_by_methods_that_take_refunds() {
    let shop = Shop::open();
    let pos = till(1);
    let own = (&pos, &pos);
    shop.sell(&pos).await;
    shop.change(|world| world.payments[1].can_refund = Some(false));
    let returned = shop.give_back(own, 1, &[("01", "600"), ("11", "500")]).await;
    let refusal = refused(returned, &codes::REFUND_FORBIDDEN);
    assert_eq!(
        kugel_stand::refusal(&refusal).fields[0],
        "payments[1].payment_code"
    );
    let split = &[("12", "100"), ("12", "500"), ("01", "500")];
    let made = shop.give_back(own, 1, split).await.unwrap();
    assert_eq!(made.payments.len(), 3);
    let sale = sell_to_two_cards(&shop, &pos).await.transaction_no;
    let back = &[("01", "300"), ("11", "800")];
    shop.void(own, sale, back).await.unwrap();
}
