//! The rules, pure and without a clock: what a log adds to the totals of its session, how totals are merged, and when a
//! session is complete.
//!
//! Totals are a commutative monoid: folding the same logs in any order and any grouping gives the same totals. Event
//! time folding, merging over terminals and days, compaction and the recount all rest on that one property.

pub mod groups;
pub mod items;
pub mod log;
pub mod products;
pub mod query;
pub mod session;
pub mod settlement;
pub mod totals;
