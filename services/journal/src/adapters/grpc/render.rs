//! From what the use cases answer to messages.

use std::collections::HashMap;

use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::common::v1::ListMetadata;
use kugel_proto::journal::v1 as pb;
use kugel_store::Stored;
use kugel_types::TenantId;

use crate::app::is_posted;
use crate::domain::search::Search;
use crate::records::Entry;

/// Describes the page of a search.
pub(super) fn metadata(request: &pb::SearchJournalsRequest, search: &Search, total: u64) -> ListMetadata {
    ListMetadata {
        total: i64::try_from(total).unwrap_or(i64::MAX),
        page: i32::try_from(search.page.number).unwrap_or(i32::MAX),
        limit: i32::try_from(search.page.limit).unwrap_or(i32::MAX),
        sort: Some(search.order.to_string()),
        filter: filters(request),
    }
}

fn filters(request: &pb::SearchJournalsRequest) -> HashMap<String, String> {
    let joined = |numbers: &[i32]| {
        let texts: Vec<String> = numbers.iter().map(i32::to_string).collect();
        (!texts.is_empty()).then(|| texts.join(","))
    };
    let keywords = (!request.keywords.is_empty()).then(|| request.keywords.join(","));
    [
        ("tenant_id", Some(request.tenant_id.clone())),
        ("store_code", Some(request.store_code.clone())),
        ("terminals", joined(&request.terminals)),
        ("transaction_types", joined(&request.transaction_types)),
        ("business_date_from", request.business_date_from.clone()),
        ("business_date_to", request.business_date_to.clone()),
        ("generate_date_time_from", request.generate_date_time_from.clone()),
        ("generate_date_time_to", request.generate_date_time_to.clone()),
        (
            "receipt_no_from",
            request.receipt_no_from.map(|number| number.to_string()),
        ),
        (
            "receipt_no_to",
            request.receipt_no_to.map(|number| number.to_string()),
        ),
        ("keywords", keywords),
    ]
    .into_iter()
    .filter_map(|(field, value)| Some((field.to_owned(), value?)))
    .collect()
}

/// Shows an entry as it is stored.
pub(super) fn stored(tenant: &TenantId, stored: &Stored<Entry>) -> pb::JournalEntry {
    entry(tenant, stored, &stored.created_by)
}

/// Shows an entry that `author` made.
pub(super) fn entry(tenant: &TenantId, entry: &Entry, author: &str) -> pb::JournalEntry {
    pb::JournalEntry {
        tenant_id: tenant.to_string(),
        store_code: entry.store_code.to_string(),
        terminal_no: entry.terminal_no.get(),
        journal_seq_no: -1,
        transaction_no: entry.transaction_no,
        transaction_type: entry.transaction_type,
        business_date: entry.business_date.to_string(),
        open_counter: entry.open_counter,
        business_counter: entry.business_counter,
        generate_date_time: entry.generate_date_time.clone(),
        receipt_no: entry.receipt_no,
        amount: Some(entry.amount.clone()),
        quantity: Some(entry.quantity.clone()),
        staff_id: entry.staff_id.clone(),
        approver_ids: entry.approver_ids.clone(),
        user_id: entry.user_id.clone(),
        content: "please refer to receipt_text field".to_owned(),
        journal_text: entry.journal_text.clone(),
        receipt_text: entry.receipt_text.clone(),
        is_posted: is_posted(author),
    }
}

/// The key of a log that is filed.
pub(super) fn filed(log: &TransactionLog) -> pb::PostTransactionResponse {
    pb::PostTransactionResponse {
        transaction: Some(pb::FiledTransaction {
            tenant_id: log.tenant_id.clone(),
            store_code: log.store_code.clone(),
            terminal_no: log.terminal_no,
            transaction_no: log.transaction_no,
        }),
    }
}
