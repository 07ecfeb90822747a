//! Random baskets: mixed tax codes, weights, discounts of both kinds, promotions, cancelled and restricted lines.

use kugel_pricing::{Basket, Discount, DiscountValue, Line, PaymentMethod, Policy, Promotion, Tender};
use kugel_types::money::Decimal;
use kugel_types::{Money, PaymentKind, Quantity, Rate};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{policy, promotion};

pub(crate) fn any_policy() -> impl Strategy<Value = Policy> {
    prop::sample::select(vec!["JPY", "GBP", "BHD"]).prop_map(policy)
}

/// A policy and a basket in its currency, without payments.
pub(crate) fn any_sale() -> impl Strategy<Value = (Policy, Basket)> {
    any_policy().prop_flat_map(|policy| {
        let digits = policy.currency.minor_digits();
        let parts = (
            vec(any_line(digits), 0..7),
            vec(any_discount(digits), 0..4),
            vec(any_promotion(), 0..4),
        );
        (Just(policy), parts).prop_map(|(policy, (lines, subtotal_discounts, promotions))| {
            let basket = Basket {
                lines,
                subtotal_discounts,
                payments: Vec::new(),
                promotions: Some(promotions),
            };
            (policy, basket)
        })
    })
}

/// Tenders of the policy's methods, some of which will be refused.
pub(crate) fn any_tenders(digits: u32) -> impl Strategy<Value = Vec<Tender>> {
    let code = prop::sample::select(vec!["01", "11", "12"]);
    vec((code, 1_i64..300_000), 0..5).prop_map(move |tenders| {
        let tender = |(code, units): (&str, i64)| Tender {
            method: PaymentMethod::new(code, PaymentKind::of_code(code)),
            deposit: decimal(units, digits, Money::from_decimal),
        };
        tenders.into_iter().map(tender).collect()
    })
}

fn decimal<T>(units: i64, scale: u32, make: fn(Decimal) -> T) -> T {
    make(Decimal::new(units, scale))
}

fn any_line(digits: u32) -> impl Strategy<Value = Line> {
    // Most prices have the currency's decimals; some are finer.
    let unit_price = prop_oneof![
        8 => (0_i64..50_000).prop_map(move |units| decimal(units, digits, Money::from_decimal)),
        1 => (0_i64..50_000_000).prop_map(|units| decimal(units, 4, Money::from_decimal)),
    ];
    let quantity = prop_oneof![
        3 => (1_i64..60).prop_map(|units| decimal(units, 0, Quantity::from_decimal)),
        1 => (1_i64..20_000).prop_map(|units| decimal(units, 3, Quantity::from_decimal)),
    ];
    let tax_code = prop::sample::select(vec!["00", "01", "02", "11", "12"]);
    let category = prop::option::of(prop::sample::select(vec!["10", "20", "30"]));
    let flags = (prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    (
        unit_price,
        quantity,
        tax_code,
        category,
        flags,
        vec(any_discount(digits), 0..4),
    )
        .prop_map(
            |(
                unit_price,
                quantity,
                tax_code,
                category,
                (is_discount_restricted, is_cancelled),
                discounts,
            )| Line {
                unit_price,
                quantity,
                tax_code: tax_code.to_owned(),
                category_code: category.map(str::to_owned),
                is_discount_restricted,
                is_cancelled,
                discounts,
            },
        )
}

fn any_discount(digits: u32) -> impl Strategy<Value = Discount> {
    prop_oneof![
        (0_i64..=10_000).prop_map(|rate| Discount::percentage(decimal(rate, 2, Rate::from_decimal))),
        Just(Discount {
            value: DiscountValue::Percentage(Rate::from_decimal(Decimal::ONE_HUNDRED)),
            ..plain()
        }),
        (1_i64..20_000).prop_map(move |units| Discount::amount(decimal(units, digits, Money::from_decimal))),
        (1_i64..20_000_000).prop_map(|units| Discount::amount(decimal(units, 4, Money::from_decimal))),
    ]
}

fn plain() -> Discount {
    Discount::percentage(Rate::ZERO)
}

fn any_promotion() -> impl Strategy<Value = Promotion> {
    let categories = prop::sample::subsequence(vec!["10", "20", "30"], 1..=2);
    ((1_i64..=100), categories, 0_u8..9)
        .prop_map(|(rate, categories, code)| promotion(&format!("P{code}"), &rate.to_string(), &categories))
}
