//! The worked examples X14, X15, X17 and X18 of the cart contract, and the rules for tenders around them.

use kugel_error::codes;
use kugel_pricing::{
    Basket, PaymentMethod, Policy, Priced, StampDuty, Tender, discount_subtotal, pay, price, stamp_duty,
};
use kugel_types::{PaymentKind, StampDutyTier};

use crate::support::*;

/// Amount of each payment, change and balance.
#[track_caller]
fn check_paid(priced: &Priced, amounts: &[&str], change: &str, balance: &str) {
    assert_eq!(
        texts(priced.payments.iter().map(|payment| payment.amount)),
        amounts
    );
    assert_eq!(
        texts([priced.change_amount, priced.balance_amount]),
        [change, balance],
        "change and balance"
    );
}

#[test]
fn x14_payments() {
    let basket = basket([line("1480", "2", "01")]);
    let tenders = [tender("11", "1000"), tender("01", "500"), tender("01", "2000")];
    let mut paid = basket.clone();
    for (tender, amounts, change, balance) in [
        (&tenders[0], &["1000"] as &[&str], "0", "2256"),
        (&tenders[1], &["1000", "500"], "0", "1756"),
        (&tenders[2], &["1000", "500", "1756"], "244", "0"),
    ] {
        let priced = pay(&paid, vec![tender.clone()], &yen()).unwrap();
        check_paid(&priced, amounts, change, balance);
        paid = adopted(paid, &priced);
    }
    check_refused(pay(&paid, vec![tender("01", "1")], &yen()), &codes::BALANCE_ZERO);
    let at_once = pay(&basket, tenders.to_vec(), &yen()).unwrap();
    assert_eq!(at_once.deposit_amount, money("3500"));
    assert_eq!(at_once, price(&paid, &yen()).unwrap());
    // [O] In the reference the change of the removed cash stays behind.
    paid.payments.clear();
    check_paid(
        &pay(&paid, vec![tender("11", "3256")], &yen()).unwrap(),
        &["3256"],
        "0",
        "0",
    );
}

#[test]
fn payments_of_one_request_are_all_or_none() {
    let basket = basket([line("1000", "1", "02")]);
    let result = pay(&basket, vec![tender("01", "1000"), tender("11", "1")], &yen());
    check_refused(result, &codes::BALANCE_ZERO);
    assert!(pay(&basket, Vec::new(), &yen()).unwrap().payments.is_empty());
}

/// [O] The reference lets the balance fall to −100 and bills without giving change.
#[test]
fn x15_no_discount_below_what_was_paid() {
    let basket = basket([line("1000", "1", "02")]);
    let paid = adopted(
        basket.clone(),
        &pay(&basket, vec![tender("01", "1000")], &yen()).unwrap(),
    );
    for discount in [percent("10"), amount("1")] {
        check_refused(
            discount_subtotal(&paid, vec![discount], &yen()),
            &codes::DISCOUNT_EXCEEDS_BALANCE,
        );
    }
    let partly = adopted(
        basket.clone(),
        &pay(&basket, vec![tender("01", "400")], &yen()).unwrap(),
    );
    check_refused(
        discount_subtotal(&partly, vec![amount("601")], &yen()),
        &codes::DISCOUNT_EXCEEDS_BALANCE,
    );
    check_paid(
        &discount_subtotal(&partly, vec![amount("600")], &yen()).unwrap(),
        &["400"],
        "0",
        "0",
    );
    assert_eq!(
        discount_subtotal(&paid, vec![percent("0")], &yen())
            .unwrap()
            .balance_amount,
        money("0")
    );
}

#[test]
fn a_discount_lowers_the_tax_too_and_still_may_not_undercut_payments() {
    let basket = basket([line("1000", "1", "01")]);
    let partly = adopted(
        basket.clone(),
        &pay(&basket, vec![tender("01", "550")], &yen()).unwrap(),
    );
    // 550 are open, but a discount of 550 would leave 450 and 45 of tax.
    check_refused(
        discount_subtotal(&partly, vec![amount("550")], &yen()),
        &codes::DISCOUNT_EXCEEDS_BALANCE,
    );
    check_paid(
        &discount_subtotal(&partly, vec![amount("500")], &yen()).unwrap(),
        &["550"],
        "0",
        "0",
    );
}

#[track_caller]
fn check_duty(policy: &Policy, lines: Basket, tenders: Vec<Tender>, expected: Option<(&str, &str)>) {
    let priced = pay(&lines, tenders, policy).unwrap();
    let expected = expected.map(|(target, duty)| StampDuty {
        target_amount: money(target),
        amount: money(duty),
    });
    let tiers = StampDutyTier::table(policy.currency);
    assert_eq!(stamp_duty(&priced, &tiers).unwrap(), expected);
}

#[test]
fn x17_stamp_duty() {
    let internal = || basket([line("60000", "1", "02")]);
    let split = |cash, rest| vec![tender("11", rest), tender("01", cash)];
    check_duty(
        &yen(),
        internal(),
        split("50000", "10000"),
        Some(("50000", "200")),
    );
    check_duty(&yen(), internal(), split("49999", "10001"), None);
    let external = basket([line("50000", "1", "01")]);
    check_duty(
        &yen(),
        external,
        vec![tender("01", "60000")],
        Some(("55000", "200")),
    );
    let million = basket([line("1000000", "1", "01")]);
    check_duty(
        &yen(),
        million,
        vec![tender("01", "1100000")],
        Some(("1100000", "400")),
    );
    let billion = basket([line("1000000000", "1", "00")]);
    check_duty(
        &yen(),
        billion,
        vec![tender("01", "1000000000")],
        Some(("1000000000", "200000")),
    );
    // A Japanese duty: pounds know none.
    check_duty(&policy("GBP"), internal(), split("50000", "10000"), None);
}

/// [O] The reference loses the exact figure and can settle no remainder below one.
#[test]
fn x18_fractional_prices() {
    let basket = basket([line("19.99", "3", "00")]);
    let pounds = policy("GBP");
    check_paid(&price(&basket, &pounds).unwrap(), &[], "0", "59.97");
    let card = pay(&basket, vec![tender("11", "59")], &pounds).unwrap();
    check_paid(&card, &["59"], "0", "0.97");
    let rest = pay(&adopted(basket.clone(), &card), vec![tender("01", "1")], &pounds).unwrap();
    check_paid(&rest, &["59", "0.97"], "0.03", "0");
    check_paid(
        &pay(&basket, vec![tender("01", "60")], &pounds).unwrap(),
        &["59.97"],
        "0.03",
        "0",
    );
}

#[test]
fn only_cash_may_exceed_the_balance() {
    let basket = basket([line("1000", "1", "00")]);
    for code in ["11", "12", "21"] {
        check_refused(
            pay(&basket, vec![tender(code, "1001")], &yen()),
            &codes::DEPOSIT_EXCEEDS_BALANCE,
        );
        check_paid(
            &pay(&basket, vec![tender(code, "1000")], &yen()).unwrap(),
            &["1000"],
            "0",
            "0",
        );
    }
}

#[test]
fn nothing_or_less_is_no_tender() {
    let basket = basket([line("1000", "1", "00")]);
    for deposit in ["0", "-1"] {
        let error = check_refused(
            pay(&basket, vec![tender("01", deposit)], &yen()),
            &codes::INVALID_INPUT,
        );
        assert_eq!(error.fields()[0].field, "payments[0].amount");
    }
}

#[test]
fn the_payment_master_is_honoured() {
    let basket = basket([line("1000", "1", "00")]);
    let with = |change: fn(&mut PaymentMethod), deposit: &str| {
        let mut method = PaymentMethod::new("01", PaymentKind::Cash);
        change(&mut method);
        pay(
            &basket,
            vec![Tender {
                method,
                deposit: money(deposit),
            }],
            &yen(),
        )
    };
    check_refused(
        with(|method| method.is_active = false, "1000"),
        &codes::PAYMENT_METHOD_UNKNOWN,
    );
    check_refused(
        with(|method| method.can_deposit_over = false, "1001"),
        &codes::DEPOSIT_EXCEEDS_BALANCE,
    );
    check_refused(
        with(|method| method.limit_amount = money("999"), "2000"),
        &codes::REQUEST_REFUSED,
    );
    // The limit is for what is settled, not for the note that was handed over.
    check_paid(
        &with(|method| method.limit_amount = money("1000"), "5000").unwrap(),
        &["1000"],
        "4000",
        "0",
    );
}

#[test]
fn change_follows_the_total() {
    let plain = basket([line("600", "1", "00"), line("400", "1", "00")]);
    let mut paid = adopted(
        plain.clone(),
        &pay(&plain, vec![tender("01", "700"), tender("11", "300")], &yen()).unwrap(),
    );
    paid.lines[1].is_cancelled = true;
    check_paid(&price(&paid, &yen()).unwrap(), &["300", "300"], "400", "0");
    paid.lines[0].is_cancelled = true;
    // The card's 300 cannot come back as change.
    check_refused(price(&paid, &yen()), &codes::BALANCE_NEGATIVE);
}
