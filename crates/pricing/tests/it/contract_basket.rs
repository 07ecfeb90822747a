//! The worked examples X1 to X13 and X16 of the cart contract. Where the contract marks a result as a defect, the test
//! states the intended one and says so: percentages off a line are rounded once, not for each unit.

use kugel_error::codes;
use kugel_pricing::{Basket, discount_line, discount_subtotal, price};

use crate::support::*;

fn bases(priced: &kugel_pricing::Priced) -> Vec<String> {
    texts(priced.taxes.iter().map(|tax| tax.target_amount))
}

fn shares(priced: &kugel_pricing::Priced, discount: usize) -> Vec<String> {
    texts(priced.lines.iter().map(|line| line.allocated[discount]))
}

#[test]
fn x1_mixed_taxes() {
    let basket = basket([
        line("298", "3", "01"),
        line("1280", "1", "02"),
        line("158", "2", "11"),
    ]);
    let priced = check(
        &basket,
        &yen(),
        &Expected {
            lines: &["894", "1280", "316"],
            taxes: &["89", "116", "25"],
            total: "2490",
            with_tax: "2604",
            quantity: "6",
            ..Expected::default()
        },
    );
    assert_eq!(priced.tax_amount, money("114"));
    assert_eq!(priced.item_count, 6);
}

#[test]
fn x2_exempt_and_internal_eight_percent() {
    let basket = basket([
        line("640", "2", "01"),
        line("980", "1", "12"),
        line("300", "1", "00"),
    ]);
    check(
        &basket,
        &yen(),
        &Expected {
            lines: &["1280", "980", "300"],
            taxes: &["128", "72", "0"],
            total: "2560",
            with_tax: "2688",
            ..Expected::default()
        },
    );
}

#[test]
fn x3_compound_line_discounts() {
    let discounts = [percent("15"), percent("10"), amount("50")];
    let expected = Expected {
        lines: &["969"],
        taxes: &["96"],
        with_tax: "1065",
        discounts: "363",
        ..Expected::default()
    };
    let priced = check(
        &basket([off(line("333", "4", "01"), &discounts)]),
        &yen(),
        &expected,
    );
    assert_eq!(
        texts(priced.lines[0].discounts.iter().map(|found| found.amount)),
        ["200", "113", "50"]
    );
    // Amounts come after all percentages, wherever they stand.
    let discounts = [amount("50"), percent("15"), percent("10")];
    check(
        &basket([off(line("333", "4", "01"), &discounts)]),
        &yen(),
        &expected,
    );
}

/// [O] The reference rounds for one unit and multiplies by the quantity: 312, 300, 1812.
#[test]
fn x4_percentages_are_rounded_once_for_the_line() {
    for (unit_price, quantity, rate, expected) in [
        ("110", "3", "5", "313"),
        ("105", "3", "5", "299"),
        ("980", "2", "7.5", "1813"),
    ] {
        let basket = basket([off(line(unit_price, quantity, "00"), &[percent(rate)])]);
        assert_eq!(
            price(&basket, &yen()).unwrap().lines[0].amount,
            money(expected),
            "{unit_price} less {rate} %"
        );
    }
}

#[test]
fn x5_subtotal_percentage() {
    let basket = basket([
        off(line("1280", "3", "01"), &[percent("8")]),
        off(line("475", "2", "11"), &[amount("55")]),
        line("2200", "1", "02"),
    ]);
    let lines = &["3533", "895", "2200"];
    check(
        &basket,
        &yen(),
        &Expected {
            lines,
            taxes: &["353", "71", "200"],
            total: "6628",
            with_tax: "7052",
            ..Expected::default()
        },
    );
    let priced = discount_subtotal(&basket, vec![percent("5")], &yen()).unwrap();
    check_priced(
        &priced,
        &Expected {
            lines,
            taxes: &["335", "68", "190"],
            total: "6297",
            with_tax: "6700",
            discounts: "693",
            ..Expected::default()
        },
    );
    assert_eq!(shares(&priced, 0), ["176", "45", "110"]);
    assert_eq!(bases(&priced), ["3357", "850", "2090"]);
    assert_eq!(priced.subtotal_amount, money("6628"));
}

#[test]
fn x6_subtotal_amount() {
    let basket = basket([
        line("980", "1", "01"),
        line("460", "1", "01"),
        line("275", "1", "02"),
    ]);
    let priced = discount_subtotal(&basket, vec![amount("200")], &yen()).unwrap();
    check_priced(
        &priced,
        &Expected {
            lines: &["980", "460", "275"],
            taxes: &["127", "22"],
            total: "1515",
            with_tax: "1642",
            ..Expected::default()
        },
    );
    assert_eq!(shares(&priced, 0), ["114", "54", "32"]);
    assert_eq!(bases(&priced), ["1272", "243"]);
}

#[test]
fn x7_remainder_goes_to_the_first_lines() {
    let priced = discount_subtotal(
        &basket(vec![line("60", "1", "01"); 7]),
        vec![amount("10")],
        &yen(),
    )
    .unwrap();
    check_priced(
        &priced,
        &Expected {
            lines: &["60"; 7],
            taxes: &["41"],
            total: "410",
            with_tax: "451",
            ..Expected::default()
        },
    );
    assert_eq!(shares(&priced, 0), ["2", "2", "2", "1", "1", "1", "1"]);
}

/// [O] The reference allocates 251 of 250 and taxes 2,849.
#[test]
fn x8_allocations_never_exceed_the_discount() {
    let basket = basket([
        line("1000", "1", "01"),
        line("1200", "1", "01"),
        line("900", "1", "01"),
    ]);
    let priced = discount_subtotal(&basket, vec![amount("250")], &yen()).unwrap();
    check_priced(
        &priced,
        &Expected {
            lines: &["1000", "1200", "900"],
            taxes: &["285"],
            total: "2850",
            with_tax: "3135",
            ..Expected::default()
        },
    );
    assert_eq!(shares(&priced, 0), ["81", "97", "72"]);
    assert_eq!(bases(&priced), ["2850"]);
}

/// [O] The reference allocates the last discount only and taxes 1,170.
#[test]
fn x9_every_subtotal_discount_is_allocated() {
    let basket = basket([line("500", "1", "01"), line("400", "2", "01")]);
    let priced = discount_subtotal(&basket, vec![amount("100"), percent("10")], &yen()).unwrap();
    check_priced(
        &priced,
        &Expected {
            lines: &["500", "800"],
            taxes: &["107"],
            total: "1070",
            with_tax: "1177",
            discounts: "230",
            ..Expected::default()
        },
    );
    assert_eq!(shares(&priced, 0), ["38", "62"]);
    assert_eq!(shares(&priced, 1), ["50", "80"]);
    assert_eq!(bases(&priced), ["1070"]);
}

#[test]
fn x10_restricted_lines_take_no_share() {
    let many = basket([line("300", "40", "01"), restricted(line("90", "1", "01"))]);
    let priced = discount_subtotal(&many, vec![percent("10")], &yen()).unwrap();
    check_priced(
        &priced,
        &Expected {
            lines: &["12000", "90"],
            taxes: &["1089"],
            with_tax: "11979",
            ..Expected::default()
        },
    );
    assert_eq!(shares(&priced, 0), ["1200", "0"]);
    // [O] The reference fails here with an index error.
    let few = basket([line("700", "1", "01"), restricted(line("300", "1", "01"))]);
    let priced = discount_subtotal(&few, vec![percent("10")], &yen()).unwrap();
    assert_eq!(shares(&priced, 0), ["70", "0"]);
    assert_eq!(priced.total_amount_with_tax, money("1023"));
}

#[test]
fn x11_cancelled_lines_count_for_nothing() {
    let sold = basket([line("200", "3", "01"), cancelled(line("150", "2", "01"))]);
    check(
        &sold,
        &yen(),
        &Expected {
            lines: &["600", "300"],
            taxes: &["60"],
            total: "600",
            quantity: "3",
            ..Expected::default()
        },
    );
    // [O] The reference takes negative quantities for refunds; there is a return transaction for that.
    let negative = basket([line("200", "3", "01"), line("150", "-1", "01")]);
    let error = check_refused(price(&negative, &yen()), &codes::INVALID_INPUT);
    assert_eq!(error.fields()[0].field, "line_items[1].quantity");
}

/// [O] The reference compares each amount alone with the line and lets it fall to −50.
#[test]
fn x12_amounts_together_may_not_exceed_the_line() {
    let basket = basket([line("200", "1", "01")]);
    let both = discount_line(&basket, 0, vec![amount("150"), amount("100")], &yen());
    check_refused(both, &codes::DISCOUNT_EXCEEDS_LINE);
    let exact = discount_line(&basket, 0, vec![amount("150"), amount("50")], &yen()).unwrap();
    check_priced(
        &exact,
        &Expected {
            lines: &["0"],
            taxes: &["0"],
            with_tax: "0",
            ..Expected::default()
        },
    );
}

fn x13_basket() -> Basket {
    let mut basket = basket([
        category(line("1250", "2", "01"), "10"),
        category(line("333", "3", "11"), "20"),
        restricted(category(line("500", "1", "01"), "10")),
    ]);
    basket.promotions = Some(vec![
        promotion("A", "15", &["10"]),
        promotion("B", "20", &["10"]),
        promotion("C", "20", &["10", "20"]),
    ]);
    basket
}

#[test]
fn x13_promotions() {
    let priced = check(
        &x13_basket(),
        &yen(),
        &Expected {
            lines: &["2000", "799", "500"],
            taxes: &["250", "63"],
            total: "3299",
            with_tax: "3612",
            discounts: "700",
            ..Expected::default()
        },
    );
    let code = |line: usize| {
        let discount = &priced.lines[line].discounts.last()?.discount;
        discount
            .promotion
            .as_ref()
            .map(|promotion| promotion.code.as_str())
    };
    assert_eq!((code(0), code(1), code(2)), (Some("B"), Some("C"), None));
}

#[test]
fn x13_promotions_and_discounts_by_hand() {
    let priced = price(&x13_basket(), &yen()).unwrap();
    let basket = adopted(x13_basket(), &priced);
    let by_hand = discount_line(&basket, 0, vec![percent("10")], &yen()).unwrap();
    check_priced(
        &by_hand,
        &Expected {
            lines: &["1800", "799", "500"],
            taxes: &["230", "63"],
            total: "3099",
            with_tax: "3392",
            ..Expected::default()
        },
    );
    assert_eq!(
        texts(by_hand.lines[0].discounts.iter().map(|found| found.amount)),
        ["250", "450"]
    );

    let by_amount = discount_line(&basket, 0, vec![amount("100")], &yen()).unwrap();
    check_priced(
        &by_amount,
        &Expected {
            lines: &["1900", "799", "500"],
            taxes: &["240", "63"],
            with_tax: "3502",
            ..Expected::default()
        },
    );
    assert_eq!(by_amount.lines[0].discounts[0].discount, amount("100"));
}

/// [O] The reference leaves the old allocation behind and taxes 700.
#[test]
fn x16_clearing_the_discounts_leaves_nothing_behind() {
    let basket = basket([line("1000", "1", "01")]);
    let priced = discount_subtotal(&basket, vec![amount("300")], &yen()).unwrap();
    check_priced(
        &priced,
        &Expected {
            lines: &["1000"],
            taxes: &["70"],
            total: "700",
            with_tax: "770",
            ..Expected::default()
        },
    );
    let cleared = discount_subtotal(&adopted(basket, &priced), Vec::new(), &yen()).unwrap();
    check_priced(
        &cleared,
        &Expected {
            lines: &["1000"],
            taxes: &["100"],
            total: "1000",
            with_tax: "1100",
            ..Expected::default()
        },
    );
}
