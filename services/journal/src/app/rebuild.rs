//! Starting over: what events filed goes, what was posted or written by hand stays.

use async_trait::async_trait;
use kugel_bus::{Failure, Rebuild, Topic, inbox};
use kugel_store::Scope;
use kugel_types::TenantId;

use super::{ACTOR, FileLogs, TOPICS};
use crate::records::{JOURNALS, LOGS};

#[async_trait]
impl Rebuild for FileLogs {
    fn topics(&self) -> &'static [Topic] {
        TOPICS
    }

    async fn begin(&self, tenant: &TenantId) -> Result<(), Failure> {
        let scope = Scope::from(tenant);
        inbox::forget(&self.documents, &scope, ACTOR, &[&JOURNALS]).await?;
        Ok(inbox::forget(&self.documents, &scope, ACTOR, &LOGS).await?)
    }

    async fn finish(&self, _tenant: &TenantId) -> Result<(), Failure> {
        Ok(())
    }
}
