//! Reports.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]
pub mod domain;
mod makers;
mod app { pub mod count_logs; }
mod adapters { pub mod logs; pub mod documents; pub mod events; }
