//! Which rows a report shows, and in what order.

use std::cmp::Ordering;

use kugel_proto::report::v1::Report;
use kugel_types::{Direction, Page, Sort};
use rust_decimal::Decimal;

use crate::domain::products::ProductFigures;

/// A row before it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// The category's code, or the promotion's.
    pub(super) code: &'a str,
    /// The category's name, or the promotion's type.
    pub(super) name: &'a str,
    /// The figures.
    pub(super) figures: ProductFigures,
}

/// Puts rows into the order asked for. Names that are no field of a row change nothing: older clients send the name of
/// a field that rows never had.
pub(super) fn sort(rows: &mut [Row<'_>], order: &Sort) {
    rows.sort_by(|one, other| {
        let fields = order.0.iter().map(|(field, direction)| {
            let ordering = compare(field, one, other);
            if *direction == Direction::Descending {
                ordering.reverse()
            } else {
                ordering
            }
        });
        let by_fields = fields.fold(Ordering::Equal, Ordering::then);
        by_fields.then_with(|| one.code.cmp(other.code))
    });
}

fn compare(field: &str, one: &Row<'_>, other: &Row<'_>) -> Ordering {
    let by = |value: fn(&ProductFigures) -> Decimal| value(&one.figures).cmp(&value(&other.figures));
    match field {
        "category_code" => one.code.cmp(other.code),
        "category_name" => one.name.cmp(other.name),
        "gross_amount" => by(|figures| figures.gross),
        "discount_amount" => by(|figures| figures.discount),
        "net_amount" => by(ProductFigures::net),
        "quantity" => by(|figures| figures.quantity),
        "discount_quantity" => by(|figures| figures.discount_quantity),
        "transaction_count" => one.figures.transactions.cmp(&other.figures.transactions),
        _ => Ordering::Equal,
    }
}

/// The rows of a page.
pub(super) fn page<T>(rows: &[T], page: Page) -> &[T] {
    if page.limit == 0 {
        return rows;
    }
    let first = usize::try_from(page.skip()).unwrap_or(usize::MAX).min(rows.len());
    let rows = &rows[first..];
    &rows[..rows.len().min(page.limit as usize)]
}

/// Fills in the totals of a report on what was sold.
pub(super) fn totals(report: &mut Report, figures: &ProductFigures) {
    report.total_gross_amount = Some(figures.gross.into());
    report.total_discount_amount = Some(figures.discount.into());
    report.total_net_amount = Some(figures.net().into());
    report.total_quantity = Some(figures.quantity.into());
    report.total_transaction_count = Some(figures.transactions);
}
