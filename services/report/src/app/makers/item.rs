//! The item report: what was sold of each item, grouped by category.

use kugel_proto::report::v1::{CategoryRow, ItemRow, Report};

use super::category::{code, name, printed};
use super::{Material, Needs, Paper, ReportMaker, rows};
use crate::domain::items::ItemTotals;
use crate::domain::products::ProductFigures;
use crate::domain::query::ReportScope;

/// Names longer than this are cut on paper.
const NAME_CHARACTERS: usize = 14;

/// `item`.
#[derive(Debug)]
pub struct ItemReportMaker;

impl ReportMaker for ItemReportMaker {
    fn report_type(&self) -> &'static str {
        "item"
    }
    fn needs(&self) -> Needs {
        Needs::Items
    }
    fn title(&self, scope: ReportScope) -> String {
        format!("【商品別売上レポート( {} )】", scope.title())
    }
    fn make(&self, material: &Material<'_>, report: &mut Report, paper: &mut Paper) {
        let mut total = ProductFigures::default();
        paper.rule();
        for items in material.items.by_category() {
            let figures = ProductFigures::sum(items.iter().map(|item| &item.figures));
            let category_code = items[0].category.as_str();
            let name = name(material, category_code);
            paper.left(printed(name));
            for item in items {
                let label = format!("  {}", cut(item_name(item)));
                paper.sold(&label, item.figures.quantity, item.figures.net());
            }
            paper.sold("小計", figures.quantity, figures.net());
            paper.blank();
            report
                .categories
                .push(category(category_code, name, items, &figures));
            total.merge(&figures);
        }
        paper.sold("合計", total.quantity, total.net());
        paper.summary(total.gross, total.discount, total.net());
        rows::totals(report, &total);
        report.total_discount_quantity = Some(total.discount_quantity.into());
    }
}

fn category(category_code: &str, name: &str, items: &[ItemTotals], figures: &ProductFigures) -> CategoryRow {
    CategoryRow {
        category_code: code(category_code),
        category_name: code(name),
        items: items.iter().map(item).collect(),
        category_total_gross_amount: Some(figures.gross.into()),
        category_total_discount_amount: Some(figures.discount.into()),
        category_total_net_amount: Some(figures.net().into()),
        category_total_quantity: Some(figures.quantity.into()),
        category_total_discount_quantity: Some(figures.discount_quantity.into()),
        category_total_transaction_count: Some(figures.transactions),
        ..CategoryRow::default()
    }
}

fn item(item: &ItemTotals) -> ItemRow {
    ItemRow {
        item_code: code(&item.code),
        item_name: code(item_name(item)),
        gross_amount: Some(item.figures.gross.into()),
        discount_amount: Some(item.figures.discount.into()),
        net_amount: Some(item.figures.net().into()),
        quantity: Some(item.figures.quantity.into()),
        discount_quantity: Some(item.figures.discount_quantity.into()),
        transaction_count: item.figures.transactions,
    }
}

fn item_name(item: &ItemTotals) -> &str {
    let name = item.name.as_str();
    if name.is_empty() { &item.code } else { name }
}

fn cut(name: &str) -> String {
    if name.chars().count() <= NAME_CHARACTERS {
        return name.to_owned();
    }
    name.chars().take(NAME_CHARACTERS - 1).chain(['…']).collect()
}
