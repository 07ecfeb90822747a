//! Rules without storage, transport or clock.

pub(crate) mod alert;
pub(crate) mod level;
pub(crate) mod movement;
pub(crate) mod schedule;
pub(crate) mod schedule_draft;
