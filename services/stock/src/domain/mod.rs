//! Rules without storage, transport or clock.

pub(crate) mod alert;
pub mod level;
pub mod movement;
pub(crate) mod schedule;
pub(crate) mod schedule_draft;
