//! Laws that hold for every basket.

use kugel_error::codes;
use kugel_pricing::{Basket, DiscountValue, Policy, Priced, discount_subtotal, pay, price};
use kugel_types::money::Decimal;
use kugel_types::{Money, PaymentKind, RoundMethod, TaxType};
use proptest::prelude::*;

use crate::random::{Offer, any_offers, any_sale};
use crate::support::*;

fn sum(amounts: impl IntoIterator<Item = Money>) -> Money {
    Money::sum(amounts).unwrap()
}

/// Pays with every offer that is accepted.
fn settled(mut basket: Basket, offers: &[Offer], policy: &Policy) -> (Basket, Priced) {
    let mut priced = price(&basket, policy).unwrap();
    for offer in offers {
        if let Ok(paid) = pay(&basket, vec![offer.tender(&priced, policy)], policy) {
            priced = paid;
            basket = adopted(basket, &priced);
        }
    }
    (basket, priced)
}

fn any_paid_sale() -> impl Strategy<Value = (Policy, Basket, Priced)> {
    (any_sale(), any_offers()).prop_map(|((policy, basket), offers)| {
        let (basket, priced) = settled(basket, &offers, &policy);
        (policy, basket, priced)
    })
}

/// Every amount that is owed, paid, given back or taken off.
fn amounts(priced: &Priced) -> impl Iterator<Item = Money> + '_ {
    let lines = priced.lines.iter().flat_map(|line| {
        let discounts = line.discounts.iter().map(|found| found.amount);
        let figures = [
            line.gross_amount,
            line.discount_amount,
            line.amount,
            line.tax_amount,
        ];
        discounts.chain(figures).chain(line.allocated.iter().copied())
    });
    let taxes = priced
        .taxes
        .iter()
        .flat_map(|tax| [tax.amount, tax.target_amount]);
    let payments = priced
        .payments
        .iter()
        .flat_map(|payment| [payment.amount, payment.change_amount]);
    let totals = [
        priced.subtotal_amount,
        priced.total_discount_amount,
        priced.total_amount,
        priced.tax_amount,
        priced.total_amount_with_tax,
        priced.deposit_amount,
        priced.change_amount,
        priced.balance_amount,
        priced.cash_balance_amount,
    ];
    let discounts = priced.subtotal_discounts.iter().map(|found| found.amount);
    lines.chain(taxes).chain(payments).chain(totals).chain(discounts)
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
    fn every_amount_is_whole_minor_units_and_not_negative((policy, _, priced) in any_paid_sale()) {
        for amount in amounts(&priced) {
            prop_assert!(policy.currency.can_pay(amount) && !amount.is_negative(), "{amount} in {priced:?}");
        }
        prop_assert!(policy.currency.can_pay(priced.rounding_amount));
        prop_assert!(priced.lines.iter().all(|line| !line.tax_base().unwrap().is_negative()));
    }

    #[test]
    fn payments_are_the_total_and_what_cash_is_rounded_by((policy, _, priced) in any_paid_sale()) {
        let paid = sum(priced.payments.iter().map(|payment| payment.amount));
        let owed = priced.total_amount_with_tax.plus(priced.rounding_amount).unwrap();
        prop_assert_eq!(paid.plus(priced.balance_amount).unwrap(), owed);
        prop_assert_eq!(priced.cash_balance_amount, priced.balance_amount.in_coins(policy.cash_coin).unwrap());
        let rounding = priced.rounding_amount.decimal().abs();
        prop_assert!(rounding < policy.cash_coin.decimal(), "{priced:?}");
        prop_assert!(rounding.is_zero() || priced.balance_amount.is_zero());
        for payment in &priced.payments {
            let kept = payment.amount.plus(payment.change_amount).unwrap();
            // Cash may be rounded down; what a voucher is too much is forfeited.
            let is_given_back = payment.tender.method.gives_change() || !payment.tender.method.can_deposit_over;
            prop_assert!(kept == payment.tender.deposit || (!is_given_back && kept < payment.tender.deposit));
            if payment.tender.method.kind == PaymentKind::Cash && payment.tender.method.can_change {
                prop_assert_eq!(payment.change_amount.in_coins(policy.cash_coin).unwrap(), payment.change_amount);
            }
        }
    }

    #[test]
    fn what_is_paid_by_what_and_when_changes_no_total((policy, basket, priced) in any_paid_sale()) {
        let mut unpaid = basket.clone();
        unpaid.payments.clear();
        let unpaid = price(&unpaid, &policy).unwrap();
        let goods = |priced: &Priced| {
            (priced.lines.clone(), priced.taxes.clone(), priced.subtotal_discounts.clone(), priced.total_amount_with_tax)
        };
        prop_assert_eq!(goods(&priced), goods(&unpaid), "promotions and taxes do not look at payments");
        let mut reversed = basket;
        reversed.payments.reverse();
        let reversed = price(&reversed, &policy).unwrap();
        prop_assert_eq!(goods(&priced), goods(&reversed));
        prop_assert_eq!(reversed.deposit_amount, priced.deposit_amount);
        if priced.payments.iter().all(|payment| !payment.tender.method.can_deposit_over) {
            prop_assert_eq!(reversed.rounding_amount, priced.rounding_amount);
            prop_assert_eq!(reversed.balance_amount, priced.balance_amount);
        }
    }

    #[test]
    fn a_percentage_is_off_by_half_a_minor_unit_at_most((mut policy, basket) in any_sale()) {
        policy.discount_rounding = RoundMethod::Round;
        let half = policy.currency.minor_unit().decimal() / Decimal::TWO;
        let priced = price(&basket, &policy).unwrap();
        for line in &priced.lines {
            let mut left = line.gross_amount.decimal();
            for found in &line.discounts {
                if let DiscountValue::Percentage(rate) = found.discount.value {
                    let exact = left * rate.decimal() / Decimal::ONE_HUNDRED;
                    prop_assert!((found.amount.decimal() - exact).abs() <= half, "{line:?}");
                    left -= found.amount.decimal();
                }
            }
        }
    }

    #[test]
    fn a_tax_is_rounded_once((policy, basket) in any_sale()) {
        let priced = price(&basket, &policy).unwrap();
        let rule = |code: &str| policy.taxes.iter().find(|rule| rule.code == code).unwrap();
        let key = |code: &str| (rule(code).tax_type, rule(code).rate, rule(code).round_method.unwrap_or(policy.tax_rounding));
        for tax in &priced.taxes {
            let group = || priced.taxes.iter().filter(|other| key(&other.code) == key(&tax.code));
            let target = sum(group().map(|tax| tax.target_amount)).decimal();
            let rate = tax.rate.decimal();
            let exact = match tax.tax_type {
                TaxType::Exempt => Decimal::ZERO,
                TaxType::External => target * rate / Decimal::ONE_HUNDRED,
                TaxType::Internal => target * rate / (Decimal::ONE_HUNDRED + rate),
            };
            let once = key(&tax.code).2.apply(exact, policy.currency.minor_digits());
            prop_assert_eq!(sum(group().map(|tax| tax.amount)).decimal(), once);
        }
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
            let priced = price(basket, &policy).unwrap();
            // So does which of two codes of one rate gets the odd unit.
            (sum(priced.taxes.iter().map(|tax| tax.amount)), priced.total_amount_with_tax)
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
    fn cash_at_once_or_in_parts_gives_the_same_change((policy, basket) in any_sale(), parts in 1_usize..4) {
        let total = price(&basket, &policy).unwrap().total_amount_with_tax;
        let coin = policy.cash_coin.to_string();
        prop_assume!(total > policy.cash_coin);
        let mut tenders = vec![tender("01", &coin); parts];
        tenders.push(tender("01", "900000000"));
        let at_once = vec![tender("01", "900000000")];
        let Ok(in_parts) = pay(&basket, tenders, &policy) else {
            // The first coins may settle a tiny total.
            return Ok(());
        };
        let at_once = pay(&basket, at_once, &policy).unwrap();
        let coins = in_parts.deposit_amount.minus(at_once.deposit_amount).unwrap();
        prop_assert_eq!(in_parts.change_amount.minus(coins).unwrap(), at_once.change_amount);
        prop_assert!(in_parts.balance_amount.is_zero() && at_once.balance_amount.is_zero());
    }

    #[test]
    fn an_accepted_discount_takes_off_what_it_says((policy, mut basket) in any_sale()) {
        let discounts = std::mem::take(&mut basket.subtotal_discounts);
        match discount_subtotal(&basket, discounts, &policy) {
            Ok(priced) => {
                for found in &priced.subtotal_discounts {
                    if let DiscountValue::Amount(value) = found.discount.value {
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
