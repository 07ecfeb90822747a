//! What masters need from the other services.

use async_trait::async_trait;
use kugel_error::Result;
use kugel_types::TenantId;

/// The other services, as this one sees them.
#[async_trait]
pub trait Neighbourhood: Send + Sync + 'static {
    /// The roles of the tenant.
    async fn roles(&self, tenant: &TenantId) -> Result<Vec<Role>>;
}

/// A role of the tenant.
#[derive(Debug, Clone)]
pub struct Role {
    /// The name.
    pub name: String,
    /// The names of what it permits.
    pub permissions: Vec<String>,
}
