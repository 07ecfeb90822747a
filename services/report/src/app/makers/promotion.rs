//! The promotion report: what each promotion took off, and of what.

use std::cmp::Reverse;

use kugel_proto::report::v1::{PromotionRow, Report};

use super::rows::{self, Row};
use super::{Material, Needs, Paper, ReportMaker, paper};
use crate::domain::products::ProductFigures;
use crate::domain::query::ReportScope;

/// `promotion`.
#[derive(Debug)]
pub struct PromotionReportMaker;

impl ReportMaker for PromotionReportMaker {
    fn report_type(&self) -> &'static str {
        "promotion"
    }
    fn needs(&self) -> Needs {
        Needs::Sums
    }
    fn title(&self, scope: ReportScope) -> String {
        format!("【販促別売上レポート( {} )】", scope.title())
    }
    fn make(&self, material: &Material<'_>, report: &mut Report, paper: &mut Paper) {
        let promotions = material.groups.promotions.iter();
        let mut all: Vec<Row<'_>> = promotions
            .flat_map(|(code, kinds)| {
                kinds.iter().map(|(kind, figures)| Row {
                    code,
                    name: kind,
                    figures: *figures,
                })
            })
            .collect();
        all.sort_by_key(|row| Reverse(row.figures.discount));
        let total = ProductFigures::sum(all.iter().map(|row| &row.figures));
        paper.rule();
        for row in rows::page(&all, material.query.page) {
            paper.left(row.code);
            paper.sold("  値引", row.figures.quantity, -row.figures.discount);
            report.promotions.push(promotion(row));
        }
        paper.rule();
        paper.split("合計", &paper::pieces(total.quantity));
        paper.summary(total.gross, total.discount, total.net());
        rows::totals(report, &total);
    }
}

fn promotion(row: &Row<'_>) -> PromotionRow {
    PromotionRow {
        promotion_code: row.code.to_owned(),
        promotion_type: row.name.to_owned(),
        gross_amount: Some(row.figures.gross.into()),
        discount_amount: Some(row.figures.discount.into()),
        net_amount: Some(row.figures.net().into()),
        quantity: Some(row.figures.quantity.into()),
        transaction_count: row.figures.transactions,
    }
}
