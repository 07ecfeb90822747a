//! From what the use cases answer to messages.

use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::report::v1 as pb;

/// The key of a log that is counted.
pub(super) fn counted(log: &TransactionLog) -> pb::PostTransactionResponse {
    pb::PostTransactionResponse {
        transaction: Some(pb::CountedTransaction {
            tenant_id: log.tenant_id.clone(),
            store_code: log.store_code.clone(),
            terminal_no: log.terminal_no,
            transaction_no: log.transaction_no,
        }),
    }
}

/// One log of a stream.
pub(super) fn streamed(log: TransactionLog) -> pb::StreamTransactionsResponse {
    pb::StreamTransactionsResponse {
        transaction: Some(log),
    }
}
