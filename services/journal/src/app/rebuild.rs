//! Begins anew: what events filed goes, what was posted or written by hand stays.

use async_trait::async_trait;
use kugel_bus::{Failure, Rebuild, Topic};
use kugel_store::{Document, Scope};
use kugel_types::TenantId;

use crate::adapters::documents::{CASH_LOGS, JOURNALS, OPEN_CLOSE_LOGS, TRANSACTION_LOGS};
use crate::adapters::events::TOPICS;
use crate::app::ACTOR;
use crate::app::file_logs::FileLogs;

#[async_trait]
impl Rebuild for FileLogs {
    fn topics(&self) -> &'static [Topic] {
        TOPICS
    }

    async fn begin(&self, tenant: &TenantId) -> Result<(), Failure> {
        let (documents, scope) = (self.documents(), Scope::from(tenant));
        for collection in [&JOURNALS, &TRANSACTION_LOGS, &CASH_LOGS, &OPEN_CLOSE_LOGS] {
            let stays = |document: &Document| document.created_by != ACTOR;
            documents.retain(&scope, collection, stays).await?;
        }
        Ok(())
    }

    async fn finish(&self, _tenant: &TenantId) -> Result<(), Failure> {
        Ok(())
    }
}
