//! The category report: what was sold of each group of items.

use kugel_proto::report::v1::{CategoryRow, Report};
use rust_decimal::Decimal;

use super::rows::{self, Row};
use super::{Material, Needs, Paper, ReportMaker};
use crate::domain::products::ProductFigures;
use crate::domain::query::ReportScope;

/// `category`.
#[derive(Debug)]
pub struct CategoryReportMaker;

impl ReportMaker for CategoryReportMaker {
    fn report_type(&self) -> &'static str {
        "category"
    }
    fn needs(&self) -> Needs {
        Needs::CategoryNames
    }
    fn title(&self, scope: ReportScope) -> String {
        format!("【分類別売上レポート( {} )】", scope.title())
    }
    fn make(&self, material: &Material<'_>, report: &mut Report, paper: &mut Paper) {
        let categories = &material.groups.categories;
        let total = ProductFigures::sum(categories.values());
        let mut all: Vec<_> = categories
            .iter()
            .map(|(code, figures)| Row {
                code,
                name: name(material, code),
                figures: *figures,
            })
            .collect();
        rows::sort(&mut all, &material.query.sort);
        paper.rule();
        for row in rows::page(&all, material.query.page) {
            paper.sold(printed(row.name), row.figures.quantity, row.figures.gross);
            print_discount(paper, "  値引", &row.figures);
            report.categories.push(category(row));
        }
        paper.rule();
        paper.sold("合計", total.quantity, total.gross);
        print_discount(paper, "値引", &total);
        paper.summary(total.gross, total.discount, total.net());
        rows::totals(report, &total);
        report.total_discount_quantity = Some(total.discount_quantity.into());
    }
}

fn category(row: &Row<'_>) -> CategoryRow {
    CategoryRow {
        category_code: code(row.code),
        category_name: code(row.name),
        gross_amount: Some(row.figures.gross.into()),
        discount_amount: Some(row.figures.discount.into()),
        net_amount: Some(row.figures.net().into()),
        quantity: Some(row.figures.quantity.into()),
        discount_quantity: Some(row.figures.discount_quantity.into()),
        transaction_count: Some(row.figures.transactions),
        ..CategoryRow::default()
    }
}

fn print_discount(paper: &mut Paper, label: &str, figures: &ProductFigures) {
    if figures.discount > Decimal::ZERO || figures.discount_quantity > Decimal::ZERO {
        paper.sold(label, figures.discount_quantity, -figures.discount);
    }
}

/// The name of a category: as the masters have it, else its code.
pub(super) fn name<'a>(material: &'a Material<'_>, code: &'a str) -> &'a str {
    material.category_names.get(code).map_or(code, String::as_str)
}

/// A code, `None` for the empty one.
pub(super) fn code(code: &str) -> Option<String> {
    (!code.is_empty()).then(|| code.to_owned())
}

/// A category's name on paper.
pub(super) fn printed(name: &str) -> &str {
    if name.is_empty() { "分類なし" } else { name }
}
