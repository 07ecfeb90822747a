//! Bounds, weights, currencies, promotions over time, and what a calculation must not remember.

use kugel_error::codes;
use kugel_pricing::{Basket, Line, Reason, discount_line, discount_subtotal, pay, price};
use kugel_types::RoundMethod;

use crate::support::*;

#[track_caller]
fn check_line(currency: &str, line: Line, expected: &str) {
    let priced = price(&basket([line]), &policy(currency)).unwrap();
    assert_eq!(texts([priced.lines[0].amount]), [expected]);
}

#[test]
fn weighed_lines_are_rounded_to_money() {
    check_line("JPY", line("298", "1.234", "00"), "368");
    check_line("GBP", line("3.99", "0.333", "00"), "1.33");
    check_line("BHD", line("3.99", "0.3337", "00"), "1.331");
    check_line("JPY", off(line("298", "1.234", "00"), &[percent("10")]), "331");
    check_line(
        "JPY",
        off(line("298", "1.234", "00"), &[percent("50"), percent("100")]),
        "0",
    );
    let priced = price(
        &basket([line("298", "1.234", "00"), line("10", "3", "00")]),
        &yen(),
    )
    .unwrap();
    assert_eq!(
        (priced.total_quantity.to_string().as_str(), priced.item_count),
        ("4.234", 4)
    );
}

#[test]
fn a_full_percentage_leaves_nothing_whatever_the_decimals() {
    for (currency, unit_price) in [
        ("JPY", "19.99"),
        ("JPY", "19.49"),
        ("GBP", "0.015"),
        ("JPY", "100"),
        ("JPY", "0"),
    ] {
        check_line(currency, off(line(unit_price, "3", "00"), &[percent("100")]), "0");
        check_line(
            currency,
            off(line(unit_price, "3", "00"), &[percent("100"), percent("50")]),
            "0",
        );
        let whole = basket([line(unit_price, "3", "01")]);
        let priced = discount_subtotal(&whole, vec![percent("100")], &policy(currency)).unwrap();
        assert!(priced.total_amount_with_tax.is_zero(), "{currency} {unit_price}");
    }
}

#[test]
fn pounds_are_rounded_to_pence() {
    check_line("GBP", off(line("2.55", "3", "00"), &[percent("10")]), "6.88");
    let priced = price(
        &basket([line("2.55", "3", "01"), line("9.99", "1", "02")]),
        &policy("GBP"),
    )
    .unwrap();
    assert_eq!(texts(priced.taxes.iter().map(|tax| tax.amount)), ["0.76", "0.9"]);
    let priced = discount_subtotal(
        &basket([line("1", "1", "00"), line("2", "1", "00")]),
        vec![amount("1")],
        &policy("GBP"),
    );
    assert_eq!(
        texts(priced.unwrap().lines.iter().map(|line| line.allocated[0])),
        ["0.33", "0.67"]
    );
}

#[test]
fn the_discount_rounding_is_the_policys() {
    let mut floor = yen();
    floor.discount_rounding = RoundMethod::Floor;
    let priced = price(&basket([off(line("110", "3", "00"), &[percent("5")])]), &floor).unwrap();
    assert_eq!(priced.lines[0].amount, money("314"));
    floor.discount_rounding = RoundMethod::Ceil;
    let priced = price(&basket([off(line("1", "3", "00"), &[percent("5")])]), &floor).unwrap();
    assert_eq!(priced.lines[0].amount, money("2"));
}

#[test]
fn a_finer_tax_digit_than_the_currencys_counts_for_nothing() {
    let mut policy = yen();
    policy.taxes[1].round_digit = 2;
    let priced = price(&basket([line("298", "3", "01")]), &policy).unwrap();
    assert_eq!(priced.tax_amount, money("89"));
}

#[test]
fn figures_out_of_range_name_their_field() {
    let sold = |line: Line| basket([self::line("1", "1", "00"), line]);
    for (basket, field) in [
        (sold(line("1", "0", "00")), "line_items[1].quantity"),
        (sold(line("-1", "1", "00")), "line_items[1].unit_price"),
        (
            sold(off(line("1", "1", "00"), &[percent("101")])),
            "line_items[1].discounts[0].discount_value",
        ),
        (
            sold(off(line("1", "1", "00"), &[amount("0")])),
            "line_items[1].discounts[0].discount_value",
        ),
        (
            Basket {
                subtotal_discounts: vec![percent("-1")],
                ..basket([])
            },
            "discounts[0].discount_value",
        ),
        (
            Basket {
                payments: vec![tender("11", "0")],
                ..basket([])
            },
            "payments[0].amount",
        ),
    ] {
        let error = check_refused(price(&basket, &yen()), &codes::INVALID_INPUT);
        assert_eq!(error.fields()[0].field, field);
    }
    let plain = sold(line("5", "1", "00"));
    for refused in [percent("100.1"), percent("-0.1"), amount("0"), amount("-5")] {
        check_refused(
            discount_line(&plain, 1, vec![refused.clone()], &yen()),
            &codes::INVALID_INPUT,
        );
        check_refused(
            discount_subtotal(&plain, vec![refused], &yen()),
            &codes::INVALID_INPUT,
        );
    }
}

#[test]
fn an_unknown_tax_code_is_not_found() {
    let error = check_refused(price(&basket([line("1", "1", "99")]), &yen()), &codes::NOT_FOUND);
    assert!(error.message().contains("\"99\""), "{error}");
    assert!(
        price(&basket([cancelled(line("1", "1", "99"))]), &yen()).is_ok(),
        "a cancelled line is not taxed"
    );
}

#[test]
fn amounts_too_large_to_be_exact_are_refused() {
    let huge = line("999999999999", "999999999999", "01");
    check_refused(price(&basket([huge]), &yen()), &codes::INVALID_INPUT);
    let large = line("999999999999.9999", "999", "01");
    check_refused(
        price(&basket([large.clone(), large]), &yen()),
        &codes::INVALID_INPUT,
    );
}

#[test]
fn a_line_that_may_not_be_discounted_refuses_even_an_empty_list() {
    let sold = basket([restricted(line("100", "1", "00"))]);
    check_refused(
        discount_line(&sold, 0, Vec::new(), &yen()),
        &codes::DISCOUNT_FORBIDDEN,
    );
    check_refused(
        discount_line(&sold, 1, Vec::new(), &yen()),
        &codes::ITEM_NOT_FOUND,
    );
}

#[test]
fn line_discounts_are_bounded_by_what_percentages_leave() {
    let mut sold = basket([category(line("1000", "1", "00"), "10")]);
    let half_off = vec![percent("50"), amount("500")];
    assert!(
        discount_line(&sold, 0, half_off.clone(), &yen())
            .unwrap()
            .total_amount
            .is_zero()
    );
    sold.promotions = Some(vec![promotion("P", "10", &["10"])]);
    check_refused(
        discount_line(&sold, 0, half_off, &yen()),
        &codes::DISCOUNT_EXCEEDS_LINE,
    );
}

#[test]
fn subtotal_discounts_are_bounded_together() {
    let sold = basket([line("700", "1", "01"), restricted(line("300", "1", "01"))]);
    let post = |discounts: &[kugel_pricing::Discount]| discount_subtotal(&sold, discounts.to_vec(), &yen());
    assert_eq!(post(&[amount("700")]).unwrap().total_amount, money("300"));
    assert_eq!(
        post(&[percent("50"), percent("50")]).unwrap().total_amount,
        money("300")
    );
    check_refused(post(&[amount("701")]), &codes::DISCOUNT_NOT_ALLOCATED);
    check_refused(
        post(&[amount("500"), percent("30")]),
        &codes::DISCOUNT_NOT_ALLOCATED,
    );
    check_refused(
        post(&[amount("600"), amount("500")]),
        &codes::DISCOUNT_EXCEEDS_BALANCE,
    );
    // The balance holds 100 of tax beside; a discount cannot eat it.
    check_refused(post(&[amount("1050")]), &codes::DISCOUNT_EXCEEDS_BALANCE);
}

#[test]
fn a_basket_without_lines_takes_percentages_but_no_amounts() {
    let empty = basket([cancelled(line("700", "1", "01"))]);
    let priced = discount_subtotal(&empty, vec![percent("10")], &yen()).unwrap();
    assert!(priced.total_discount_amount.is_zero() && priced.taxes.is_empty());
    check_refused(
        discount_subtotal(&empty, vec![amount("1")], &yen()),
        &codes::DISCOUNT_EXCEEDS_BALANCE,
    );
    check_refused(pay(&empty, vec![tender("01", "1")], &yen()), &codes::BALANCE_ZERO);
}

#[test]
fn two_halves_of_an_odd_amount_are_the_whole() {
    let priced = discount_subtotal(
        &basket([line("3", "1", "01")]),
        vec![percent("50"), percent("50")],
        &yen(),
    )
    .unwrap();
    assert_eq!(
        texts(priced.subtotal_discounts.iter().map(|found| found.amount)),
        ["2", "1"]
    );
    assert_eq!(priced.reasons, [Reason::SubtotalDiscountReduced { discount: 1 }]);
}

#[test]
fn discounts_shrink_with_what_they_reduce() {
    let mut sold = basket([
        off(line("100", "2", "00"), &[amount("150")]),
        line("500", "1", "00"),
    ]);
    sold.subtotal_discounts = vec![amount("400")];
    assert_eq!(price(&sold, &yen()).unwrap().total_amount, money("150"));
    sold.lines[0].quantity = "1".parse().unwrap();
    sold.lines[1].is_cancelled = true;
    sold.lines.push(line("300", "1", "00"));
    let priced = price(&sold, &yen()).unwrap();
    assert!(priced.total_amount.is_zero());
    assert_eq!(
        priced.reasons,
        [
            Reason::LineDiscountReduced { line: 0, discount: 0 },
            Reason::SubtotalDiscountReduced { discount: 0 }
        ]
    );
    assert_eq!(
        texts(priced.lines.iter().map(|line| line.allocated[0])),
        ["0", "0", "300"]
    );
}

#[test]
fn promotions_follow_the_hour_before_and_after_a_payment() {
    let at = |rate: &str| Some(vec![promotion("P", rate, &["10"])]);
    let mut sold = basket([category(line("1000", "1", "00"), "10")]);
    let total = |sold: &Basket| price(sold, &yen()).unwrap().total_amount.to_string();
    sold.promotions = at("10");
    let priced = price(&sold, &yen()).unwrap();
    sold = adopted(sold, &priced);
    assert_eq!(total(&sold), "900");
    sold.promotions = at("30");
    assert_eq!(total(&sold), "700", "a better one is exchanged");
    sold.promotions = None;
    assert_eq!(total(&sold), "900", "unknown promotions leave the line as it is");
    sold.promotions = Some(Vec::new());
    assert_eq!(total(&sold), "1000", "an expired one goes");
    sold.promotions = at("20");
    let paid = pay(&sold, vec![tender("11", "800")], &yen()).unwrap();
    sold = adopted(sold, &paid);
    sold.promotions = None;
    assert_eq!(total(&sold), "800");
    sold.promotions = at("20");
    sold.lines.push(category(line("500", "1", "00"), "10"));
    assert_eq!(total(&sold), "1200", "a line after a payment gets them too");
    let by_hand = discount_line(&sold, 0, vec![amount("100")], &yen()).unwrap();
    assert_eq!(
        texts(by_hand.lines[0].discounts.iter().map(|found| found.amount)),
        ["100", "200"]
    );
}

#[test]
fn promotions_skip_what_is_not_theirs() {
    let mut sold = basket([
        line("100", "1", "00"),
        category(line("100", "1", "00"), "99"),
        cancelled(category(line("100", "1", "00"), "10")),
        restricted(category(line("100", "1", "00"), "10")),
    ]);
    let mut other = promotion("Q", "50", &["10", "99"]);
    other.promotion_type = "bundle".to_owned();
    sold.promotions = Some(vec![other, promotion("P", "10", &["10"])]);
    let priced = price(&sold, &yen()).unwrap();
    assert!(priced.total_discount_amount.is_zero());
    let refused = Reason::PromotionRefused {
        line: 3,
        promotion_code: "P".to_owned(),
    };
    assert_eq!(priced.reasons, [refused]);
}

#[test]
fn each_line_bears_its_part_of_the_tax() {
    let sold = basket([
        line("5", "1", "01"),
        line("6", "1", "01"),
        line("110", "1", "02"),
        cancelled(line("9", "1", "01")),
    ]);
    let priced = price(&sold, &yen()).unwrap();
    assert_eq!(
        texts(priced.lines.iter().map(|line| line.tax_amount)),
        ["0", "1", "10", "0"]
    );
}
