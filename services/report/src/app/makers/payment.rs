//! The payment report: how it was paid, and what part each way of payment has.

use std::cmp::Reverse;

use kugel_proto::report::v1::{PaymentRow, PaymentSum, Report};
use kugel_types::DefaultPayment;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Material, Needs, Paper, ReportMaker};
use crate::domain::query::ReportScope;
use crate::domain::totals::PaymentTotals;

/// `payment`.
#[derive(Debug)]
pub struct PaymentReportMaker;

impl ReportMaker for PaymentReportMaker {
    fn report_type(&self) -> &'static str {
        "payment"
    }
    fn needs(&self) -> Needs {
        Needs::Sums
    }
    fn title(&self, scope: ReportScope) -> String {
        format!("【 決済別レポート ( {} ) 】", scope.title())
    }
    fn make(&self, material: &Material<'_>, report: &mut Report, paper: &mut Paper) {
        let mut payments: Vec<_> = material.totals.payments.iter().collect();
        payments.sort_by_key(|(_, payment)| Reverse(payment.amount));
        let amount: Decimal = payments.iter().map(|(_, payment)| payment.amount).sum();
        let count = payments.iter().map(|(_, payment)| payment.transactions).sum();
        paper.rule();
        for (code, payment) in payments {
            let (name, ratio) = (name(code, payment), ratio(payment.amount, amount));
            paper.left(&name);
            let count = format!("件数: {}件", payment.transactions);
            paper.split(&format!("  {count}"), &format!("構成比: {ratio:.2}%"));
            paper.amount("  金額:", payment.amount);
            paper.blank();
            report.payment_summary.push(PaymentRow {
                payment_code: code.clone(),
                payment_name: name,
                count: payment.transactions,
                amount: Some(payment.amount.into()),
                ratio: Some(ratio.into()),
            });
        }
        paper.section("合 計");
        paper.split("  総件数:", &format!("{count}件"));
        paper.amount("  総金額:", amount);
        paper.blank();
        paper.blank();
        paper.center("*** END ***");
        let amount = Some(amount.into());
        report.total = Some(PaymentSum { count, amount });
    }
}

/// The name of a way of payment: as the sales had it, else the one everybody knows.
pub(super) fn name(code: &str, totals: &PaymentTotals) -> String {
    match (totals.name.as_str(), DefaultPayment::of_code(code)) {
        ("", Some(payment)) => payment.name.to_owned(),
        ("", None) => format!("Payment {code}"),
        (name, _) => name.to_owned(),
    }
}

fn ratio(amount: Decimal, total: Decimal) -> Decimal {
    if total <= Decimal::ZERO {
        return Decimal::ZERO;
    }
    let percent = amount / total * Decimal::ONE_HUNDRED;
    percent.round_dp_with_strategy(2, RoundingStrategy::MidpointNearestEven)
}
