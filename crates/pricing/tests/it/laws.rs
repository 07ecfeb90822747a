//! Laws that hold for every basket.

use kugel_error::codes;
use kugel_pricing::{Basket, Policy, Priced, Tender, discount_subtotal, pay, price};
use kugel_types::{Money, TaxType};
use proptest::prelude::*;

use crate::random::{any_sale, any_tenders};
use crate::support::*;

fn sum(amounts: impl IntoIterator<Item = Money>) -> Money {
    Money::sum(amounts).unwrap()
}

/// Pays with every tender that is accepted.
fn settled(mut basket: Basket, tenders: &[Tender], policy: &Policy) -> (Basket, Priced) {
    let mut priced = price(&basket, policy).unwrap();
    for tender in tenders {
        if let Ok(paid) = pay(&basket, vec![tender.clone()], policy) {
            priced = paid;
            basket = adopted(basket, &priced);
        }
    }
    (basket, priced)
}

fn any_paid_sale() -> impl Strategy<Value = (Policy, Basket, Priced)> {
    any_sale().prop_flat_map(|(policy, basket)| {
        any_tenders(policy.currency.minor_digits()).prop_map(move |tenders| {
            let (basket, priced) = settled(basket.clone(), &tenders, &policy);
            (policy.clone(), basket, priced)
        })
    })
}

proptest! {
    #[test]
    fn lines_less_discounts_plus_external_tax_are_the_total((policy, basket) in any_sale()) {
        let priced = price(&basket, &policy).unwrap();
        let counted = || basket.lines.iter().zip(&priced.lines).filter(|(line, _)| !line.is_cancelled);
        let gross = sum(counted().map(|(_, line)| line.gross_amount));
        let external = sum(priced.taxes.iter().filter(|tax| tax.tax_type == TaxType::External).map(|tax| tax.amount));
        let total = gross.minus(priced.total_discount_amount).unwrap().plus(external).unwrap();
        prop_assert_eq!(total, priced.total_amount_with_tax);
        let net = sum(counted().map(|(_, line)| line.tax_base().unwrap()));
        prop_assert_eq!(net, priced.total_amount);
        prop_assert_eq!(sum(priced.taxes.iter().map(|tax| tax.target_amount)), priced.total_amount);
    }

    #[test]
    fn shares_add_up((policy, basket) in any_sale()) {
        let priced = price(&basket, &policy).unwrap();
        for (index, discount) in priced.subtotal_discounts.iter().enumerate() {
            prop_assert_eq!(sum(priced.lines.iter().map(|line| line.allocated[index])), discount.amount);
        }
        for (line, found) in basket.lines.iter().zip(&priced.lines) {
            if line.is_cancelled || line.is_discount_restricted {
                prop_assert!(found.allocated.iter().all(|share| share.is_zero()));
            }
        }
        for tax in &priced.taxes {
            let of_code = basket.lines.iter().zip(&priced.lines).filter(|(line, _)| line.tax_code == tax.code);
            prop_assert_eq!(sum(of_code.map(|(_, line)| line.tax_amount)), tax.amount);
        }
    }

    #[test]
    fn nothing_is_negative((_, _, priced) in any_paid_sale()) {
        for line in &priced.lines {
            prop_assert!(!line.amount.is_negative() && !line.tax_base().unwrap().is_negative(), "{line:?}");
            let shares = line.discounts.iter().map(|found| found.amount).chain(line.allocated.iter().copied());
            prop_assert!(shares.chain([line.tax_amount]).all(|share| !share.is_negative()), "{line:?}");
        }
        for figure in [priced.total_amount, priced.tax_amount, priced.balance_amount, priced.change_amount] {
            prop_assert!(!figure.is_negative(), "{priced:?}");
        }
        prop_assert!(priced.payments.iter().all(|payment| payment.amount.is_positive()), "{:?}", priced.payments);
    }

    #[test]
    fn tenders_less_change_and_the_balance_are_the_total((_, _, priced) in any_paid_sale()) {
        let kept = priced.deposit_amount.minus(priced.change_amount).unwrap();
        prop_assert_eq!(kept, sum(priced.payments.iter().map(|payment| payment.amount)));
        prop_assert_eq!(kept.plus(priced.balance_amount).unwrap(), priced.total_amount_with_tax);
        prop_assert!(priced.change_amount.is_zero() || priced.balance_amount.is_zero());
    }

    #[test]
    fn pricing_twice_is_pricing_once((policy, basket, _) in any_paid_sale()) {
        let once = price(&basket, &policy).unwrap();
        prop_assert_eq!(&once, &price(&basket, &policy).unwrap());
        prop_assert_eq!(&once, &price(&adopted(basket, &once), &policy).unwrap());
    }

    #[test]
    fn the_order_of_lines_does_not_matter((policy, mut basket) in any_sale()) {
        let mut figures = Vec::new();
        for _ in 0..2 {
            let priced = price(&basket, &policy).unwrap();
            // Which line gets the odd unit of a shared discount depends on the order, and tax may follow it.
            figures.push((priced.subtotal_amount, priced.total_amount, priced.total_discount_amount));
            basket.lines.reverse();
        }
        prop_assert_eq!(figures[0], figures[1]);
        basket.subtotal_discounts.clear();
        let taxes = |basket: &Basket| {
            let mut taxes = price(basket, &policy).unwrap().taxes;
            taxes.sort_by(|one, other| one.code.cmp(&other.code));
            taxes
        };
        let forward = taxes(&basket);
        basket.lines.reverse();
        prop_assert_eq!(forward, taxes(&basket));
    }

    #[test]
    fn a_cancelled_line_is_as_good_as_none((policy, mut basket) in any_sale()) {
        let with = price(&basket, &policy).unwrap();
        basket.lines.retain(|line| !line.is_cancelled);
        let without = price(&basket, &policy).unwrap();
        prop_assert_eq!(with.taxes, without.taxes);
        prop_assert_eq!(with.total_amount_with_tax, without.total_amount_with_tax);
        prop_assert_eq!(with.subtotal_discounts, without.subtotal_discounts);
        prop_assert_eq!((with.total_quantity, with.item_count), (without.total_quantity, without.item_count));
    }

    #[test]
    fn cash_at_once_or_in_parts_gives_the_same_change((policy, basket) in any_sale(), parts in 1_u32..4) {
        let total = price(&basket, &policy).unwrap().total_amount_with_tax;
        prop_assume!(total.is_positive());
        let mut tenders = vec![tender("01", "0.001"); parts as usize];
        tenders.push(tender("01", "900000000"));
        let at_once = vec![tender("01", "900000000")];
        let Ok(in_parts) = pay(&basket, tenders, &policy) else {
            // The first crumbs may settle a tiny total.
            return Ok(());
        };
        let at_once = pay(&basket, at_once, &policy).unwrap();
        let crumbs = in_parts.deposit_amount.minus(at_once.deposit_amount).unwrap();
        prop_assert_eq!(in_parts.change_amount.minus(crumbs).unwrap(), at_once.change_amount);
        prop_assert!(in_parts.balance_amount.is_zero() && at_once.balance_amount.is_zero());
    }

    #[test]
    fn an_accepted_discount_takes_off_what_it_says((policy, mut basket) in any_sale()) {
        let discounts = std::mem::take(&mut basket.subtotal_discounts);
        match discount_subtotal(&basket, discounts, &policy) {
            Ok(priced) => {
                for found in &priced.subtotal_discounts {
                    if let kugel_pricing::DiscountValue::Amount(value) = found.discount.value {
                        let rounded = !priced.reasons.is_empty();
                        prop_assert!(found.amount == value || rounded, "{found:?}");
                    }
                }
            }
            Err(error) => prop_assert!(
                error.is(&codes::DISCOUNT_EXCEEDS_BALANCE) || error.is(&codes::DISCOUNT_NOT_ALLOCATED),
                "{error}"
            ),
        }
    }
}
