//! Rules without storage, transport or clock.

pub(crate) mod kind;
pub(crate) mod search;
