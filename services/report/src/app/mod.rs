//! The use cases.

pub mod count_logs;
pub mod make_report;
pub mod post_transaction;
pub mod rebuild;
pub mod recount;
pub mod stream_transactions;
