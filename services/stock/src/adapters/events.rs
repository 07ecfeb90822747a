//! Events in: transactions.

use std::sync::Arc;

use async_trait::async_trait;
use kugel_bus::{Event, Failure, Handler, Rebuild, Topic};
use kugel_types::TenantId;

use crate::app::App;
use crate::app::rebuild::Rebuilding;

/// What stock listens to.
pub(crate) const TOPICS: &[Topic] = &[Topic::TranlogReport];

/// Applies transactions as they arrive.
pub(crate) struct Sales(pub(crate) App);

#[async_trait]
impl Handler for Sales {
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
        self.0.apply_sales(tenant, events).await
    }
}

#[async_trait]
impl Handler for Rebuilding {
    async fn handle(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        self.record_past(tenant, events).await
    }
}

#[async_trait]
impl Rebuild for Rebuilding {
    fn topics(&self) -> &'static [Topic] {
        TOPICS
    }

    async fn begin(&self, tenant: &TenantId) -> Result<(), Failure> {
        self.clear(tenant).await
    }

    async fn finish(&self, tenant: &TenantId) -> Result<(), Failure> {
        self.put_back_rest(tenant).await
    }
}
