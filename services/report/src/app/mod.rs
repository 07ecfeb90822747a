//! The use cases.

pub mod count_logs;
pub mod make_report;
pub mod recount;
