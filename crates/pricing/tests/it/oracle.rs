//! The same sums a second time, written apart from the crate in exact fractions of integers and straight from the rules,
//! and compared figure by figure over random baskets, currencies, coins, tables and tenders.

mod fraction;
mod goods;
mod tenders;

use kugel_pricing::{Basket, Policy, Priced, pay, price};
use kugel_types::Money;
use proptest::prelude::*;

use self::fraction::Fraction;
use self::goods::{Goods, goods, worthless_line};
use self::tenders::{Settled, refusal, settle};
use crate::random::{Offer, any_entry, any_offers};

fn of(amount: Money) -> Fraction {
    Fraction::of(amount.decimal())
}

fn check_goods(priced: &Priced, expected: &Goods) -> Result<(), TestCaseError> {
    let amounts: Vec<_> = priced.lines.iter().map(|line| of(line.amount)).collect();
    prop_assert_eq!(&amounts, &expected.lines);
    let discounts: Vec<_> = priced
        .subtotal_discounts
        .iter()
        .map(|found| of(found.amount))
        .collect();
    prop_assert_eq!(&discounts, &expected.discounts);
    for (index, shares) in expected.shares.iter().enumerate() {
        let found: Vec<_> = priced
            .lines
            .iter()
            .map(|line| of(line.allocated[index]))
            .collect();
        prop_assert_eq!(&found, shares);
    }
    let taxes: Vec<_> = priced
        .taxes
        .iter()
        .map(|tax| (tax.code.clone(), of(tax.amount)))
        .collect();
    prop_assert_eq!(&taxes, &expected.taxes);
    let line_taxes: Vec<_> = priced.lines.iter().map(|line| of(line.tax_amount)).collect();
    prop_assert_eq!(&line_taxes, &expected.line_taxes);
    prop_assert_eq!(of(priced.total_amount), expected.total);
    prop_assert_eq!(of(priced.total_amount_with_tax), expected.total_with_tax);
    Ok(())
}

fn check_settled(priced: &Priced, expected: &Settled) -> Result<(), TestCaseError> {
    let found = Settled {
        payments: priced
            .payments
            .iter()
            .map(|payment| (of(payment.amount), of(payment.change_amount)))
            .collect(),
        balance: of(priced.balance_amount),
        cash_balance: of(priced.cash_balance_amount),
        rounding: of(priced.rounding_amount),
    };
    prop_assert_eq!(&found, expected);
    let change = Fraction::sum(found.payments.iter().map(|payment| payment.1));
    prop_assert_eq!(of(priced.change_amount), change);
    Ok(())
}

/// Prices a basket and pays it with what is offered; both calculations must refuse the same and find the same.
fn agree(policy: &Policy, mut basket: Basket, offers: &[Offer]) -> Result<(), TestCaseError> {
    while let Some(line) = worthless_line(&basket, policy) {
        let error = price(&basket, policy).unwrap_err();
        prop_assert_eq!(&error.fields()[0].field, &format!("line_items[{line}].quantity"));
        basket.lines.remove(line);
    }
    let expected = goods(&basket, policy);
    let mut priced = price(&basket, policy).unwrap();
    check_goods(&priced, &expected)?;
    for offer in offers {
        let tender = offer.tender(&priced, policy);
        let refused = refusal(expected.total_with_tax, &basket.payments, &tender, policy);
        match (pay(&basket, vec![tender.clone()], policy), refused) {
            (Ok(paid), None) => {
                basket.payments.push(tender);
                check_goods(&paid, &expected)?;
                check_settled(&paid, &settle(expected.total_with_tax, &basket.payments, policy))?;
                priced = paid;
            }
            (Err(error), Some(spec)) => prop_assert!(error.is(spec), "{error} is not {}", spec.reason),
            (found, expected) => prop_assert!(false, "{tender:?}: {found:?} instead of {expected:?}"),
        }
    }
    check_settled(
        &priced,
        &settle(expected.total_with_tax, &basket.payments, policy),
    )
}

/// A sample of baskets, or as many as `PROPTEST_CASES` says.
fn cases() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig::with_cases(asked.cases.max(3000))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn two_calculations_agree((policy, basket) in any_entry(), offers in any_offers()) {
        agree(&policy, basket, &offers)?;
    }
}
