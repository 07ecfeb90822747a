//! What the use cases need from neighbours. A report is worth more than either, so neither can fail: what goes wrong is
//! logged.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kugel_proto::report::v1::Report;
use kugel_types::{TenantId, TerminalNo};

use crate::domain::query::ReportQuery;

/// Names of categories by code.
pub(crate) type CategoryNames = Arc<BTreeMap<String, String>>;

/// Categories, which the master data service owns.
#[async_trait]
pub(crate) trait Categories: Send + Sync + 'static {
    /// The names of a tenant's categories. Without an answer there are none, and codes are shown.
    async fn names(&self, tenant: &TenantId) -> CategoryNames;
}

/// The journal, which the journal service keeps.
#[async_trait]
pub(crate) trait Journal: Send + Sync + 'static {
    /// Files a report under the terminal that asked for it.
    async fn file(
        &self,
        tenant: &TenantId,
        terminal: TerminalNo,
        staff: Option<&str>,
        query: &ReportQuery,
        report: &Report,
    );
}
