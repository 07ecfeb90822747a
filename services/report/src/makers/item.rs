//! The item report: what was sold of each item, grouped by category.

use std::collections::BTreeMap;

use kugel_proto::report::v1::{CategoryRow, ItemRow, Report};

use super::category::{code, name, printed};
use super::{Material, Needs, Paper, ReportMaker, rows};
use crate::domain::products::{ItemFigures, ProductFigures};
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
        Needs::CategoryNames
    }
    fn title(&self, scope: ReportScope) -> String {
        format!("【商品別売上レポート( {} )】", scope.title())
    }
    fn make(&self, material: &Material<'_>, report: &mut Report, paper: &mut Paper) {
        let mut total = ProductFigures::default();
        paper.rule();
        for (category_code, items) in &material.products.items {
            let figures = ProductFigures::sum(items.values().map(|item| &item.figures));
            let name = name(material, category_code);
            paper.left(printed(name));
            for (item_code, item) in items {
                let label = format!("  {}", cut(item_name(item_code, item)));
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

fn category(
    category_code: &str,
    name: &str,
    items: &BTreeMap<String, ItemFigures>,
    figures: &ProductFigures,
) -> CategoryRow {
    CategoryRow {
        category_code: code(category_code),
        category_name: code(name),
        items: items.iter().map(|(code, figures)| item(code, figures)).collect(),
        category_total_gross_amount: Some(figures.gross.into()),
        category_total_discount_amount: Some(figures.discount.into()),
        category_total_net_amount: Some(figures.net().into()),
        category_total_quantity: Some(figures.quantity.into()),
        category_total_discount_quantity: Some(figures.discount_quantity.into()),
        category_total_transaction_count: Some(figures.transactions),
        ..CategoryRow::default()
    }
}

fn item(item_code: &str, item: &ItemFigures) -> ItemRow {
    ItemRow {
        item_code: code(item_code),
        item_name: code(item_name(item_code, item)),
        gross_amount: Some(item.figures.gross.into()),
        discount_amount: Some(item.figures.discount.into()),
        net_amount: Some(item.figures.net().into()),
        quantity: Some(item.figures.quantity.into()),
        discount_quantity: Some(item.figures.discount_quantity.into()),
        transaction_count: item.figures.transactions,
    }
}

fn item_name<'a>(code: &'a str, item: &'a ItemFigures) -> &'a str {
    let name = item.name.as_str();
    if name.is_empty() { code } else { name }
}

fn cut(name: &str) -> String {
    if name.chars().count() <= NAME_CHARACTERS {
        return name.to_owned();
    }
    name.chars().take(NAME_CHARACTERS - 1).chain(['…']).collect()
}
