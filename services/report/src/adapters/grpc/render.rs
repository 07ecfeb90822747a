//! From what the use cases answer to messages.

use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::report::v1 as pb;

pub(super) use crate::app::makers::remark;
use crate::app::{Mended, Unsettled};

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

/// A session that does not settle.
pub(super) fn unsettled((session, missing): Unsettled) -> pb::UnsettledSession {
    pb::UnsettledSession {
        store_code: session.store.to_string(),
        terminal_no: session.terminal.get(),
        business_date: session.date.to_string(),
        open_counter: session.open_counter,
        missing,
    }
}

/// What mending came to.
pub(super) fn mended(mended: Mended) -> pb::MendSessionResponse {
    pb::MendSessionResponse {
        logs_read: i32::try_from(mended.logs_read).unwrap_or(i32::MAX),
        is_repaired: mended.is_repaired,
        missing: mended.missing,
    }
}
