//! What terminals need from the other services.

use async_trait::async_trait;
use kugel_error::Error;
use kugel_types::{StaffRef, TenantId, TerminalId};

use crate::domain::SessionSales;

/// The other services, as this one sees them.
#[async_trait]
pub trait Neighbourhood: Send + Sync + 'static {
    /// Prepares a tenant everywhere. May be repeated.
    async fn set_up_tenant(&self, tenant: &TenantId) -> Result<(), Error>;

    /// The staff member with that key and, if one is given, that PIN; `None` if there is nobody like that.
    async fn staff(&self, tenant: &TenantId, id: &str, pin: Option<&str>) -> Result<Option<StaffRef>, Error>;

    /// What a session sold: the `business_counter`-th of the terminal's life. Its transactions have numbers above
    /// `after`, which spares the other service the reading of former sessions.
    async fn session_sales(
        &self,
        terminal: &TerminalId,
        business_counter: i32,
        after: i64,
    ) -> Result<SessionSales, Error>;
}
