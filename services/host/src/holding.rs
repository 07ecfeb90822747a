//! What tools see of a service: its documents, not its rules.

use kugel_bus::Outbox;
use kugel_store::{Collection, Documents};

/// What one service keeps.
#[derive(Clone)]
pub struct Holding {
    /// The service.
    pub service: &'static str,
    /// Its documents.
    pub documents: Documents,
    /// Where they lie.
    pub collections: Vec<&'static Collection>,
    /// Its outboxes.
    pub outboxes: Vec<Outbox>,
}
