//! What the use cases need from neighbours. A report is worth more than its names and its entry in the journal, so these
//! cannot fail: what goes wrong is logged. A remark and what mends a session can.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kugel_bus::Event;
use kugel_error::Error;
use kugel_proto::report::v1::Report;
use kugel_types::{TenantId, TerminalNo};

use crate::domain::log::Session;
use crate::domain::query::ReportQuery;
use crate::records::Remark;

/// Names of categories by code.
pub(crate) type CategoryNames = Arc<BTreeMap<String, String>>;

/// Categories, which the master data service owns.
#[async_trait]
pub(crate) trait Categories: Send + Sync + 'static {
    /// The names of a tenant's categories. Without an answer there are none, and codes are shown.
    async fn names(&self, tenant: &TenantId) -> CategoryNames;
}

/// Logs, where they were made.
#[async_trait]
pub(crate) trait Logs: Send + Sync + 'static {
    /// The events that carried the logs of a session, made again from the cart's and the terminal's own.
    async fn of_session(&self, tenant: &TenantId, session: &Session) -> Result<Vec<Arc<Event>>, Error>;
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
    /// Files a remark under the terminal whose session it settles.
    async fn remark(&self, tenant: &TenantId, remark: &Remark) -> Result<(), Error>;
}
