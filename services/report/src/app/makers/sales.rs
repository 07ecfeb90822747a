//! The sales report: what was sold, returned, taxed and paid, and what should be in the drawer.

use kugel_proto::report::v1::{CashMovement, CashTotal, PaymentTotal, Report, SalesFigure, TaxTotal};

use super::{Material, Needs, Paper, ReportMaker};
use crate::domain::query::ReportScope;
use crate::domain::totals::{Figure, Movements, PaymentTotals, TaxTotals, Totals};

/// `sales`.
#[derive(Debug)]
pub struct SalesReportMaker;

impl ReportMaker for SalesReportMaker {
    fn report_type(&self) -> &'static str {
        "sales"
    }
    fn needs(&self) -> Needs {
        Needs::Sums
    }
    fn title(&self, scope: ReportScope) -> String {
        format!("【 売 上 レ ポ ー ト ( {} ) 】", scope.title())
    }
    fn make(&self, material: &Material<'_>, report: &mut Report, paper: &mut Paper) {
        let totals = material.totals;
        report.sales_gross = Some(figure(totals.sales));
        report.sales_net = Some(figure(totals.net()));
        report.discount_for_lineitems = Some(figure(totals.line_discounts));
        report.discount_for_subtotal = Some(figure(totals.subtotal_discounts));
        report.returns = Some(figure(totals.returns));
        report.taxes = totals
            .taxes
            .iter()
            .map(|(code, totals)| tax(code, totals))
            .collect();
        report.payments = totals
            .payments
            .iter()
            .map(|(code, totals)| payment(code, totals))
            .collect();
        report.rounding_amount = Some(totals.rounding.into());
        report.cash = Some(cash(totals));
        print(totals, paper);
    }
}

fn figure(figure: Figure) -> SalesFigure {
    SalesFigure {
        amount: Some(figure.amount.into()),
        quantity: Some(figure.quantity.into()),
        count: figure.count,
    }
}

fn tax(code: &str, totals: &TaxTotals) -> TaxTotal {
    TaxTotal {
        tax_name: totals.name.as_str().to_owned(),
        tax_amount: Some(totals.amount.into()),
        target_amount: Some(totals.target.into()),
        target_quantity: Some(totals.quantity.into()),
        tax_code: code.to_owned(),
        tax_type: totals.kind.as_str().to_owned(),
    }
}

fn payment(code: &str, totals: &PaymentTotals) -> PaymentTotal {
    PaymentTotal {
        payment_name: super::payment::name(code, totals),
        amount: Some(totals.amount.into()),
        count: totals.entries,
        payment_code: code.to_owned(),
    }
}

fn cash(totals: &Totals) -> CashTotal {
    let movement = |movements: Movements| CashMovement {
        amount: Some(movements.amount.into()),
        count: movements.count,
    };
    let counts = &totals.counts;
    CashTotal {
        logical_amount: Some(totals.expected_cash().into()),
        physical_amount: counts.known(counts.cash).map(Into::into),
        difference_amount: counts.known(counts.over_short).map(Into::into),
        uncounted_count: counts.uncounted,
        cash_in: Some(movement(totals.cash_in)),
        cash_out: Some(movement(totals.cash_out)),
    }
}

fn print(totals: &Totals, paper: &mut Paper) {
    paper.section("売 上 合 計");
    let with_pieces = |paper: &mut Paper, label: &str, figure: Figure| {
        paper.counted(label, figure.count, figure.amount);
        paper.pieces_below(figure.quantity);
    };
    with_pieces(paper, " 総売上", totals.sales);
    with_pieces(paper, " 返品", totals.returns);
    with_pieces(paper, " 明細値引", totals.line_discounts);
    with_pieces(paper, " 小計値引", totals.subtotal_discounts);
    paper.amount(" 税額", -totals.tax());
    with_pieces(paper, " 純売上", totals.net());
    paper.section("税 額（内訳）");
    for tax in totals.taxes.values() {
        paper.amount(&format!(" {}", tax.name.as_str()), tax.amount);
    }
    paper.section("支 払");
    for (code, payment) in &totals.payments {
        paper.amount(
            &format!(" {}", super::payment::name(code, payment)),
            payment.amount,
        );
    }
    if !totals.rounding.is_zero() {
        paper.amount(" 端数調整", totals.rounding);
    }
    paper.section("入出金");
    paper.counted(" 入金", totals.cash_in.count, totals.cash_in.amount);
    paper.counted(" 出金", totals.cash_out.count, totals.cash_out.amount);
    let counts = &totals.counts;
    paper.section("現 金");
    paper.counted_cash(" ドロア内現金", counts.known(counts.cash));
    paper.amount(" あるべき現金", totals.expected_cash());
    paper.counted_cash(" 過不足", counts.known(counts.over_short));
    if counts.uncounted > 0 {
        paper.split(" 未計数の精算", &format!("{}件", counts.uncounted));
    }
    paper.footer();
}
