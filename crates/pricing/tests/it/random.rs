//! Random baskets: mixed tax codes, weights, discounts of both kinds, promotions, cancelled and restricted lines,
//! and customers who pay them in every way.

use kugel_pricing::{
    Basket, Discount, DiscountValue, Line, PaymentMethod, Policy, Priced, Promotion, Tender, price,
};
use kugel_types::money::Decimal;
use kugel_types::{Money, PaymentKind, Quantity, Rate, RoundMethod, TaxRule, TaxType};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{money, policy, promotion};

/// Stores with currencies of no, two and three decimals, with coins like those of the currency and coarser ones, with rounding
/// rules of their own and several tax codes of one rate.
pub(crate) fn any_policy() -> impl Strategy<Value = Policy> {
    let stores = vec![
        ("JPY", "1"),
        ("JPY", "5"),
        ("KRW", "10"),
        ("GBP", "0.01"),
        ("EUR", "0.05"),
        ("CHF", "0.05"),
        ("SEK", "1"),
        ("THB", "0.25"),
        ("BHD", "0.001"),
        ("BHD", "0.005"),
    ];
    let rounding = (any_method(), any_method(), any_method());
    let rules = vec((prop::option::of(any_method()), -1_i32..5), 4);
    (prop::sample::select(stores), rounding, rules).prop_map(
        |((currency, coin), (line_rounding, discount_rounding, tax_rounding), rules)| {
            let mut policy = Policy {
                cash_coin: money(coin),
                line_rounding,
                discount_rounding,
                tax_rounding,
                ..policy(currency)
            };
            let kinds = [
                ("21", TaxType::External, "8"),
                ("22", TaxType::External, "8.0"),
                ("23", TaxType::Internal, "8"),
                ("24", TaxType::Internal, "17.5"),
            ];
            for ((code, tax_type, rate), (round_method, round_digit)) in kinds.into_iter().zip(rules) {
                policy.taxes.push(TaxRule {
                    code: code.to_owned(),
                    tax_type,
                    name: code.to_owned(),
                    rate: rate.parse().unwrap(),
                    round_digit,
                    round_method,
                });
            }
            policy
        },
    )
}

fn any_method() -> impl Strategy<Value = RoundMethod> {
    prop::sample::select(vec![RoundMethod::Round, RoundMethod::Floor, RoundMethod::Ceil])
}

/// A policy and a basket in its currency, without payments, that can be priced.
pub(crate) fn any_sale() -> impl Strategy<Value = (Policy, Basket)> {
    any_entry().prop_map(|(policy, mut basket)| {
        let alone = |line: &Line| Basket {
            lines: vec![line.clone()],
            ..Basket::default()
        };
        basket.lines.retain(|line| price(&alone(line), &policy).is_ok());
        (policy, basket)
    })
}

/// A policy and a basket in its currency, without payments, of which some lines may be too small to come to anything.
pub(crate) fn any_entry() -> impl Strategy<Value = (Policy, Basket)> {
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

/// A customer who is about to pay: by what, and how much of what is due.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    method: PaymentMethod,
    share: Share,
}

#[derive(Debug, Clone, Copy)]
enum Share {
    /// So many thousandths of the balance, and so many minor units more.
    Part(i64, i64),
    Balance,
    CashBalance,
    Nothing,
}

impl Offer {
    /// What is handed over for a basket, which may be refused.
    pub(crate) fn tender(&self, priced: &Priced, policy: &Policy) -> Tender {
        let digits = policy.currency.minor_digits();
        let deposit = match self.share {
            Share::Part(thousandths, more) => {
                let part = priced.balance_amount.decimal() * Decimal::new(thousandths, 3);
                let part = Money::from_decimal(part + Decimal::new(more, digits));
                // Most people who pay in cash have coins.
                let is_cash = self.method.kind == PaymentKind::Cash && more % 4 != 0;
                if is_cash {
                    part.in_coins(policy.cash_coin).unwrap()
                } else {
                    part.round(digits, RoundMethod::Round)
                }
            }
            Share::Balance => priced.balance_amount,
            Share::CashBalance => priced.cash_balance_amount,
            Share::Nothing => Money::ZERO,
        };
        Tender {
            method: self.method.clone(),
            deposit,
        }
    }
}

/// Offers by methods of every kind with every flag, some of which will be refused.
pub(crate) fn any_offers() -> impl Strategy<Value = Vec<Offer>> {
    let kind = prop::sample::select(vec![PaymentKind::Cash, PaymentKind::Cashless, PaymentKind::Other]);
    let flags = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.95));
    let limit = prop_oneof![5 => Just(0_i64), 1 => 1_i64..200_000];
    let share = prop_oneof![
        6 => (0_i64..1300, 0_i64..8).prop_map(|(thousandths, more)| Share::Part(thousandths, more)),
        2 => Just(Share::Balance),
        2 => Just(Share::CashBalance),
        1 => Just(Share::Nothing),
    ];
    let offer = (kind, flags, limit, share).prop_map(
        |(kind, (can_deposit_over, can_change, is_active), limit, share)| Offer {
            method: PaymentMethod {
                limit_amount: decimal(limit, 0, Money::from_decimal),
                can_deposit_over,
                can_change,
                is_active,
                ..PaymentMethod::new("99", kind)
            },
            share,
        },
    );
    vec(offer, 0..6)
}

fn decimal<T>(units: i64, scale: u32, make: fn(Decimal) -> T) -> T {
    make(Decimal::new(units, scale))
}

fn any_line(digits: u32) -> impl Strategy<Value = Line> {
    // Most prices have the currency's decimals; some are finer.
    let unit_price = prop_oneof![
        8 => (0_i64..50_000).prop_map(move |units| decimal(units, digits, Money::from_decimal)),
        2 => (0_i64..50_000_000).prop_map(|units| decimal(units, 4, Money::from_decimal)),
        1 => (0_i64..3_000).prop_map(|units| decimal(units, 4, Money::from_decimal)),
    ];
    let quantity = prop_oneof![
        5 => (1_i64..60).prop_map(|units| decimal(units, 0, Quantity::from_decimal)),
        1 => (60_i64..2_000).prop_map(|units| decimal(units, 0, Quantity::from_decimal)),
        2 => (1_i64..20_000).prop_map(|units| decimal(units, 3, Quantity::from_decimal)),
    ];
    let tax_code = prop::sample::select(vec!["00", "01", "02", "11", "12", "21", "22", "23", "24"]);
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
    ]
}

fn plain() -> Discount {
    Discount::percentage(Rate::ZERO)
}

fn any_promotion() -> impl Strategy<Value = Promotion> {
    let categories = prop::sample::subsequence(vec!["10", "20", "30"], 1..=2);
    let rate = prop_oneof![
        (1_i64..=100).prop_map(|rate| Decimal::new(rate, 0)),
        (1_i64..=10_000).prop_map(|rate| Decimal::new(rate, 2)),
    ];
    (rate, categories, 0_u8..9)
        .prop_map(|(rate, categories, code)| promotion(&format!("P{code}"), &rate.to_string(), &categories))
}
