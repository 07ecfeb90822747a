//! What terminals need from the other services.

use async_trait::async_trait;
use kugel_error::Error;
use kugel_types::{StaffRef, TenantId, TerminalId};

use crate::domain::{LastSession, Role, SessionSales, Terminal};

/// The other services, as this one sees them.
#[async_trait]
pub trait Neighbourhood: Send + Sync + 'static {
    /// Prepares a tenant everywhere. May be repeated.
    async fn set_up_tenant(&self, tenant: &TenantId) -> Result<(), Error>;

    /// The staff member with that key and, if one is given, that PIN; `None` if there is nobody like that.
    async fn staff(
        &self,
        tenant: &TenantId,
        id: &str,
        pin: Option<&str>,
    ) -> Result<Option<StaffMember>, Error>;

    /// The roles of the tenant.
    async fn roles(&self, tenant: &TenantId) -> Result<Vec<Role>, Error>;

    /// Seals the terminal's present session, so that nothing is sold in it from then on. May be repeated: the sums stay.
    async fn seal_session(&self, terminal: &Terminal) -> Result<SealedSession, Error>;

    /// The last session in which the terminal sold or that was sealed.
    async fn last_session(&self, terminal: &TerminalId) -> Result<Option<LastSession>, Error>;

    /// What a setting of the tenant says at the terminal; `None` if the tenant has none of that name.
    async fn setting(&self, terminal: &TerminalId, name: &str) -> Result<Option<String>, Error>;
}

/// Somebody in the staff master.
#[derive(Debug, Clone)]
pub struct StaffMember {
    /// Who.
    pub staff: StaffRef,
    /// The names of the person's roles.
    pub roles: Vec<String>,
    /// The generation of the record.
    pub record: i64,
}

/// A session in which nothing is sold any more.
#[derive(Debug, Clone, Default)]
pub struct SealedSession {
    /// What it sold.
    pub sales: SessionSales,
    /// Carts of the terminal that are neither billed nor cancelled.
    pub open_carts: Vec<String>,
}
