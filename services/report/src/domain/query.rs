//! What a report is asked for.

use kugel_types::{BusinessDate, Page, Sort, StoreCode, TerminalNo};

/// How sure a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportScope {
    /// What is known now.
    Flash,
    /// Only once every session is closed and all its logs are here.
    Daily,
}

impl ReportScope {
    /// Takes the name of the wire; `flush` is an older spelling.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "flash" | "flush" => Some(Self::Flash),
            "daily" => Some(Self::Daily),
            _ => None,
        }
    }
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flash => "flash",
            Self::Daily => "daily",
        }
    }
    /// The name on paper.
    pub fn title(self) -> &'static str {
        match self {
            Self::Flash => "速報",
            Self::Daily => "日報",
        }
    }
    /// The transaction type of its journal entry.
    pub fn transaction_type(self) -> i32 {
        match self {
            Self::Flash => 501,
            Self::Daily => 502,
        }
    }
}

/// The days a report covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// One business date.
    Day(BusinessDate),
    /// From the first to the last, inclusive.
    Range(BusinessDate, BusinessDate),
}

impl Period {
    /// The first and the last day.
    pub fn bounds(self) -> (BusinessDate, BusinessDate) {
        match self {
            Self::Day(date) => (date, date),
            Self::Range(first, last) => (first, last),
        }
    }
}

/// What a report is asked for.
#[derive(Debug, Clone)]
pub struct ReportQuery {
    /// The store.
    pub store: StoreCode,
    /// The terminal, or the whole store.
    pub terminal: Option<TerminalNo>,
    /// How sure it must be.
    pub scope: ReportScope,
    /// The key of the report maker.
    pub report_type: String,
    /// The days.
    pub period: Period,
    /// The session of the day, or all.
    pub open_counter: Option<i32>,
    /// Printed, never a filter.
    pub business_counter: Option<i32>,
    /// Which rows.
    pub page: Page,
    /// The order of rows, where a report lets the caller choose.
    pub sort: Sort,
}
