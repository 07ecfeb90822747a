//! Events in: transactions, drawer movements, openings and closings.

use std::sync::Arc;

use async_trait::async_trait;
use kugel_bus::{Event, Failure, Handler, inbox};
use kugel_store::Scope;
use kugel_types::TenantId;

use crate::app::FileLogs;

#[async_trait]
impl Handler for FileLogs {
    async fn handle(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        inbox::check_schema(events)?;
        self.file(&Scope::from(tenant), events).await
    }
}
