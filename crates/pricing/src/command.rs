//! Commands: what is checked before a basket is changed.

use kugel_error::{Error, codes};
use kugel_types::{Money, Overflow};

use crate::basket::{Wrong, check_tenders};
use crate::{
    Basket, Discount, DiscountValue, Policy, Priced, Tender, line, payment, price, promotion, subtotal,
};

/// Replaces the discounts by hand of line `index` (from zero) and prices the basket. An empty list removes them.
///
/// The promotion of the line is not part of the list; it is worked out again behind the new discounts.
/// Fails with *discount forbidden* on a restricted line, even for an empty list, and with *discount exceeds line* if
/// the amounts together come to more than the percentages leave.
pub fn discount_line(
    basket: &Basket,
    index: usize,
    discounts: Vec<Discount>,
    policy: &Policy,
) -> Result<Priced, Error> {
    let Some(line) = basket.lines.get(index) else {
        return Err(codes::ITEM_NOT_FOUND.error(format!("there is no line {}", index + 1)));
    };
    if line.is_discount_restricted {
        return Err(codes::DISCOUNT_FORBIDDEN
            .error(format!("the item of line {} may not be discounted", index + 1))
            .with("line_no", index + 1));
    }
    let mut wrong = Wrong::default();
    wrong.discounts(&discounts, "discounts", policy)?;
    wrong.done()?;
    let mut changed = basket.clone();
    let kept = line
        .discounts
        .iter()
        .filter(|discount| discount.promotion.is_some())
        .cloned();
    changed.lines[index].discounts = discounts.into_iter().chain(kept).collect();
    check_line_amounts(&changed, index, policy)?;
    price(&changed, policy)
}

fn check_line_amounts(basket: &Basket, index: usize, policy: &Policy) -> Result<(), Error> {
    let discounts = promotion::line_discounts(basket, &mut Vec::new()).swap_remove(index);
    let amounts = sum_of_amounts(&discounts)?;
    let percentages: Vec<Discount> = discounts
        .into_iter()
        .filter(|discount| matches!(discount.value, DiscountValue::Percentage(_)))
        .collect();
    let left = line::price_line(&basket.lines[index], &percentages, policy)?.amount;
    if amounts > left {
        return Err(codes::DISCOUNT_EXCEEDS_LINE
            .error(format!(
                "discounts of {amounts} exceed the {left} that line {} comes to",
                index + 1
            ))
            .with("line_no", index + 1)
            .with("line_amount", left));
    }
    Ok(())
}

/// Replaces the subtotal discounts and prices the basket. An empty list removes them.
///
/// All discounts together are compared with the basket as it stands without any subtotal discount. They fail with
/// *discount exceeds balance* if they exceed its total or would take it below what has been paid, and with *discount
/// not allocated* if the lines that may be discounted hold too little.
pub fn discount_subtotal(
    basket: &Basket,
    discounts: Vec<Discount>,
    policy: &Policy,
) -> Result<Priced, Error> {
    let mut wrong = Wrong::default();
    wrong.discounts(&discounts, "discounts", policy)?;
    wrong.done()?;
    let mut changed = basket.clone();
    changed.subtotal_discounts = Vec::new();
    let plain = price(&changed, policy)?;
    let base = subtotal::eligible_amount(&basket.lines, &plain.lines)?;
    // Unrounded, so that two halves of an odd amount are a whole and not more than it.
    let asked = asked(&discounts, base)?;
    if asked > plain.subtotal_amount || (asked > plain.balance_amount && asked.is_positive()) {
        return Err(exceeds_balance(asked, &plain));
    }
    if asked > base {
        return Err(codes::DISCOUNT_NOT_ALLOCATED
            .error(format!(
                "discounts of {asked} exceed the {base} of the lines that may be discounted"
            ))
            .with("eligible_amount", base));
    }
    changed.subtotal_discounts = discounts;
    let paid = plain.total_amount_with_tax.minus(plain.balance_amount)?;
    match price(&changed, policy) {
        Ok(priced) if priced.total_amount_with_tax < paid => Err(exceeds_balance(asked, &plain)),
        Err(error) if error.is(&codes::BALANCE_NEGATIVE) => Err(exceeds_balance(asked, &plain)),
        result => result,
    }
}

fn exceeds_balance(asked: Money, plain: &Priced) -> Error {
    codes::DISCOUNT_EXCEEDS_BALANCE
        .error(format!(
            "discounts of {asked} exceed the balance of {}",
            plain.balance_amount
        ))
        .with("balance_amount", plain.balance_amount)
}

fn asked(discounts: &[Discount], base: Money) -> Result<Money, Overflow> {
    let mut sum = sum_of_amounts(discounts)?;
    for discount in discounts {
        if let DiscountValue::Percentage(rate) = discount.value {
            let exact = base.decimal().checked_mul(rate.decimal()).ok_or(Overflow)?;
            sum = sum.plus(Money::from_decimal(
                exact / kugel_types::money::Decimal::ONE_HUNDRED,
            ))?;
        }
    }
    Ok(sum)
}

fn sum_of_amounts(discounts: &[Discount]) -> Result<Money, Overflow> {
    Money::sum(discounts.iter().filter_map(|discount| match discount.value {
        DiscountValue::Amount(value) => Some(value),
        DiscountValue::Percentage(_) => None,
    }))
}

/// Takes payments, in order and all or none, and prices the basket.
///
/// Each is compared with the balance that the ones before it leave. Fails with *balance zero* if nothing remains to be
/// paid, with *invalid input* for cash that is no multiple of the smallest coin, with *deposit exceeds balance* for more
/// than is due by a method that may not be too much, with *payment method unknown* if the
/// method is switched off, and with *request refused* above the method's limit.
pub fn pay(basket: &Basket, tenders: Vec<Tender>, policy: &Policy) -> Result<Priced, Error> {
    check_tenders(&tenders, policy.currency, policy.cash_coin)?;
    let mut changed = basket.clone();
    let mut priced = price(&changed, policy)?;
    for (index, tender) in tenders.into_iter().enumerate() {
        let balance = (priced.balance_amount, priced.cash_balance_amount);
        payment::check(&tender, index, balance)?;
        changed.payments.push(tender);
        priced = price(&changed, policy)?;
        let last = priced.payments.last();
        last.map_or(Ok(()), |payment| payment::check_limit(payment, index))?;
    }
    Ok(priced)
}
