//! Begins anew: sums and what events filed go; logs that were posted stay, and are counted again at once.

use async_trait::async_trait;
use kugel_bus::{Failure, Rebuild, Topic};
use kugel_store::{Document, Page, Query, Record, Scope};
use kugel_types::TenantId;

use super::count_logs::{count, fold};
use crate::adapters::documents::{
    CashDocument, LogDocument, OpenCloseDocument, SessionItems, SessionTotals, TransactionDocument,
};
use crate::adapters::events::{ACTOR, LogHandler, TOPICS};

/// Posted logs that are counted in one commit.
const COUNTED_AT_ONCE: u32 = 250;

#[async_trait]
impl Rebuild for LogHandler {
    fn topics(&self) -> &'static [Topic] {
        TOPICS
    }

    async fn begin(&self, tenant: &TenantId) -> Result<(), Failure> {
        let (documents, scope) = (self.documents(), Scope::from(tenant));
        let was_posted = |document: &Document| document.created_by != ACTOR;
        for collection in [SessionTotals::COLLECTION, SessionItems::COLLECTION] {
            documents.retain(&scope, collection, |_| false).await?;
        }
        for collection in [
            TransactionDocument::COLLECTION,
            CashDocument::COLLECTION,
            OpenCloseDocument::COLLECTION,
        ] {
            documents.retain(&scope, collection, was_posted).await?;
        }
        self.count_posted(&scope).await
    }

    async fn finish(&self, _tenant: &TenantId) -> Result<(), Failure> {
        Ok(())
    }
}

impl LogHandler {
    /// Counts the transactions that are filed: those that were posted, for only they are left.
    async fn count_posted(&self, scope: &Scope) -> Result<(), Failure> {
        let (documents, mut last) = (self.documents(), String::new());
        loop {
            let query = Query::all().greater("id", &last).uncounted().page(Page {
                limit: COUNTED_AT_ONCE,
                number: 1,
            });
            let rows = documents.find::<TransactionDocument>(scope, query).await?.rows;
            let Some(row) = rows.last() else {
                return Ok(());
            };
            last = row.id();
            let logs = rows.iter().map(|row| TransactionDocument::read(row.wire()));
            let logs = logs.collect::<Result<Vec<_>, _>>();
            let logs = logs.map_err(|error| Failure::Malformed(error.to_string()))?;
            count(documents, scope, &documents.changes(ACTOR), &fold(logs)).await?;
        }
    }
}
