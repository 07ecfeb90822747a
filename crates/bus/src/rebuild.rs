//! Consumers that can start over: their documents are removed and made again from the logs that their events carried.

use async_trait::async_trait;
use kugel_types::TenantId;

use crate::{Failure, Handler, Topic};

/// A consumer whose documents are a fold of events.
///
/// To rebuild a tenant is to [`Rebuild::begin`], to hand every event of the past to [`Handler::handle`], store by store
/// and within a store in the order in which they happened, and to [`Rebuild::finish`]. Every step may be cut off: the
/// whole is then done once more, from the beginning. Nobody else may be at work on the tenant's documents meanwhile.
#[async_trait]
pub trait Rebuild: Handler {
    /// The events that are folded.
    fn topics(&self) -> &'static [Topic];

    /// Removes what callers posted, for good. To be done before [`Rebuild::begin`].
    async fn drop_posted(&self, _tenant: &TenantId) -> Result<(), Failure> {
        Ok(())
    }

    /// Removes what events made, and their marks. What came another way stays, or is laid aside until its turn comes.
    async fn begin(&self, tenant: &TenantId) -> Result<(), Failure>;

    /// Puts back what is still laid aside.
    async fn finish(&self, tenant: &TenantId) -> Result<(), Failure>;
}
