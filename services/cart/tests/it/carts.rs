//! Entering items: prices, discounts, promotions, and whose cart it is.

use kugel_error::codes;
use kugel_pricing::CATEGORY_DISCOUNT;
use kugel_proto::cart::v1 as pb;
use kugel_proto::master_data::v1 as master;
use kugel_stand::decimal;

use crate::neighbours::state;
use crate::support::{Shop, discount, refused, till, till_of};

#[tokio::test]
async fn a_cart_needs_an_opened_terminal_with_staff() {
    let shop = Shop::open();
    let wish = pb::CreateCartRequest::default;
    shop.change_till(&till(1), |terminal| terminal.staff = None);
    refused(
        shop.create_cart(&till(1), wish()).await,
        &codes::CART_SIGN_IN_REQUIRED,
    );
    shop.change_till(&till(1), |terminal| terminal.status = "Closed".to_owned());
    refused(
        shop.create_cart(&till(1), wish()).await,
        &codes::CART_TERMINAL_STATE,
    );
    shop.change(|world| world.is_away = true);
    refused(
        shop.create_cart(&till(2), wish()).await,
        &codes::CART_NEIGHBOUR_FAILED,
    );
}

#[tokio::test]
async fn only_sales_are_made_of_carts() {
    let shop = Shop::open();
    let wish = |transaction_type| pb::CreateCartRequest {
        transaction_type,
        ..Default::default()
    };
    for asked in [None, Some(101), Some(1)] {
        let id = shop.create_cart(&till(1), wish(asked)).await.unwrap();
        let cart = shop.get_cart(&till(1), &id).await.unwrap();
        assert_eq!(cart.transaction_type, 101);
    }
    for asked in [102, 0, 7] {
        refused(
            shop.create_cart(&till(1), wish(Some(asked))).await,
            &codes::INVALID_INPUT,
        );
    }
}

#[tokio::test]
async fn a_cart_of_another_terminal_or_tenant_is_not_found() {
    let shop = Shop::open();
    shop.change(|world| {
        world.terminals.insert("t2-s1-1".to_owned(), state("eve", 1));
    });
    let cart = shop.cart(&till(1)).await;
    for other in [till(2), till_of("t2-s1-1"), till_of("t1-s2-1")] {
        refused(shop.get_cart(&other, &cart).await, &codes::CART_NOT_FOUND);
        refused(
            shop.add(&other, &cart, &[("tea", "1")]).await,
            &codes::CART_NOT_FOUND,
        );
    }
    for id in ["5b3f7e0e-9b8c-4d5a-8f0e-0c1d2e3f4a5b", "no uuid"] {
        refused(shop.get_cart(&till(1), id).await, &codes::CART_NOT_FOUND);
    }
}

/// X1 of the contract's worked examples.
#[tokio::test]
async fn mixed_taxes_come_to_what_the_contract_says() {
    let shop = Shop::open();
    let cart = shop.cart(&till(1)).await;
    let cart = shop
        .add(&till(1), &cart, &[("tea", "3"), ("rice", "1"), ("bread", "2")])
        .await
        .unwrap();
    assert_eq!(cart.cart_status, "EnteringItem");
    let taxes: Vec<_> = cart.taxes.iter().map(|tax| tax.tax_amount.clone()).collect();
    assert_eq!(taxes, ["89", "116", "25"].map(decimal));
    assert_eq!(cart.total_amount, decimal("2490"));
    assert_eq!(cart.total_amount_with_tax, decimal("2604"));
    assert_eq!(cart.total_quantity, decimal("6"));
    assert_eq!(cart.balance_amount, decimal("2604"));
}

#[tokio::test]
async fn one_unknown_item_refuses_all_of_them() {
    let shop = Shop::open();
    let id = shop.cart(&till(1)).await;
    refused(
        shop.add(&till(1), &id, &[("tea", "1"), ("nothing", "1")]).await,
        &codes::ITEM_NOT_FOUND,
    );
    refused(
        shop.add(&till(1), &id, &[("tea", "1"), ("gone", "1")]).await,
        &codes::ITEM_DELETED,
    );
    refused(shop.add(&till(1), &id, &[("odd", "1")]).await, &codes::NOT_FOUND);
    refused(shop.add(&till(1), &id, &[]).await, &codes::INVALID_INPUT);
    let cart = shop.get_cart(&till(1), &id).await.unwrap();
    assert!(cart.line_items.is_empty());
    assert_eq!(cart.cart_status, "Idle");
}

#[tokio::test]
async fn prices_are_kept_as_they_were_when_first_scanned() {
    let shop = Shop::open();
    let id = shop.cart(&till(1)).await;
    shop.add(&till(1), &id, &[("tea", "1")]).await.unwrap();
    shop.change(|world| {
        let tea = world.items.get_mut("tea").unwrap();
        (tea.unit_price, tea.tax_code) = (decimal("999"), "02".to_owned());
        world.items.remove("rice");
    });
    let cart = shop.add(&till(1), &id, &[("tea", "2")]).await.unwrap();
    assert_eq!(cart.line_items[1].unit_price, decimal("298"));
    assert_eq!(cart.line_items[1].tax_code, "01");
    assert_eq!(
        cart.line_items[1].image_urls,
        ["https://pictures.example/tea.png"]
    );
    shop.change(|world| {
        world.items.remove("tea");
    });
    let cart = shop.add(&till(1), &id, &[("tea", "1")]).await.unwrap();
    assert_eq!(cart.line_items.len(), 3);
}

#[tokio::test]
async fn a_price_given_on_entry_holds_unless_it_is_zero() {
    let shop = Shop::open();
    let cart = shop.cart(&till(1)).await;
    let entry = |price: &str| pb::LineItemEntry {
        item_code: "tea".to_owned(),
        quantity: decimal("1"),
        unit_price: decimal(price),
    };
    let cart = shop
        .add_line_items(&till(1), &cart, vec![entry("250"), entry("0")])
        .await
        .unwrap();
    assert_eq!(cart.line_items[0].unit_price, decimal("250"));
    assert!(!cart.line_items[0].is_unit_price_changed);
    assert_eq!(cart.line_items[1].unit_price, decimal("298"));
}

#[tokio::test]
async fn lines_are_changed_by_their_number() {
    let shop = Shop::open();
    let pos = till(1);
    let cart = shop.cart(&pos).await;
    refused(
        shop.cancel_line_item(&pos, &cart, 1).await,
        &codes::OPERATION_NOT_ALLOWED,
    );
    shop.add(&pos, &cart, &[("tea", "1"), ("melon", "1")])
        .await
        .unwrap();
    for line_no in [0, -1, 3] {
        refused(
            shop.cancel_line_item(&pos, &cart, line_no).await,
            &codes::NOT_FOUND,
        );
    }
    let price = async |price: &str| shop.update_unit_price(&pos, &cart, 1, decimal(price)).await;
    price("280").await.unwrap();
    let changed = price("270").await.unwrap();
    assert_eq!(changed.line_items[0].unit_price_original, decimal("298"));
    let count = async |count: &str| shop.update_quantity(&pos, &cart, 1, decimal(count)).await;
    let changed = count("1.5").await.unwrap();
    assert_eq!(changed.line_items[0].amount, decimal("405"));
    refused(count("0").await, &codes::INVALID_INPUT);
    let changed = shop.cancel_line_item(&pos, &cart, 2).await.unwrap();
    assert_eq!(changed.total_amount, decimal("405"));
    let percentage = discount("DiscountPercentage", "10");
    let changed = shop.discount_line_item(&pos, &cart, 1, percentage).await.unwrap();
    assert_eq!(changed.line_items[0].discounts.len(), 1);
    let too_much = discount("DiscountAmount", "406");
    refused(
        shop.discount_line_item(&pos, &cart, 1, too_much).await,
        &codes::DISCOUNT_EXCEEDS_LINE,
    );
}

#[tokio::test]
async fn promotions_hold_that_held_at_the_first_line() {
    let shop = Shop::open();
    let promotion = |rate: &str, start: &str| master::Promotion {
        promotion_code: format!("P{rate}"),
        promotion_type: CATEGORY_DISCOUNT.to_owned(),
        name: "Week of fruit".to_owned(),
        start_datetime: start.to_owned(),
        end_datetime: "2026-06-30T23:59:59".to_owned(),
        detail: Some(master::PromotionDetail {
            target_store_codes: vec![],
            target_category_codes: vec!["20".to_owned()],
            discount_rate: decimal(rate),
        }),
        ..Default::default()
    };
    shop.change(|world| {
        world.promotions = vec![
            promotion("20", "2026-06-01T00:00:00"),
            promotion("50", "2026-06-12T00:00:00"),
        ];
    });
    let id = shop.cart(&till(1)).await;
    let cart = shop
        .add(&till(1), &id, &[("melon", "1"), ("tea", "1")])
        .await
        .unwrap();
    let reduced = &cart.line_items[0];
    assert_eq!(reduced.discounts[0].promotion_code.as_deref(), Some("P20"));
    assert_eq!(reduced.amount, decimal("800"));
    assert!(cart.line_items[1].discounts.is_empty());
    shop.stand.clock.advance(86_400);
    let cart = shop.add(&till(1), &id, &[("melon", "1")]).await.unwrap();
    assert_eq!(
        cart.line_items[2].amount,
        decimal("800"),
        "a cart keeps its promotions"
    );
    let fresh = shop.cart(&till(1)).await;
    let fresh = shop.add(&till(1), &fresh, &[("melon", "1")]).await.unwrap();
    assert_eq!(fresh.line_items[0].amount, decimal("500"));
}

#[tokio::test]
async fn an_absent_neighbour_is_an_error_and_changes_nothing() {
    let shop = Shop::open();
    let cart = shop.cart(&till(1)).await;
    shop.change(|world| world.is_away = true);
    refused(
        shop.add(&till(1), &cart, &[("tea", "1")]).await,
        &codes::CART_NEIGHBOUR_FAILED,
    );
    let cart = shop.get_cart(&till(1), &cart).await.unwrap();
    assert!(cart.line_items.is_empty());
}
