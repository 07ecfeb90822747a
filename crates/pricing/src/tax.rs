//! Taxes: lines grouped by code, one rounding for each code.

use kugel_error::{Error, codes};
use kugel_types::money::Decimal;
use kugel_types::{Money, Quantity, RoundMethod, TaxRule, TaxType};

use crate::exact::{allocate, share};
use crate::{Line, Policy, PricedLine, PricedTax};

/// Works out the tax of every code and writes each line's part of it into the line.
pub(crate) fn apply(
    lines: &[Line],
    priced: &mut [PricedLine],
    policy: &Policy,
) -> Result<Vec<PricedTax>, Error> {
    let mut taxes: Vec<PricedTax> = Vec::new();
    for line in lines.iter().filter(|line| !line.is_cancelled) {
        if !taxes.iter().any(|tax| tax.code == line.tax_code) {
            taxes.push(tax_of(rule(&line.tax_code, policy)?, lines, priced, policy)?);
        }
    }
    Ok(taxes)
}

fn rule<'a>(code: &str, policy: &'a Policy) -> Result<&'a TaxRule, Error> {
    policy.tax(code).ok_or_else(|| {
        codes::NOT_FOUND
            .error(format!("tax code {code:?} is not in the tax table"))
            .with("tax_code", code)
    })
}

fn tax_of(
    rule: &TaxRule,
    lines: &[Line],
    priced: &mut [PricedLine],
    policy: &Policy,
) -> Result<PricedTax, Error> {
    let counts = |line: &Line| !line.is_cancelled && line.tax_code == rule.code;
    let mut bases = Vec::with_capacity(lines.len());
    let mut target_quantity = Quantity::ZERO;
    for (line, priced) in lines.iter().zip(priced.iter()) {
        bases.push(if counts(line) {
            priced.tax_base()?
        } else {
            Money::ZERO
        });
        if counts(line) {
            target_quantity = target_quantity.plus(line.quantity)?;
        }
    }
    let target_amount = Money::sum(bases.iter().copied())?;
    let digits = policy.tax_digits(rule);
    let method = rule.round_method.unwrap_or(RoundMethod::Round);
    let amount = match rule.tax_type {
        TaxType::Exempt => Money::ZERO,
        TaxType::External => share(target_amount, rule.rate, Decimal::ONE_HUNDRED, digits, method)?,
        TaxType::Internal => {
            let whole = Decimal::ONE_HUNDRED
                .checked_add(rule.rate.decimal())
                .ok_or(kugel_types::Overflow)?;
            share(target_amount, rule.rate, whole, digits, method)?
        }
    };
    for ((line, priced), part) in lines.iter().zip(priced).zip(allocate(amount, &bases, digits)?) {
        if counts(line) {
            priced.tax_amount = part;
        }
    }
    Ok(PricedTax {
        code: rule.code.clone(),
        tax_type: rule.tax_type,
        name: rule.name.clone(),
        rate: rule.rate,
        amount,
        target_amount,
        target_quantity,
    })
}
