//! What terminals need from the other services.

use async_trait::async_trait;
use kugel_error::Error;
use kugel_types::{StaffRef, TenantId};

use crate::domain::{SessionSales, Terminal};

/// The other services, as this one sees them.
#[async_trait]
pub trait Neighbourhood: Send + Sync + 'static {
    /// Prepares a tenant everywhere. May be repeated.
    async fn set_up_tenant(&self, tenant: &TenantId) -> Result<(), Error>;

    /// The staff member with that key and, if one is given, that PIN; `None` if there is nobody like that.
    async fn staff(&self, tenant: &TenantId, id: &str, pin: Option<&str>) -> Result<Option<StaffRef>, Error>;

    /// Seals the terminal's present session, so that nothing is sold in it from then on. May be repeated: the sums stay.
    async fn seal_session(&self, terminal: &Terminal) -> Result<SealedSession, Error>;

    /// What the terminal's present session sold, if it is sealed.
    async fn sealed_sales(&self, terminal: &Terminal) -> Result<Option<SessionSales>, Error>;
}

/// A session in which nothing is sold any more.
#[derive(Debug, Clone, Default)]
pub struct SealedSession {
    /// What it sold.
    pub sales: SessionSales,
    /// Carts of the terminal that are neither billed nor cancelled.
    pub open_carts: Vec<String>,
}
