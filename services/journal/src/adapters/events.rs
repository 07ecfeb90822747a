//! Events in: transactions, drawer movements, openings and closings.

use std::sync::Arc;

use async_trait::async_trait;
use kugel_bus::{Event, Failure, Handler, Topic};
use kugel_store::Scope;
use kugel_types::TenantId;

use crate::app::file_logs::FileLogs;

/// What the journal listens to.
pub(crate) const TOPICS: &[Topic] = &[
    Topic::TranlogReport,
    Topic::CashlogReport,
    Topic::OpencloselogReport,
];

#[async_trait]
impl Handler for FileLogs {
    async fn handle(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        if let Some(event) = events
            .iter()
            .find(|event| event.schema_version != Event::SCHEMA_VERSION)
        {
            return Err(Failure::Malformed(format!(
                "schema version {} is not known",
                event.schema_version
            )));
        }
        self.file(&Scope::from(tenant), events).await
    }
}
