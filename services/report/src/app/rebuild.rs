//! Starting over: sums and what events filed go; logs that were posted stay, and are counted again at once.

use async_trait::async_trait;
use futures::TryStreamExt;
use kugel_bus::{Failure, Rebuild, Topic, inbox};
use kugel_proto::cart::v1::TransactionLog;
use kugel_store::{Document, Query, Scope};
use kugel_types::TenantId;

use super::count_logs::{count, fold};
use super::{ACTOR, CountLogs, TOPICS};
use crate::domain::session::Log;
use crate::records::{Filed, LOGS, LogMessage, SESSION_ITEMS, SESSION_TOTALS, TRANSACTION_LOGS};

/// Posted logs that are counted in one commit.
const COUNTED_AT_ONCE: u32 = 250;

#[async_trait]
impl Rebuild for CountLogs {
    fn topics(&self) -> &'static [Topic] {
        TOPICS
    }

    async fn drop_posted(&self, tenant: &TenantId) -> Result<(), Failure> {
        let of_event = |document: &Document| document.created_by == ACTOR;
        let scope = Scope::from(tenant);
        Ok(self.documents.retain(&scope, &TRANSACTION_LOGS, of_event).await?)
    }

    async fn begin(&self, tenant: &TenantId) -> Result<(), Failure> {
        let scope = Scope::from(tenant);
        for sums in [&SESSION_TOTALS, &SESSION_ITEMS] {
            self.documents.retain(&scope, sums, |_| false).await?;
        }
        inbox::forget(&self.documents, &scope, ACTOR, &LOGS).await?;
        self.count_posted(&scope).await
    }

    async fn finish(&self, _tenant: &TenantId) -> Result<(), Failure> {
        Ok(())
    }
}

impl CountLogs {
    /// Counts the transactions that are filed: those that were posted, for only they are left.
    async fn count_posted(&self, scope: &Scope) -> Result<(), Failure> {
        let posted = self
            .documents
            .stream::<Filed<TransactionLog>>(scope, Query::all(), COUNTED_AT_ONCE);
        let mut posted = std::pin::pin!(posted.try_chunks(COUNTED_AT_ONCE as usize));
        while let Some(rows) = posted.try_next().await.map_err(|error| error.1)? {
            let logs = rows
                .iter()
                .map(|row| LogMessage::read(&row.0).map(Log::posted))
                .collect::<Result<Vec<_>, _>>();
            let logs = logs.map_err(|error| Failure::Malformed(error.to_string()))?;
            count(&self.documents, scope, ACTOR, &[], &fold(logs)).await?;
        }
        Ok(())
    }
}
