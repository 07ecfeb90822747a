//! Counting a transaction log that is handed in by a call instead of an event.

use std::sync::Arc;

use kugel_error::{Error, codes};
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::report::v1::CountedTransaction;
use kugel_store::{Body, Documents, Record, Scope};

use super::count_logs::{count, fold};
use crate::adapters::documents::{LogDocument, TransactionDocument};

/// Files and counts the log. One that is filed already, by whatever way, is left as it is.
pub async fn post_transaction(
    documents: &Documents,
    scope: &Scope,
    actor: &str,
    log: TransactionLog,
) -> Result<CountedTransaction, Error> {
    let sums = fold([TransactionDocument::read(&log)?]);
    let counted = CountedTransaction {
        tenant_id: log.tenant_id.clone(),
        store_code: log.store_code.clone(),
        terminal_no: log.terminal_no,
        transaction_no: log.transaction_no,
    };
    let log = Arc::new(log);
    let filed = Body::of(Arc::clone(&log)).and_then(|body| TransactionDocument::filed(&log, &body));
    let filed = filed.map_err(|error| {
        codes::CREATE_FAILED
            .error("the log could not be written")
            .caused_by(error)
    })?;
    let changes = documents.changes(actor).write(filed);
    match count(documents, scope, &changes, &sums).await {
        Err(error) if error.is_duplicate_in(TransactionDocument::COLLECTION.name) => Ok(counted),
        result => result.map(|()| counted).map_err(Error::from),
    }
}
