//! Events in: transactions.

use std::sync::Arc;

use async_trait::async_trait;
use kugel_bus::{Event, Failure, Handler, Topic};
use kugel_types::TenantId;

use crate::app::apply_sales::ApplySales;

/// What stock listens to.
pub(crate) const TOPICS: &[Topic] = &[Topic::TranlogReport];

#[async_trait]
impl Handler for ApplySales {
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
        self.apply(tenant, events).await
    }
}
