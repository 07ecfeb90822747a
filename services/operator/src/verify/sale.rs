//! A transaction by itself: lines = total, tax, tenders − change = total.

use std::collections::BTreeMap;

use kugel_proto::cart::v1::{LineItem, TransactionLog, TransactionSales};
use kugel_proto::master_data::v1::tax_service_client::TaxServiceClient;
use kugel_proto::master_data::v1::{ListTaxesRequest, Tax};
use kugel_rpc::Client as _;
use kugel_types::{Currency, RoundMethod, TaxType, TransactionType};
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
    let lines: Vec<_> = log.line_items.iter().filter(|line| !line.is_cancelled).collect();
    for line in &lines {
        let gross = decimal(line.unit_price.as_ref()).zip(decimal(line.quantity.as_ref()));
        let discounts = sum(line.discounts.iter().map(|one| one.discount_amount.as_ref()));
        // A weighed line is rounded, to the finer of the currency's and the price's digits: it may differ by less than
        // one such digit.
        let amount = decimal(line.amount.as_ref())
            .zip(discounts)
            .and_then(|(amount, less)| amount.checked_add(less));
        let exact = gross.and_then(|(price, quantity)| price.checked_mul(quantity));
        if !amount
            .zip(exact)
            .is_some_and(|(amount, exact)| is_rounding_of(amount, exact))
        {
            let line = || format!("{} line {}", record(), line.line_no);
            return equal(line, "amount + discounts = price x quantity", amount, exact);
        }
    }
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

fn is_rounding_of(amount: Decimal, exact: Decimal) -> bool {
    amount == exact || (amount - exact).abs() < Decimal::new(1, amount.scale())
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
        if let Some(rule) = rules.get(&tax.tax_code).filter(|rule| !is_newer(rule, log)) {
            let expected = target.and_then(|target| recomputed(rule, target, &log.currency_code));
            equal(
                record,
                "tax by its rule",
                decimal(tax.tax_amount.as_ref()),
                expected,
            )?;
        }
    }
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

fn recomputed(rule: &Tax, target: Decimal, currency: &str) -> Option<Decimal> {
    let hundred = Decimal::ONE_HUNDRED;
    let rate = decimal(rule.rate.as_ref())?;
    let exact = match rule.tax_type.parse().ok()? {
        TaxType::External => target * rate / hundred,
        TaxType::Internal => target * rate / (hundred + rate),
        TaxType::Exempt => return Some(Decimal::ZERO),
    };
    let minor = currency.parse::<Currency>().ok()?.minor_digits();
    let digits = u32::try_from(rule.round_digit).unwrap_or(0).max(minor);
    match rule.round_method.as_deref() {
        Some(name) => Some(name.parse::<RoundMethod>().ok()?.apply(exact, digits)),
        None => Some(exact),
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
        equal(record, "payments = total with tax", paid, total)?;
    }
    if kind(log)? == TransactionType::Sale {
        let tendered = sum(log.payments.iter().map(|one| one.deposit_amount.as_ref()));
        let change = decimal(sales.change_amount.as_ref());
        let kept = tendered.zip(change).map(|(tendered, change)| tendered - change);
        equal(record, "tenders - change = payments", kept, paid)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tax_that_cannot_be_read_is_no_number() {
        let rule = |tax_type: &str, method: &str| Tax {
            tax_type: tax_type.to_owned(),
            rate: Some(Decimal::TEN.into()),
            round_method: Some(method.to_owned()),
            ..Tax::default()
        };
        for (tax_type, method, currency, expected) in [
            ("External", "Floor", "JPY", Some("19")),
            ("External", "Floor", "GBP", Some("19.99")),
            ("Internal", "Ceil", "JPY", Some("19")),
            ("Exempt", "Round", "JPY", Some("0")),
            ("Included", "Floor", "JPY", None),
            ("External", "Up", "JPY", None),
            ("External", "Floor", "", None),
        ] {
            let target = Decimal::new(19_999, 2);
            let tax = recomputed(&rule(tax_type, method), target, currency).map(|tax| tax.to_string());
            assert_eq!(tax.as_deref(), expected, "{tax_type} {method} {currency:?}");
        }
    }
}
