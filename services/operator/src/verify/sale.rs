//! A transaction by itself: its lines are the total, taxes follow their rules, payments are the total and what cash is rounded
//! by, and all of it can be paid.

use std::collections::{BTreeMap, BTreeSet};

use kugel_proto::cart::v1::{LineItem, Tax as LoggedTax, TransactionLog, TransactionSales};
use kugel_proto::master_data::v1::tax_service_client::TaxServiceClient;
use kugel_proto::master_data::v1::{ListTaxesRequest, Tax};
use kugel_rpc::Client as _;
use kugel_types::{Currency, InvalidId, PaymentKind, RoundMethod, TaxType, TransactionType};
use rust_decimal::Decimal;

use super::{Break, Inspector, decimal, equal, is_cancelled, kind, name, sum};

/// The tax rules of a tenant, by code.
pub(super) async fn rules(inspector: &Inspector<'_>) -> anyhow::Result<BTreeMap<String, Tax>> {
    let mut client = TaxServiceClient::over(inspector.channel("master-data"));
    let message = ListTaxesRequest {
        tenant_id: inspector.tenant_id(),
        ..Default::default()
    };
    let taxes = client
        .list_taxes(inspector.request(message))
        .await?
        .into_inner()
        .taxes;
    Ok(taxes.into_iter().map(|tax| (tax.tax_code.clone(), tax)).collect())
}

/// Checks a transaction.
pub(super) fn check_one(log: &TransactionLog, rules: &BTreeMap<String, Tax>) -> Result<(), Break> {
    let record = || name(log);
    let none = TransactionSales::default();
    let sales = log.sales.as_ref().unwrap_or(&none);
    let currency = currency(log)?;
    let minor_unit = currency.minor_unit().decimal();
    let lines: Vec<_> = log.line_items.iter().filter(|line| !line.is_cancelled).collect();
    for line in &lines {
        let gross = decimal(line.unit_price.as_ref()).zip(decimal(line.quantity.as_ref()));
        let discounts = sum(line.discounts.iter().map(|one| one.discount_amount.as_ref()));
        let amount = decimal(line.amount.as_ref())
            .zip(discounts)
            .and_then(|(amount, less)| amount.checked_add(less));
        let exact = gross.and_then(|(price, quantity)| price.checked_mul(quantity));
        // A line is rounded once, by a rule that the log does not tell.
        if !is_near(amount, exact, minor_unit) {
            let line = || format!("{} line {}", record(), line.line_no);
            return equal(line, "amount + discounts = price x quantity", amount, exact);
        }
    }
    check_payable(log, currency)?;
    let subtotal_discounts = sum(log
        .subtotal_discounts
        .iter()
        .map(|one| one.discount_amount.as_ref()));
    let total = decimal(sales.total_amount.as_ref());
    let of_lines = sum(lines.iter().map(|line| line.amount.as_ref()));
    let less = of_lines
        .zip(subtotal_discounts)
        .map(|(lines, discounts)| lines - discounts);
    equal(record, "lines - subtotal discounts = total", less, total)?;
    let allocated = sum(lines
        .iter()
        .flat_map(|line| &line.discounts_allocated)
        .map(|one| one.discount_amount.as_ref()));
    equal(
        record,
        "allocations = subtotal discounts",
        allocated,
        subtotal_discounts,
    )?;
    let quantity = sum(lines.iter().map(|line| line.quantity.as_ref()));
    equal(
        record,
        "lines' quantities = total quantity",
        quantity,
        decimal(sales.total_quantity.as_ref()),
    )?;
    check_taxes(log, sales, &lines, rules)?;
    let tax = decimal(sales.tax_amount.as_ref());
    let with_tax = decimal(sales.total_amount_with_tax.as_ref());
    equal(
        record,
        "total + external tax = total with tax",
        total.zip(tax).map(|(total, tax)| total + tax),
        with_tax,
    )?;
    check_tenders(log, sales, with_tax)
}

fn currency(log: &TransactionLog) -> Result<Currency, Break> {
    log.currency_code.parse().map_err(|error: InvalidId| Break {
        record: name(log),
        equation: error.to_string(),
    })
}

/// True if an amount can be the exact one after a rounding.
fn is_near(amount: Option<Decimal>, exact: Option<Decimal>, minor_unit: Decimal) -> bool {
    amount
        .zip(exact)
        .is_some_and(|(amount, exact)| (amount - exact).abs() < minor_unit)
}

fn check_payable(log: &TransactionLog, currency: Currency) -> Result<(), Break> {
    match log.unpayable(currency).first() {
        None => Ok(()),
        Some(field) => Err(Break {
            record: name(log),
            equation: format!("{field} cannot be paid in coins"),
        }),
    }
}

fn check_taxes(
    log: &TransactionLog,
    sales: &TransactionSales,
    lines: &[&LineItem],
    rules: &BTreeMap<String, Tax>,
) -> Result<(), Break> {
    for tax in &log.taxes {
        let record = || format!("{} tax {}", name(log), tax.tax_code);
        let own = || lines.iter().filter(|line| line.tax_code == tax.tax_code);
        let amounts = sum(own().map(|line| line.amount.as_ref()));
        let allocated = sum(own()
            .flat_map(|line| &line.discounts_allocated)
            .map(|one| one.discount_amount.as_ref()));
        let target = amounts
            .zip(allocated)
            .map(|(amounts, allocated)| amounts - allocated);
        equal(
            record,
            "taxed lines = target",
            target,
            decimal(tax.target_amount.as_ref()),
        )?;
    }
    check_rules(log, rules)?;
    let external = log
        .taxes
        .iter()
        .filter(|tax| tax.tax_type == TaxType::External.name())
        .map(|tax| tax.tax_amount.as_ref());
    equal(
        || name(log),
        "external taxes = tax amount",
        sum(external),
        decimal(sales.tax_amount.as_ref()),
    )
}

/// A rule that was changed after the sale says nothing about it; nor does today's rule about the sale it reverses.
fn is_newer(rule: &Tax, log: &TransactionLog) -> bool {
    let origin = log
        .origin
        .as_ref()
        .map(|origin| origin.generate_date_time.as_str());
    let sold = origin.unwrap_or(&log.generate_date_time).replace('T', " ");
    let changed = rule
        .last_update_datetime
        .as_deref()
        .or(rule.entry_datetime.as_deref());
    changed.is_some_and(|changed| changed >= sold.get(..19).unwrap_or(&sold))
}

/// Checks the taxes by their rules, together where they are of one type and rate: such are rounded once for each rounding
/// rule.
fn check_rules(log: &TransactionLog, rules: &BTreeMap<String, Tax>) -> Result<(), Break> {
    let mut kinds: BTreeMap<(TaxType, Decimal), Vec<(&Tax, &LoggedTax)>> = BTreeMap::new();
    let mut forgotten = BTreeSet::new();
    for tax in &log.taxes {
        let Some(rule) = rules.get(&tax.tax_code).filter(|rule| !is_newer(rule, log)) else {
            // Nobody knows any more how it was rounded, nor those with it. The log of an earlier build tells no rate.
            match tax.kind().ok().zip(decimal(tax.rate.as_ref())) {
                Some(kind) => forgotten.insert(kind),
                None => return Ok(()),
            };
            continue;
        };
        let kind = rule.tax_type.parse().ok().zip(decimal(rule.rate.as_ref()));
        let Some((kind, rate)) = kind else {
            let record = || format!("{} tax {}", name(log), tax.tax_code);
            return equal(record, "tax by its rule", decimal(tax.tax_amount.as_ref()), None);
        };
        kinds.entry((kind, rate)).or_default().push((rule, tax));
    }
    let minor_unit = currency(log)?.minor_unit().decimal();
    kinds.retain(|kind, _| !forgotten.contains(kind));
    for ((kind, rate), taxes) in kinds {
        let codes: Vec<_> = taxes.iter().map(|(_, tax)| tax.tax_code.as_str()).collect();
        let amount = sum(taxes.iter().map(|(_, tax)| tax.tax_amount.as_ref()));
        let target = sum(taxes.iter().map(|(_, tax)| tax.target_amount.as_ref()));
        let exact = target.and_then(|target| exact_tax(kind, rate, target));
        let methods: BTreeSet<_> = taxes
            .iter()
            .map(|(rule, _)| rule.round_method.as_deref())
            .collect();
        let holds = match methods.first().copied().flatten().map(str::parse::<RoundMethod>) {
            Some(Ok(method)) if methods.len() == 1 => {
                amount == exact.map(|exact| method.apply(exact, minor_unit.scale()))
            }
            // Rules without a method follow a setting: that the tax is rounded is all that can be said.
            _ => is_near(amount, exact, minor_unit * Decimal::from(methods.len())),
        };
        if !holds {
            let record = || format!("{} tax {}", name(log), codes.join(" and "));
            return equal(record, "tax by its rule", amount, exact);
        }
    }
    Ok(())
}

fn exact_tax(kind: TaxType, rate: Decimal, target: Decimal) -> Option<Decimal> {
    let hundred = Decimal::ONE_HUNDRED;
    match kind {
        TaxType::External => target.checked_mul(rate)?.checked_div(hundred),
        TaxType::Internal => target.checked_mul(rate)?.checked_div(hundred.checked_add(rate)?),
        TaxType::Exempt => Some(Decimal::ZERO),
    }
}

fn check_tenders(
    log: &TransactionLog,
    sales: &TransactionSales,
    total: Option<Decimal>,
) -> Result<(), Break> {
    let record = || name(log);
    let paid = sum(log.payments.iter().map(|one| one.amount.as_ref()));
    // A cancelled cart keeps what was tendered so far, for handing back: it need not reach the total.
    if !is_cancelled(log) {
        let rounding = decimal(sales.rounding_amount.as_ref()).unwrap_or_default();
        let due = total.and_then(|total| total.checked_add(rounding));
        equal(record, "payments = total with tax + rounding", paid, due)?;
    }
    if kind(log)? != TransactionType::Sale {
        return Ok(());
    }
    for payment in &log.payments {
        let record = || format!("{} payment {}", record(), payment.payment_no);
        let given = decimal(payment.deposit_amount.as_ref());
        let kept = sum([payment.amount.as_ref(), payment.change_amount.as_ref()]);
        // What a voucher is worth beyond what is due may be forfeited.
        let is_forfeited = kept < given && payment.kind().is_ok_and(|kind| kind != PaymentKind::Cash);
        if !is_forfeited {
            equal(record, "tender = amount + change", given, kept)?;
        }
    }
    equal(
        record,
        "change = that of the payments",
        decimal(sales.change_amount.as_ref()),
        sum(log.payments.iter().map(|one| one.change_amount.as_ref())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tax_is_what_its_rules_say() {
        let wire = |number: &str| Some(number.parse::<Decimal>().unwrap().into());
        let check = |method: Option<&str>, taxes: &[(&str, &str)]| {
            let rule = Tax {
                tax_type: "External".to_owned(),
                rate: wire("8"),
                round_method: method.map(str::to_owned),
                ..Tax::default()
            };
            let code = |number: usize| format!("{number:02}");
            let taxes: Vec<_> = taxes.iter().enumerate().collect();
            let log = TransactionLog {
                currency_code: "JPY".to_owned(),
                taxes: taxes
                    .iter()
                    .map(|(number, (target, amount))| LoggedTax {
                        tax_code: code(*number),
                        target_amount: wire(target),
                        tax_amount: wire(amount),
                        ..LoggedTax::default()
                    })
                    .collect(),
                ..TransactionLog::default()
            };
            let rules = taxes.iter().map(|(number, _)| (code(*number), rule.clone()));
            check_rules(&log, &rules.collect()).is_ok()
        };
        assert!(check(Some("Floor"), &[("199", "15")]));
        assert!(!check(Some("Floor"), &[("199", "16")]));
        assert!(check(None, &[("199", "15")]) && check(None, &[("199", "16")]));
        assert!(!check(None, &[("199", "17")]));
        // 10 and 10 are 20, of which 1.6 are tax: 2 in one rounding, though each for itself has 0.8.
        assert!(check(Some("Floor"), &[("10", "1"), ("10", "0")]));
        assert!(!check(Some("Floor"), &[("10", "0"), ("10", "0")]));
        assert!(!check(Some("Floor"), &[("10", "1"), ("10", "1")]));
    }

    #[test]
    fn a_rule_that_is_forgotten_hides_only_what_was_rounded_with_it() {
        let wire = |number: &str| Some(number.parse::<Decimal>().unwrap().into());
        let tax = |code: &str, rate: &str, amount: &str| LoggedTax {
            tax_code: code.to_owned(),
            tax_type: "External".to_owned(),
            rate: wire(rate),
            target_amount: wire("100"),
            tax_amount: wire(amount),
            ..LoggedTax::default()
        };
        let rule = Tax {
            tax_type: "External".to_owned(),
            rate: wire("10"),
            round_method: Some("Floor".to_owned()),
            ..Tax::default()
        };
        let rules = BTreeMap::from([("01".to_owned(), rule)]);
        let check = |forgotten: &str, amount: &str| {
            let log = TransactionLog {
                currency_code: "JPY".to_owned(),
                taxes: vec![tax("01", "10", amount), tax("99", forgotten, "77")],
                ..TransactionLog::default()
            };
            check_rules(&log, &rules).is_ok()
        };
        assert!(check("8", "10") && !check("8", "11"));
        assert!(check("10.0", "11"), "77 and 11 may have been rounded together");
    }

    #[test]
    fn a_tax_that_cannot_be_read_is_no_number() {
        let rule = Tax {
            tax_type: "Included".to_owned(),
            ..Tax::default()
        };
        let log = TransactionLog {
            taxes: vec![LoggedTax::default()],
            ..TransactionLog::default()
        };
        assert!(check_rules(&log, &BTreeMap::from([(String::new(), rule)])).is_err());
        assert_eq!(exact_tax(TaxType::External, Decimal::MAX, Decimal::MAX), None);
    }
}
