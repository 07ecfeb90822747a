//! Entering items: prices, discounts, promotions, and whose cart it is.

use kugel_cart::app::NewCart;
use kugel_cart::domain::cart::CartId;
use kugel_cart::domain::entry::LineEntry;
use kugel_cart::domain::masters::PromotionMaster;
use kugel_cart::domain::state::CartState;
use kugel_error::codes;
use kugel_pricing::{CATEGORY_DISCOUNT, Discount, Promotion};

use crate::support::{Shop, money, quantity, refused, state, till, till_of};

#[tokio::test]
async fn a_cart_needs_an_opened_terminal_with_staff() {
    let shop = Shop::open();
    let wish = NewCart::default;
    shop.change(|world| world.terminals.get_mut(&till(1).terminal).unwrap().staff = None);
    refused(
        shop.app.create_cart(&till(1), wish()).await,
        &codes::CART_SIGN_IN_REQUIRED,
    );
    shop.change(|world| world.terminals.get_mut(&till(1).terminal).unwrap().is_opened = false);
    refused(
        shop.app.create_cart(&till(1), wish()).await,
        &codes::CART_TERMINAL_STATE,
    );
    shop.change(|world| world.is_away = true);
    refused(
        shop.app.create_cart(&till(2), wish()).await,
        &codes::CART_NEIGHBOUR_FAILED,
    );
}

#[tokio::test]
async fn only_sales_are_made_of_carts() {
    let shop = Shop::open();
    for (asked, kept) in [(None, 101), (Some(101), 101), (Some(1), 101)] {
        let wish = NewCart {
            transaction_type: asked,
            ..NewCart::default()
        };
        let id = shop.app.create_cart(&till(1), wish).await.unwrap();
        assert_eq!(
            shop.app.get_cart(&till(1), id).await.unwrap().transaction_type,
            kept
        );
    }
    let wish = NewCart {
        transaction_type: Some(102),
        ..NewCart::default()
    };
    refused(shop.app.create_cart(&till(1), wish).await, &codes::INVALID_INPUT);
}

#[tokio::test]
async fn a_cart_of_another_terminal_or_tenant_is_not_found() {
    let shop = Shop::open();
    shop.change(|world| {
        world
            .terminals
            .insert(till_of("t2-s1-1").terminal, state("eve", 1));
    });
    let cart = shop.cart(&till(1)).await;
    for other in [till(2), till_of("t2-s1-1"), till_of("t1-s2-1")] {
        refused(shop.app.get_cart(&other, cart).await, &codes::CART_NOT_FOUND);
        refused(
            shop.add(&other, cart, &[("tea", "1")]).await,
            &codes::CART_NOT_FOUND,
        );
    }
    refused(
        shop.app.get_cart(&till(1), CartId::generate()).await,
        &codes::CART_NOT_FOUND,
    );
    refused("no uuid".parse::<CartId>(), &codes::CART_NOT_FOUND);
}

/// X1 of the contract's worked examples.
#[tokio::test]
async fn mixed_taxes_come_to_what_the_contract_says() {
    let shop = Shop::open();
    let cart = shop.cart(&till(1)).await;
    let cart = shop
        .add(&till(1), cart, &[("tea", "3"), ("rice", "1"), ("bread", "2")])
        .await
        .unwrap();
    assert_eq!(cart.cart_status, CartState::EnteringItem);
    let taxes: Vec<String> = cart.taxes.iter().map(|tax| tax.tax_amount.to_string()).collect();
    assert_eq!(taxes, ["89", "116", "25"]);
    let sales = &cart.sales;
    assert_eq!(sales.total_amount, money("2490"));
    assert_eq!(sales.total_amount_with_tax, money("2604"));
    assert_eq!(sales.total_quantity, quantity("6"));
    assert_eq!(sales.balance_amount, money("2604"));
}

#[tokio::test]
async fn one_unknown_item_refuses_all_of_them() {
    let shop = Shop::open();
    let cart = shop.cart(&till(1)).await;
    refused(
        shop.add(&till(1), cart, &[("tea", "1"), ("nothing", "1")]).await,
        &codes::ITEM_NOT_FOUND,
    );
    refused(shop.add(&till(1), cart, &[("odd", "1")]).await, &codes::NOT_FOUND);
    refused(shop.add(&till(1), cart, &[]).await, &codes::INVALID_INPUT);
    let cart = shop.app.get_cart(&till(1), cart).await.unwrap();
    assert!(cart.line_items.is_empty());
    assert_eq!(cart.cart_status, CartState::Idle);
}

#[tokio::test]
async fn prices_are_kept_as_they_were_when_first_scanned() {
    let shop = Shop::open();
    let cart = shop.cart(&till(1)).await;
    shop.add(&till(1), cart, &[("tea", "1")]).await.unwrap();
    shop.change(|world| {
        let tea = world.items.get_mut(&"tea".parse().unwrap()).unwrap();
        (tea.unit_price, tea.tax_code) = (money("999"), "02".to_owned());
        world.items.remove(&"rice".parse().unwrap());
    });
    let cart = shop.add(&till(1), cart, &[("tea", "2")]).await.unwrap();
    assert_eq!(cart.line_items[1].unit_price, money("298"));
    assert_eq!(cart.line_items[1].tax_code, "01");
    assert_eq!(
        cart.line_items[1].image_urls,
        ["https://pictures.example/tea.png"]
    );
    shop.change(|world| {
        world.items.remove(&"tea".parse().unwrap());
    });
    assert_eq!(
        shop.add(&till(1), cart.cart_id, &[("tea", "1")])
            .await
            .unwrap()
            .line_items
            .len(),
        3
    );
}

#[tokio::test]
async fn a_price_given_on_entry_holds_unless_it_is_zero() {
    let shop = Shop::open();
    let cart = shop.cart(&till(1)).await;
    let entry = |price: &str| LineEntry {
        item_code: "tea".parse().unwrap(),
        quantity: quantity("1"),
        unit_price: Some(money(price)),
    };
    let cart = shop
        .app
        .add_line_items(&till(1), cart, vec![entry("250"), entry("0")])
        .await
        .unwrap();
    assert_eq!(cart.line_items[0].unit_price, money("250"));
    assert!(!cart.line_items[0].is_unit_price_changed);
    assert_eq!(cart.line_items[1].unit_price, money("298"));
}

#[tokio::test]
async fn lines_are_changed_by_their_number() {
    let shop = Shop::open();
    let (app, pos) = (&shop.app, till(1));
    let cart = shop.cart(&pos).await;
    refused(
        app.cancel_line_item(&pos, cart, 1).await,
        &codes::OPERATION_NOT_ALLOWED,
    );
    shop.add(&pos, cart, &[("tea", "1"), ("melon", "1")])
        .await
        .unwrap();
    for line_no in [0, -1, 3] {
        refused(app.cancel_line_item(&pos, cart, line_no).await, &codes::NOT_FOUND);
    }
    app.update_unit_price(&pos, cart, 1, money("280")).await.unwrap();
    let changed = app.update_unit_price(&pos, cart, 1, money("270")).await.unwrap();
    assert_eq!(changed.line_items[0].unit_price_original, money("298"));
    let changed = app.update_quantity(&pos, cart, 1, quantity("1.5")).await.unwrap();
    assert_eq!(changed.line_items[0].amount, money("405"));
    refused(
        app.update_quantity(&pos, cart, 1, quantity("0")).await,
        &codes::INVALID_INPUT,
    );
    let changed = app.cancel_line_item(&pos, cart, 2).await.unwrap();
    assert_eq!(changed.sales.total_amount, money("405"));
    let discounts = vec![Discount::percentage("10".parse().unwrap())];
    let changed = app.discount_line_item(&pos, cart, 1, discounts).await.unwrap();
    assert_eq!(changed.line_items[0].discounts.len(), 1);
    let too_much = vec![Discount::amount(money("406"))];
    refused(
        app.discount_line_item(&pos, cart, 1, too_much).await,
        &codes::DISCOUNT_EXCEEDS_LINE,
    );
}

#[tokio::test]
async fn promotions_hold_that_held_at_the_first_line() {
    let shop = Shop::open();
    let promotion = |rate: &str, start: &str| PromotionMaster {
        promotion: Promotion {
            code: format!("P{rate}"),
            promotion_type: CATEGORY_DISCOUNT.to_owned(),
            name: "Week of fruit".to_owned(),
            category_codes: vec!["20".to_owned()],
            rate: rate.parse().unwrap(),
        },
        store_codes: vec![],
        start: start.parse().unwrap(),
        end: "2026-06-30T23:59:59".parse().unwrap(),
    };
    shop.change(|world| {
        world.promotions = vec![
            promotion("20", "2026-06-01T00:00:00"),
            promotion("50", "2026-06-12T00:00:00"),
        ];
    });
    let cart = shop.cart(&till(1)).await;
    let cart = shop
        .add(&till(1), cart, &[("melon", "1"), ("tea", "1")])
        .await
        .unwrap();
    assert_eq!(
        cart.line_items[0].discounts[0].promotion_code.as_deref(),
        Some("P20")
    );
    assert_eq!(cart.line_items[0].amount, money("800"));
    assert!(cart.line_items[1].discounts.is_empty());
    shop.clock.advance(86_400);
    let cart = shop.add(&till(1), cart.cart_id, &[("melon", "1")]).await.unwrap();
    assert_eq!(
        cart.line_items[2].amount,
        money("800"),
        "a cart keeps its promotions"
    );
    let fresh = shop.cart(&till(1)).await;
    let fresh = shop.add(&till(1), fresh, &[("melon", "1")]).await.unwrap();
    assert_eq!(fresh.line_items[0].amount, money("500"));
}

#[tokio::test]
async fn an_absent_neighbour_is_an_error_and_changes_nothing() {
    let shop = Shop::open();
    let cart = shop.cart(&till(1)).await;
    shop.change(|world| world.is_away = true);
    refused(
        shop.add(&till(1), cart, &[("tea", "1")]).await,
        &codes::CART_NEIGHBOUR_FAILED,
    );
    assert!(
        shop.app
            .get_cart(&till(1), cart)
            .await
            .unwrap()
            .line_items
            .is_empty()
    );
}
