//! Money that can be paid: minor units, coins, one rounding of everything, and the flags of payment methods.

use kugel_error::codes;
use kugel_pricing::{
    Discount, PaymentMethod, Policy, Priced, Tender, discount_line, discount_subtotal, pay, price,
};
use kugel_types::{PaymentKind, RoundMethod, TaxRule};

use crate::support::*;

fn with_coin(currency: &str, coin: &str) -> Policy {
    Policy {
        cash_coin: money(coin),
        ..policy(currency)
    }
}

/// A payment by a method that is not cash, with the flags `over` and `change`.
fn by(over: bool, change: bool, deposit: &str) -> Tender {
    Tender {
        method: PaymentMethod {
            can_deposit_over: over,
            can_change: change,
            ..PaymentMethod::new("32", PaymentKind::Other)
        },
        deposit: money(deposit),
    }
}

/// Payments as `amount` or `amount-change`, then what remains and what cash is rounded by.
#[track_caller]
fn check_settled(priced: &Priced, payments: &str, balance: &str, rounding: &str) {
    let each = priced.payments.iter().map(|payment| {
        let [amount, change] =
            [payment.amount, payment.change_amount].map(|figure| figure.decimal().normalize());
        match change.is_zero() {
            true => amount.to_string(),
            false => format!("{amount}-{change}"),
        }
    });
    assert_eq!(each.collect::<Vec<_>>().join(" "), payments, "payments");
    let found = texts([priced.balance_amount, priced.rounding_amount]);
    assert_eq!(found, [balance, rounding], "balance and rounding");
}

#[test]
fn a_line_is_whole_minor_units_and_rounded_once() {
    for (currency, method, unit_price, quantity, expected) in [
        ("JPY", RoundMethod::Round, "19.99", "3", "60"),
        ("JPY", RoundMethod::Floor, "19.99", "3", "59"),
        ("EUR", RoundMethod::Round, "1.0425", "14", "14.6"),
        ("EUR", RoundMethod::Floor, "1.0425", "14", "14.59"),
        ("EUR", RoundMethod::Ceil, "1.0425", "13", "13.56"),
        ("EUR", RoundMethod::Round, "1.749", "41.37", "72.36"),
        ("EUR", RoundMethod::Round, "0.04", "1000", "40"),
        ("GBP", RoundMethod::Round, "0.001", "1000", "1"),
        ("BHD", RoundMethod::Round, "0.0333", "0.5", "0.017"),
    ] {
        let mut policy = policy(currency);
        policy.line_rounding = method;
        let priced = price(&basket([line(unit_price, quantity, "00")]), &policy).unwrap();
        assert_eq!(
            texts([priced.lines[0].amount, priced.balance_amount]),
            [expected; 2],
            "{unit_price} x {quantity}"
        );
    }
}

#[test]
fn a_line_of_a_price_that_comes_to_nothing_is_refused() {
    for (currency, unit_price, quantity) in [
        ("JPY", "298", "0.001"),
        ("JPY", "0.4", "1"),
        ("GBP", "0.001", "4"),
    ] {
        let sold = basket([line("5", "1", "00"), line(unit_price, quantity, "00")]);
        let error = check_refused(price(&sold, &policy(currency)), &codes::INVALID_INPUT);
        assert_eq!(error.fields()[0].field, "line_items[1].quantity");
    }
    for free in [line("0", "0.001", "00"), cancelled(line("298", "0.001", "00"))] {
        assert!(price(&basket([free]), &yen()).is_ok());
    }
}

#[test]
fn a_percentage_off_a_line_is_rounded_once() {
    for (currency, unit_price, quantity, rate, off) in [
        ("EUR", "0.05", "1000", "10", "5"),
        ("EUR", "0.04", "1000", "10", "4"),
        ("JPY", "14", "100", "3", "42"),
        ("JPY", "298", "1.234", "10", "37"),
        ("JPY", "19.99", "3", "100", "60"),
        ("BHD", "0.0049", "1000", "12.5", "0.613"),
    ] {
        let plain = category(line(unit_price, quantity, "00"), "10");
        let by_hand = price(&basket([off_by(&plain, rate)]), &policy(currency)).unwrap();
        let mut promoted = basket([plain]);
        promoted.promotions = Some(vec![promotion("P", rate, &["10"])]);
        let promoted = price(&promoted, &policy(currency)).unwrap();
        for priced in [by_hand, promoted] {
            assert_eq!(
                texts([priced.total_discount_amount]),
                [off],
                "{rate} % of {unit_price} x {quantity}"
            );
        }
    }
}

fn off_by(line: &kugel_pricing::Line, rate: &str) -> kugel_pricing::Line {
    off(line.clone(), &[percent(rate)])
}

#[test]
fn codes_of_one_rate_are_rounded_together() {
    let mut policy = yen();
    let second = TaxRule {
        code: "13".to_owned(),
        rate: "8.0".parse().unwrap(),
        ..policy.taxes[3].clone()
    };
    policy.taxes.push(second);
    // Of 106 yen 8 % are 8.48; of 53 each they would be 4.24 and 4.24.
    let sold = basket([
        line("62", "1", "11"),
        line("38", "1", "13"),
        line("13", "1", "11"),
    ]);
    let priced = price(&sold, &policy).unwrap();
    assert_eq!(texts(priced.taxes.iter().map(|tax| tax.amount)), ["6", "3"]);
    assert_eq!(
        texts(priced.lines.iter().map(|line| line.tax_amount)),
        ["5", "3", "1"]
    );
    // 75 and 38 at 8 % are 6 and 3.04; apart from one another, another rule or another type rounds for itself.
    policy.taxes[5].round_method = Some(RoundMethod::Ceil);
    let priced = price(&sold, &policy).unwrap();
    assert_eq!(texts(priced.taxes.iter().map(|tax| tax.amount)), ["6", "4"]);
    let halves = basket([line("58", "1", "11"), line("55", "1", "13")]);
    policy.taxes[5].round_method = policy.taxes[3].round_method;
    let priced = price(&halves, &policy).unwrap();
    assert_eq!(
        texts(priced.taxes.iter().map(|tax| tax.amount)),
        ["5", "4"],
        "4.64 and 4.4 are 9.04"
    );
}

#[test]
fn a_tax_without_a_rule_of_its_own_is_rounded_by_the_tenants() {
    let mut policy = yen();
    policy.taxes[1].round_method = None;
    policy.taxes[1].round_digit = 2;
    for (method, tax) in [
        (RoundMethod::Round, "2"),
        (RoundMethod::Floor, "1"),
        (RoundMethod::Ceil, "2"),
    ] {
        policy.tax_rounding = method;
        assert_eq!(
            texts([price(&basket([line("19", "1", "01")]), &policy)
                .unwrap()
                .tax_amount]),
            [tax]
        );
    }
}

#[test]
fn what_nobody_can_pay_is_refused() {
    let sold = basket([line("100", "1", "00")]);
    let check = |result, field: &str| {
        let error = check_refused(result, &codes::INVALID_INPUT);
        assert_eq!(error.fields()[0].field, field);
    };
    let fine: fn(&str) -> Vec<Discount> = |value| vec![percent("10"), amount(value)];
    for (policy, fine_amount, fits) in [(yen(), "0.5", "5"), (policy("GBP"), "0.005", "0.05")] {
        check(
            discount_line(&sold, 0, fine(fine_amount), &policy),
            "discounts[1].discount_value",
        );
        check(
            discount_subtotal(&sold, fine(fine_amount), &policy),
            "discounts[1].discount_value",
        );
        assert!(discount_line(&sold, 0, fine(fits), &policy).is_ok());
        for code in ["01", "11"] {
            check(
                pay(
                    &sold,
                    vec![tender(code, fits), tender(code, fine_amount)],
                    &policy,
                ),
                "payments[1].amount",
            );
        }
    }
    check(
        pay(&sold, vec![tender("01", "100.5")], &yen()),
        "payments[0].amount",
    );
    check(
        pay(&sold, vec![tender("11", "0.01")], &yen()),
        "payments[0].amount",
    );
    check(
        pay(&sold, vec![tender("01", "10.02")], &policy("CHF")),
        "payments[0].amount",
    );
    check(
        pay(&sold, vec![tender("01", "0.5")], &policy("SEK")),
        "payments[0].amount",
    );
    assert!(
        pay(&sold, vec![tender("11", "10.02")], &policy("CHF")).is_ok(),
        "a card has no coins"
    );
}

#[test]
fn cash_is_rounded_to_the_coin() {
    for (currency, owed, deposit, payments, rounding) in [
        ("CHF", "9.99", "10", "10", "0.01"),
        ("CHF", "10.02", "10", "10", "-0.02"),
        ("CHF", "10.02", "20", "10-10", "-0.02"),
        ("CHF", "10.03", "20", "10.05-9.95", "0.02"),
        ("SEK", "99.49", "100", "99-1", "-0.49"),
        ("SEK", "99.5", "100", "100", "0.5"),
        ("JPY", "99", "100", "99-1", "0"),
        ("CHF", "0.02", "0", "0", "-0.02"),
        ("CHF", "0.02", "5", "0-5", "-0.02"),
    ] {
        let sold = basket([line(owed, "1", "00")]);
        let paid = pay(&sold, vec![tender("01", deposit)], &policy(currency)).unwrap();
        check_settled(&paid, payments, "0", rounding);
        assert_eq!(paid.total_amount_with_tax, money(owed), "the total stays");
    }
    let sold = basket([line("10.02", "1", "00")]);
    let priced = price(&sold, &policy("CHF")).unwrap();
    assert_eq!(
        texts([priced.balance_amount, priced.cash_balance_amount]),
        ["10.02", "10"]
    );
    check_refused(
        pay(&sold, vec![tender("01", "0")], &policy("CHF")),
        &codes::INVALID_INPUT,
    );
    check_settled(
        &pay(&sold, vec![tender("11", "10.02")], &policy("CHF")).unwrap(),
        "10.02",
        "0",
        "0",
    );
}

#[test]
fn cash_and_cards_together_are_rounded_once() {
    let francs = policy("CHF");
    let sold = basket([line("20.02", "1", "00")]);
    let pays = |tenders: Vec<Tender>| pay(&sold, tenders, &francs).unwrap();
    let card = |deposit| tender("11", deposit);
    let cash = |deposit| tender("01", deposit);
    check_settled(&pays(vec![card("10"), cash("10")]), "10 10", "0", "-0.02");
    check_settled(&pays(vec![cash("10"), card("10")]), "10 10", "0", "-0.02");
    check_settled(&pays(vec![cash("10"), card("10.02")]), "10 10.02", "0", "0");
    check_settled(&pays(vec![cash("5"), cash("20")]), "5 15-5", "0", "-0.02");
    check_settled(&pays(vec![card("20")]), "20", "0.02", "0");
    check_settled(&pays(vec![card("20"), cash("0")]), "20 0", "0", "-0.02");
    check_settled(&pays(vec![card("9.97"), cash("10")]), "9.97 10", "0.05", "0");
    let exact = |deposit| Tender {
        method: PaymentMethod {
            can_deposit_over: false,
            ..PaymentMethod::new("01", PaymentKind::Cash)
        },
        deposit: money(deposit),
    };
    check_settled(&pays(vec![exact("20")]), "20", "0", "-0.02");
    check_settled(
        &pays(vec![card("9.99"), exact("10.05")]),
        "9.99 10.05",
        "0",
        "0.02",
    );
    check_refused(
        pay(&sold, vec![exact("20.05")], &francs),
        &codes::DEPOSIT_EXCEEDS_BALANCE,
    );
}

#[test]
fn a_store_may_take_coarser_coins() {
    let sold = basket([line("10.02", "1", "00")]);
    check_settled(
        &pay(&sold, vec![tender("01", "20")], &policy("EUR")).unwrap(),
        "10.02-9.98",
        "0",
        "0",
    );
    let coarse = with_coin("EUR", "0.05");
    check_settled(
        &pay(&sold, vec![tender("01", "20")], &coarse).unwrap(),
        "10-10",
        "0",
        "-0.02",
    );
}

#[test]
fn the_flags_of_a_method_count_whatever_it_is() {
    let sold = basket([line("40", "1", "00")]);
    let pays = |tenders: Vec<Tender>| pay(&sold, tenders, &yen());
    check_settled(&pays(vec![by(true, true, "50")]).unwrap(), "40-10", "0", "0");
    check_settled(&pays(vec![by(true, false, "50")]).unwrap(), "40", "0", "0");
    for change in [true, false] {
        check_refused(
            pays(vec![by(false, change, "50")]),
            &codes::DEPOSIT_EXCEEDS_BALANCE,
        );
    }
    // What may be too much settles what the others leave, in the order taken.
    check_settled(
        &pays(vec![by(true, true, "30"), by(false, false, "10")]).unwrap(),
        "30 10",
        "0",
        "0",
    );
    check_settled(
        &pays(vec![by(true, false, "30"), tender("01", "50")]).unwrap(),
        "30 10-40",
        "0",
        "0",
    );
    let mut limited = by(true, false, "50");
    for (limit, is_taken) in [("40", true), ("39", false)] {
        limited.method.limit_amount = money(limit);
        match pays(vec![limited.clone()]) {
            Ok(paid) => check_settled(&paid, "40", "0", "0"),
            Err(error) => assert!(!is_taken && error.is(&codes::REQUEST_REFUSED), "{error}"),
        }
    }
}

#[test]
fn change_is_handed_out_in_coins() {
    let sold = basket([line("40.02", "1", "00")]);
    let francs = policy("CHF");
    check_settled(
        &pay(&sold, vec![by(true, true, "50")], &francs).unwrap(),
        "40-10",
        "0",
        "-0.02",
    );
    check_settled(
        &pay(&sold, vec![by(true, true, "40.02")], &francs).unwrap(),
        "40.02",
        "0",
        "0",
    );
    check_settled(
        &pay(&sold, vec![by(true, false, "50")], &francs).unwrap(),
        "40.02",
        "0",
        "0",
    );
    // 10.03 would be 10.05, which is more than was handed over.
    let crumb = basket([line("0.01", "1", "00")]);
    check_settled(
        &pay(&crumb, vec![by(true, true, "10.04")], &francs).unwrap(),
        "0.04-10",
        "0",
        "0.03",
    );
}

#[test]
fn promotions_do_not_look_at_payments() {
    let mut sold = basket([category(line("1000", "1", "00"), "10")]);
    sold.promotions = Some(vec![promotion("P", "10", &["10"])]);
    let paid = pay(&sold, vec![tender("11", "500")], &yen()).unwrap();
    sold = adopted(sold, &paid);
    sold.lines.push(category(line("1000", "1", "00"), "10"));
    let priced = price(&sold, &yen()).unwrap();
    assert_eq!(texts(priced.lines.iter().map(|line| line.amount)), ["900", "900"]);
    check_settled(&priced, "500", "1300", "0");
}
