//! Starting over: what events filed goes, what was posted or written by hand stays.

use async_trait::async_trait;
use kugel_bus::{Failure, Rebuild, Topic, inbox};
use kugel_store::{Document, Scope};
use kugel_types::TenantId;

use super::{ACTOR, FileLogs, TOPICS, is_posted};
use crate::records::{JOURNALS, LOGS, TRANSACTION_LOGS};

#[async_trait]
impl Rebuild for FileLogs {
    fn topics(&self) -> &'static [Topic] {
        TOPICS
    }

    async fn drop_posted(&self, tenant: &TenantId) -> Result<(), Failure> {
        let stays = |document: &Document| !is_posted(&document.created_by);
        let scope = Scope::from(tenant);
        for collection in [&TRANSACTION_LOGS, &JOURNALS] {
            self.documents.retain(&scope, collection, stays).await?;
        }
        Ok(())
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
