//! Events in: what other services tell the security log.

use std::sync::Arc;

use async_trait::async_trait;
use kugel_bus::{Event, Failure, Handler, Topic};
use kugel_types::TenantId;

use crate::app::App;

/// What account listens to.
pub(crate) const TOPICS: &[Topic] = &[Topic::TerminalSecurity, Topic::StaffSecurity];

/// Files entries as they arrive.
pub(crate) struct SecurityLog(pub(crate) App);

#[async_trait]
impl Handler for SecurityLog {
    async fn handle(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        self.0.file_security(tenant, events).await
    }
}
