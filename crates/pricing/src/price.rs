//! The calculation as a whole.

use kugel_error::Error;
use kugel_types::money::Decimal;
use kugel_types::{Money, Overflow, Quantity, TaxType};
use rust_decimal::prelude::ToPrimitive;

use crate::basket::invalid;
use crate::exact::bounded;
use crate::line::COMES_TO_NOTHING;
use crate::{
    Basket, DiscountValue, Line, Policy, Priced, PricedDiscount, PricedLine, PricedTax, Reason, line,
    payment, promotion, subtotal, tax,
};

/// Prices a basket: promotions, lines, subtotal discounts, taxes, totals and payments, in this order.
///
/// Every amount found is whole minor units of the currency. Fails with *invalid input* for figures out of range, for
/// discounts and payments finer than a minor unit and for lines too small to come to anything, with *not found* for a tax code that the policy lacks, and
/// with *balance negative* if payments without change already exceed what the basket comes to.
pub fn price(basket: &Basket, policy: &Policy) -> Result<Priced, Error> {
    basket.check(policy)?;
    let mut reasons = Vec::new();
    let mut lines = price_lines(basket, policy, &mut reasons)?;
    let subtotal_discounts = subtotal::apply(
        &basket.subtotal_discounts,
        &basket.lines,
        &mut lines,
        policy,
        &mut reasons,
    )?;
    let taxes = tax::apply(&basket.lines, &mut lines, policy)?;
    let totals = totals(basket, &lines, &subtotal_discounts, &taxes)?;
    let settlement = payment::settle(&basket.payments, totals.with_tax, policy)?;
    let payments = settlement.payments;
    Ok(Priced {
        lines,
        subtotal_discounts,
        taxes,
        deposit_amount: Money::sum(payments.iter().map(|payment| payment.tender.deposit))?,
        change_amount: Money::sum(payments.iter().map(|payment| payment.change_amount))?,
        payments,
        subtotal_amount: totals.subtotal,
        total_discount_amount: totals.discounts,
        total_amount: totals.amount,
        tax_amount: totals.tax,
        total_amount_with_tax: totals.with_tax,
        total_quantity: totals.quantity,
        item_count: totals.pieces,
        balance_amount: settlement.balance,
        cash_balance_amount: settlement.cash_balance,
        rounding_amount: settlement.rounding,
        reasons,
    })
}

fn price_lines(
    basket: &Basket,
    policy: &Policy,
    reasons: &mut Vec<Reason>,
) -> Result<Vec<PricedLine>, Error> {
    let discounts = promotion::line_discounts(basket, reasons);
    let mut lines = Vec::with_capacity(basket.lines.len());
    for (index, (line, discounts)) in basket.lines.iter().zip(&discounts).enumerate() {
        if line.comes_to_nothing(policy)? {
            return Err(invalid(format!("line_items[{index}].quantity"), COMES_TO_NOTHING));
        }
        let priced = line::price_line(line, discounts, policy)?;
        let reduced = priced
            .discounts
            .iter()
            .enumerate()
            .filter(|(_, found)| is_reduced(found));
        reasons.extend(reduced.map(|(discount, _)| Reason::LineDiscountReduced {
            line: index,
            discount,
        }));
        lines.push(priced);
    }
    Ok(lines)
}

fn is_reduced(found: &PricedDiscount) -> bool {
    matches!(found.discount.value, DiscountValue::Amount(value) if found.amount < value)
}

struct Totals {
    subtotal: Money,
    discounts: Money,
    amount: Money,
    tax: Money,
    with_tax: Money,
    quantity: Quantity,
    pieces: i64,
}

fn totals(
    basket: &Basket,
    lines: &[PricedLine],
    subtotal_discounts: &[PricedDiscount],
    taxes: &[PricedTax],
) -> Result<Totals, Overflow> {
    let counted = || {
        basket
            .lines
            .iter()
            .zip(lines)
            .filter(|(line, _)| !line.is_cancelled)
    };
    let subtotal = Money::sum(counted().map(|(_, priced)| priced.amount))?;
    let off_lines = Money::sum(counted().map(|(_, priced)| priced.discount_amount))?;
    let off_subtotal = Money::sum(subtotal_discounts.iter().map(|found| found.amount))?;
    let amount = subtotal.minus(off_subtotal)?;
    let external = taxes.iter().filter(|tax| tax.tax_type == TaxType::External);
    let tax = Money::sum(external.map(|tax| tax.amount))?;
    Ok(Totals {
        subtotal,
        discounts: off_lines.plus(off_subtotal)?,
        amount,
        tax,
        with_tax: bounded(amount.plus(tax)?)?,
        quantity: Quantity::sum(counted().map(|(line, _)| line.quantity))?,
        pieces: counted()
            .try_fold(0_i64, |sum, (line, _)| sum.checked_add(pieces(line)?))
            .ok_or(Overflow)?,
    })
}

/// Pieces on a line: a weighed quantity is one piece, whatever it weighs.
fn pieces(line: &Line) -> Option<i64> {
    let quantity = line.quantity.decimal();
    if quantity.fract() == Decimal::ZERO {
        quantity.to_i64()
    } else {
        Some(1)
    }
}
