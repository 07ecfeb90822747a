//! Taxes: one rounding for all codes of a receipt that are of one type, rate and rounding rule.
//!
//! A tax is shared by largest remainder: first over the codes, by what each is taxed on, then over the lines of a code.
//! All of it is in whole minor units of the currency; a rule's own decimals count for nothing.

use kugel_error::{Error, codes};
use kugel_types::money::Decimal;
use kugel_types::{Money, Overflow, Quantity, TaxRule, TaxType};

use crate::exact::{allocate, share};
use crate::{Line, Policy, PricedLine, PricedTax};

/// Works out the tax of every code and writes each line's part of it into the line.
pub(crate) fn apply(
    lines: &[Line],
    priced: &mut [PricedLine],
    policy: &Policy,
) -> Result<Vec<PricedTax>, Error> {
    let codes = codes_of(lines, priced, policy)?;
    let mut amounts = vec![Money::ZERO; codes.len()];
    for (first, code) in codes.iter().enumerate() {
        let group: Vec<usize> = (0..codes.len())
            .filter(|other| is_one_tax(code.rule, codes[*other].rule, policy))
            .collect();
        // The first of a group works it out for all.
        if group[0] != first {
            continue;
        }
        let targets: Vec<Money> = group.iter().map(|index| codes[*index].target_amount).collect();
        let whole = tax_on(Money::sum(targets.iter().copied())?, code.rule, policy)?;
        for (index, part) in group
            .iter()
            .zip(allocate(whole, &targets, policy.currency.minor_digits())?)
        {
            amounts[*index] = part;
        }
    }
    codes
        .iter()
        .zip(amounts)
        .map(|(code, amount)| code.taxed(amount, priced, policy))
        .collect()
}

/// A code of the receipt, and what is taxed by it.
struct Code<'a> {
    rule: &'a TaxRule,
    /// For each line what it adds to the target amount.
    bases: Vec<Money>,
    /// The lines.
    places: Vec<usize>,
    target_amount: Money,
    target_quantity: Quantity,
}

/// The codes in the order of first appearance.
fn codes_of<'a>(lines: &[Line], priced: &[PricedLine], policy: &'a Policy) -> Result<Vec<Code<'a>>, Error> {
    let mut codes: Vec<Code<'a>> = Vec::new();
    for (place, (line, priced)) in lines.iter().zip(priced).enumerate() {
        if line.is_cancelled {
            continue;
        }
        let known = codes.iter().position(|code| code.rule.code == line.tax_code);
        let index = match known {
            Some(index) => index,
            None => {
                codes.push(Code {
                    rule: rule(&line.tax_code, policy)?,
                    bases: Vec::new(),
                    places: Vec::new(),
                    target_amount: Money::ZERO,
                    target_quantity: Quantity::ZERO,
                });
                codes.len() - 1
            }
        };
        let (code, base) = (&mut codes[index], priced.tax_base()?);
        code.bases.push(base);
        code.places.push(place);
        code.target_amount = code.target_amount.plus(base)?;
        code.target_quantity = code.target_quantity.plus(line.quantity)?;
    }
    Ok(codes)
}

fn rule<'a>(code: &str, policy: &'a Policy) -> Result<&'a TaxRule, Error> {
    policy.tax(code).ok_or_else(|| {
        codes::NOT_FOUND
            .error(format!("tax code {code:?} is not in the tax table"))
            .with("tax_code", code)
    })
}

fn is_one_tax(one: &TaxRule, other: &TaxRule, policy: &Policy) -> bool {
    let key = |rule: &TaxRule| (rule.tax_type, rule.rate, policy.tax_method(rule));
    key(one) == key(other)
}

fn tax_on(target: Money, rule: &TaxRule, policy: &Policy) -> Result<Money, Overflow> {
    let whole = match rule.tax_type {
        TaxType::Exempt => return Ok(Money::ZERO),
        TaxType::External => Decimal::ONE_HUNDRED,
        TaxType::Internal => Decimal::ONE_HUNDRED
            .checked_add(rule.rate.decimal())
            .ok_or(Overflow)?,
    };
    let digits = policy.currency.minor_digits();
    share(target, rule.rate, whole, digits, policy.tax_method(rule))
}

impl Code<'_> {
    /// Shares the code's tax over its lines.
    fn taxed(&self, amount: Money, priced: &mut [PricedLine], policy: &Policy) -> Result<PricedTax, Error> {
        let parts = allocate(amount, &self.bases, policy.currency.minor_digits())?;
        for (place, part) in self.places.iter().zip(parts) {
            priced[*place].tax_amount = part;
        }
        Ok(PricedTax {
            code: self.rule.code.clone(),
            tax_type: self.rule.tax_type,
            name: self.rule.name.clone(),
            rate: self.rule.rate,
            amount,
            target_amount: self.target_amount,
            target_quantity: self.target_quantity,
        })
    }
}
