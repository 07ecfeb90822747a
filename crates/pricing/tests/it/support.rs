//! Short words for baskets and what is expected of them.

use kugel_error::{Error, ErrorSpec};
use kugel_pricing::{
    Basket, CATEGORY_DISCOUNT, Discount, Line, PaymentMethod, Policy, Priced, PricedDiscount, Promotion,
    Tender, price,
};
use kugel_types::{Currency, Money, PaymentKind, RoundMethod, TaxRule};

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn yen() -> Policy {
    policy("JPY")
}

pub(crate) fn policy(currency: &str) -> Policy {
    let currency: Currency = currency.parse().unwrap();
    Policy {
        currency,
        cash_coin: currency.cash_coin(),
        line_rounding: RoundMethod::Round,
        discount_rounding: RoundMethod::Round,
        tax_rounding: RoundMethod::Round,
        taxes: TaxRule::defaults(),
    }
}

pub(crate) fn line(unit_price: &str, quantity: &str, tax_code: &str) -> Line {
    Line {
        unit_price: money(unit_price),
        quantity: quantity.parse().unwrap(),
        tax_code: tax_code.to_owned(),
        ..Line::default()
    }
}

pub(crate) fn off(mut line: Line, discounts: &[Discount]) -> Line {
    line.discounts = discounts.to_vec();
    line
}

pub(crate) fn restricted(mut line: Line) -> Line {
    line.is_discount_restricted = true;
    line
}

pub(crate) fn cancelled(mut line: Line) -> Line {
    line.is_cancelled = true;
    line
}

pub(crate) fn category(mut line: Line, code: &str) -> Line {
    line.category_code = Some(code.to_owned());
    line
}

pub(crate) fn percent(rate: &str) -> Discount {
    Discount::percentage(rate.parse().unwrap())
}

pub(crate) fn amount(value: &str) -> Discount {
    Discount::amount(money(value))
}

pub(crate) fn promotion(code: &str, rate: &str, categories: &[&str]) -> Promotion {
    Promotion {
        code: code.to_owned(),
        promotion_type: CATEGORY_DISCOUNT.to_owned(),
        name: format!("promotion {code}"),
        category_codes: categories.iter().map(|&code| code.to_owned()).collect(),
        rate: rate.parse().unwrap(),
    }
}

/// A basket for which no promotion is active.
pub(crate) fn basket(lines: impl IntoIterator<Item = Line>) -> Basket {
    Basket {
        lines: lines.into_iter().collect(),
        promotions: Some(Vec::new()),
        ..Basket::default()
    }
}

pub(crate) fn tender(code: &str, deposit: &str) -> Tender {
    Tender {
        method: PaymentMethod::new(code, PaymentKind::of_code(code)),
        deposit: money(deposit),
    }
}

/// The basket after a command: what a till keeps.
pub(crate) fn adopted(mut basket: Basket, priced: &Priced) -> Basket {
    let posted = |found: &[PricedDiscount]| found.iter().map(|found| found.discount.clone()).collect();
    for (line, found) in basket.lines.iter_mut().zip(&priced.lines) {
        line.discounts = posted(&found.discounts);
    }
    basket.subtotal_discounts = posted(&priced.subtotal_discounts);
    basket.payments = priced
        .payments
        .iter()
        .map(|payment| payment.tender.clone())
        .collect();
    basket
}

pub(crate) fn texts(amounts: impl IntoIterator<Item = Money>) -> Vec<String> {
    amounts
        .into_iter()
        .map(|amount| amount.decimal().normalize().to_string())
        .collect()
}

/// The figures that the contract's examples state.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    pub(crate) lines: &'static [&'static str],
    pub(crate) taxes: &'static [&'static str],
    pub(crate) total: &'static str,
    pub(crate) with_tax: &'static str,
    pub(crate) discounts: &'static str,
    pub(crate) quantity: &'static str,
}

/// Compares the figures that are stated; an empty text is none.
#[track_caller]
pub(crate) fn check_priced(priced: &Priced, expected: &Expected) {
    assert_eq!(
        texts(priced.lines.iter().map(|line| line.amount)),
        expected.lines,
        "line amounts"
    );
    assert_eq!(
        texts(priced.taxes.iter().map(|tax| tax.amount)),
        expected.taxes,
        "taxes"
    );
    for (name, found, stated) in [
        ("total amount", priced.total_amount.decimal(), expected.total),
        (
            "total with tax",
            priced.total_amount_with_tax.decimal(),
            expected.with_tax,
        ),
        (
            "total discount",
            priced.total_discount_amount.decimal(),
            expected.discounts,
        ),
        (
            "total quantity",
            priced.total_quantity.decimal(),
            expected.quantity,
        ),
    ] {
        if !stated.is_empty() {
            assert_eq!(found.normalize().to_string(), stated, "{name}");
        }
    }
}

#[track_caller]
pub(crate) fn check(basket: &Basket, policy: &Policy, expected: &Expected) -> Priced {
    let priced = price(basket, policy).unwrap();
    check_priced(&priced, expected);
    priced
}

#[track_caller]
pub(crate) fn check_refused(result: Result<Priced, Error>, spec: &'static ErrorSpec) -> Error {
    let error = result.map(|priced| format!("{priced:?}")).unwrap_err();
    assert!(error.is(spec), "{error} is not {}", spec.reason);
    error
}
