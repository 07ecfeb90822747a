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

use kugel_proto::report::v1::{Report, SessionRemark};
use kugel_types::{Currency, LocalTime};

use crate::domain::groups::Groups;
use crate::domain::items::Items;
use crate::domain::query::{Period, ReportQuery, ReportScope};
use crate::domain::totals::Totals;
use crate::records::{Remark, remark_lines};
pub use category::CategoryReportMaker;
pub use item::ItemReportMaker;
use paper::Heading;
pub use paper::Paper;
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

/// What a report is made of. The less, the faster it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The small sums of sessions: money, categories, promotions.
    Sums,
    /// The names of categories as well.
    CategoryNames,
    /// The sums over items as well.
    Items,
}

/// What a maker works with.
#[derive(Debug)]
pub struct Material<'a> {
    /// What was asked for.
    pub query: &'a ReportQuery,
    /// Money.
    pub totals: &'a Totals,
    /// What was sold, by category and promotion.
    pub groups: &'a Groups,
    /// What was sold, by item; empty unless the maker needs it.
    pub items: &'a Items,
    /// Names of categories by code; empty unless the maker needs them or items.
    pub category_names: &'a BTreeMap<String, String>,
    /// How many of the transactions were posted, not sold at a till of Kugel.
    pub posted_transactions: i64,
    /// The remarks of sessions that were settled although a log is missing.
    pub remarks: &'a [Remark],
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

/// Who asks for a report, and when.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The staff member, empty if none is known.
    pub staff: &'a str,
    /// Now.
    pub time: &'a LocalTime,
}

/// Makes a whole report: what all have in common, and what its maker adds.
pub fn render(maker: &dyn ReportMaker, material: &Material<'_>, occasion: &Occasion<'_>) -> Report {
    let query = material.query;
    let store_name = match material.totals.store_name.as_str() {
        "" => query.store.as_str(),
        name => name,
    };
    let (day, range) = match query.period {
        Period::Day(day) => (Some(day), None),
        Period::Range(first, last) => (None, Some((first, last))),
    };
    let mut report = Report {
        tenant_id: occasion.tenant.to_owned(),
        store_code: query.store.to_string(),
        store_name: Some(store_name.to_owned()),
        terminal_no: query.terminal.map(|terminal| terminal.get()),
        business_date: day.map(|day| day.to_string()),
        business_date_from: range.map(|(first, _)| first.to_string()),
        business_date_to: range.map(|(_, last)| last.to_string()),
        open_counter: query.open_counter,
        business_counter: query.business_counter,
        report_scope: query.scope.name().to_owned(),
        report_type: maker.report_type().to_owned(),
        generate_date_time: occasion.time.iso(),
        currency_code: material.currency.code().to_owned(),
        posted_transaction_count: material.posted_transactions,
        remarks: material.remarks.iter().map(remark).collect(),
        ..Report::default()
    };
    let heading = Heading {
        store_name,
        staff: occasion.staff,
        time: occasion.time,
        title: maker.title(query.scope),
    };
    let mut paper = Paper::new(material.currency);
    paper.heading(query, &heading);
    maker.make(material, &mut report, &mut paper);
    if material.posted_transactions > 0 {
        paper.posted(material.posted_transactions);
    }
    for remark in material.remarks {
        paper.rule();
        remark_lines(remark).iter().for_each(|line| paper.left(line));
    }
    let (receipt_text, journal_text) = paper.texts();
    report.receipt_text = Some(receipt_text);
    report.journal_text = Some(journal_text);
    report
}

/// Shows a remark.
pub fn remark(remark: &Remark) -> SessionRemark {
    let session = &remark.session;
    SessionRemark {
        store_code: session.store.to_string(),
        terminal_no: session.terminal.get(),
        business_date: session.date.to_string(),
        open_counter: session.open_counter,
        made_by: remark.made_by.clone(),
        role: remark.role.clone(),
        made_at: remark.made_at.clone(),
        reason: remark.reason.clone(),
        missing: remark.missing.clone(),
    }
}
