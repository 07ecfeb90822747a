//! Report makers: one for each type of report, found by its key.
//!
//! To add a report, write a [`ReportMaker`] and name it in [`MAKERS`]. A maker is given sums, never logs, and has no
//! store and no clock: it puts figures into the answer and lines on the paper.

mod category;
mod item;
mod paper;
mod payment;
mod promotion;
mod rows;
mod sales;

use std::collections::BTreeMap;

use kugel_proto::report::v1::Report;
use kugel_types::Currency;

use crate::domain::products::Products;
use crate::domain::query::{ReportQuery, ReportScope};
use crate::domain::totals::Totals;
pub use category::CategoryReportMaker;
pub use item::ItemReportMaker;
pub use paper::{Heading, Paper};
pub use payment::PaymentReportMaker;
pub use promotion::PromotionReportMaker;
pub use sales::SalesReportMaker;

/// Every report there is.
pub static MAKERS: &[&dyn ReportMaker] = &[
    &SalesReportMaker,
    &CategoryReportMaker,
    &ItemReportMaker,
    &PaymentReportMaker,
    &PromotionReportMaker,
];

/// The maker of a type of report.
pub fn maker_of(report_type: &str) -> Option<&'static dyn ReportMaker> {
    MAKERS
        .iter()
        .copied()
        .find(|maker| maker.report_type() == report_type)
}

/// What a report is made of besides money totals, which all may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing more.
    Totals,
    /// Product sums.
    Products,
    /// Product sums and the names of categories.
    CategoryNames,
}

/// What a maker works with.
#[derive(Debug)]
pub struct Material<'a> {
    /// What was asked for.
    pub query: &'a ReportQuery,
    /// Money.
    pub totals: &'a Totals,
    /// What was sold; empty unless the maker needs it.
    pub products: &'a Products,
    /// Names of categories by code; empty unless the maker needs them.
    pub category_names: &'a BTreeMap<String, String>,
    /// The store's currency.
    pub currency: Currency,
}

/// Makes one type of report.
pub trait ReportMaker: Send + Sync + 'static {
    /// The key: `report_type` of requests.
    fn report_type(&self) -> &'static str;
    /// What it is made of.
    fn needs(&self) -> Needs;
    /// The title on paper.
    fn title(&self, scope: ReportScope) -> String;
    /// Fills in the report and prints its body.
    fn make(&self, material: &Material<'_>, report: &mut Report, paper: &mut Paper);
}
