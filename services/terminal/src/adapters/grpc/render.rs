//! From use cases' answers to the contract's messages.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_auth::{ApiKey, Approval, TillRights};
use kugel_proto::terminal::v1 as pb;
use kugel_store::Stored;
use kugel_types::LocalTime;

use crate::app::{CashMovement, Changed, ClosedSession, LogEntry, TenantView};
use crate::records::{StoreDocument, TerminalDocument};

/// A terminal, without its key.
pub(super) fn terminal(stored: &Stored<TerminalDocument>, zone: &TimeZone) -> pb::Terminal {
    let terminal = &stored.terminal;
    let rights = terminal
        .signed_in
        .as_ref()
        .map(|signed_in| signed_in.rights.clone());
    let rights = rights.unwrap_or_default();
    pb::Terminal {
        terminal_id: terminal.id.to_string(),
        tenant_id: terminal.id.tenant.to_string(),
        store_code: terminal.id.store.to_string(),
        terminal_no: terminal.id.number.get(),
        description: terminal.description.clone(),
        function_mode: terminal.function_mode.name().to_owned(),
        status: terminal.status.name().to_owned(),
        business_date: terminal.business_date.map(|date| date.to_string()),
        open_counter: terminal.open_counter,
        business_counter: terminal.business_counter,
        initial_amount: terminal.initial_amount.map(Into::into),
        physical_amount: terminal.physical_amount.map(Into::into),
        staff: terminal.staff.as_ref().map(|staff| pb::TerminalStaff {
            staff_id: staff.id.clone(),
            staff_name: staff.name.clone(),
            staff_pin: None,
            discount_limit_percent: rights.discount_limit.map(Into::into),
            permissions: rights.permissions.clone(),
        }),
        api_key: None,
        entry_datetime: plain(stored.created_at, zone),
        last_update_datetime: stored.updated_at.map(|instant| plain(instant, zone)),
    }
}

/// A terminal with the key that was just made: the only time it is shown.
pub(super) fn terminal_with_key(
    stored: &Stored<TerminalDocument>,
    key: &ApiKey,
    zone: &TimeZone,
) -> pb::Terminal {
    pb::Terminal {
        api_key: Some(key.reveal().to_owned()),
        ..terminal(stored, zone)
    }
}

/// A session that began.
pub(super) fn opened(session: &Changed, zone: &TimeZone) -> pb::OpenTerminalResponse {
    let terminal = terminal(&session.terminal, zone);
    pb::OpenTerminalResponse {
        terminal_id: terminal.terminal_id.clone(),
        business_date: terminal.business_date.clone().unwrap_or_default(),
        open_counter: terminal.open_counter,
        business_counter: terminal.business_counter,
        initial_amount: terminal.initial_amount.clone(),
        terminal_info: Some(terminal),
        receipt_text: session.printed.receipt_text.clone(),
        journal_text: session.printed.journal_text.clone(),
    }
}

/// A session that ended.
pub(super) fn closed(session: &ClosedSession, zone: &TimeZone) -> pb::CloseTerminalResponse {
    let terminal = terminal(&session.changed.terminal, zone);
    pb::CloseTerminalResponse {
        terminal_id: terminal.terminal_id.clone(),
        business_date: terminal.business_date.clone().unwrap_or_default(),
        open_counter: terminal.open_counter,
        business_counter: terminal.business_counter,
        initial_amount: terminal.initial_amount.clone(),
        physical_amount: terminal.physical_amount.clone(),
        terminal_info: Some(terminal),
        receipt_text: session.changed.printed.receipt_text.clone(),
        journal_text: session.changed.printed.journal_text.clone(),
        expected_amount: Some(session.count.expected.into()),
        difference_amount: session.count.over_short.map(Into::into),
        open_cart_ids: session.changed.note.open_carts.clone(),
    }
}

/// Cash that moved.
pub(super) fn movement(moved: CashMovement) -> pb::CashMovement {
    pb::CashMovement {
        terminal_id: moved.terminal.to_string(),
        amount: Some(moved.amount.into()),
        description: moved.description,
        over_drawer_amount: moved.over_drawer.map(Into::into),
        receipt_text: moved.printed.receipt_text,
        journal_text: moved.printed.journal_text,
    }
}

/// A log as it was made.
pub(super) fn log(entry: LogEntry) -> pb::StreamLogsResponse {
    use pb::stream_logs_response::Log;
    let log = match entry {
        LogEntry::Cash(log) => Log::CashLog(log.0.clone()),
        LogEntry::OpenClose(log) => Log::OpenCloseLog(log.0.clone()),
    };
    pb::StreamLogsResponse { log: Some(log) }
}

/// A tenant with its stores.
pub(super) fn tenant(view: &TenantView, zone: &TimeZone) -> pb::Tenant {
    pb::Tenant {
        tenant_id: view.tenant.tenant_id.to_string(),
        tenant_name: view.tenant.tenant_name.clone(),
        tags: view.tenant.tags.clone(),
        stores: view.stores.iter().map(|stored| store(stored, zone)).collect(),
        entry_datetime: plain(view.tenant.created_at, zone),
        last_update_datetime: view.tenant.updated_at.map(|instant| plain(instant, zone)),
        till_rights: Some(till_rights(view.tenant.till_rights)),
    }
}

/// What a credential of the terminal is worth.
pub(super) fn standing(
    stored: &Stored<TerminalDocument>,
    rights: TillRights,
    zone: &TimeZone,
) -> pb::TerminalStanding {
    pb::TerminalStanding {
        terminal: Some(terminal(stored, zone)),
        key_id: stored.terminal.api_key_hash.id(),
        staff_session: stored.terminal.signed_in.as_ref().map(|signed_in| signed_in.at),
        till_rights: Some(till_rights(rights)),
    }
}

/// What a tenant lets its tills do.
fn till_rights(rights: TillRights) -> pb::TillRights {
    pb::TillRights {
        read_other_stores: rights.read_other_stores,
        write_masters: rights.write_masters,
    }
}

/// A store.
pub(super) fn store(stored: &Stored<StoreDocument>, zone: &TimeZone) -> pb::Store {
    pb::Store {
        store_code: stored.store_code.to_string(),
        store_name: stored.store_name.clone(),
        status: Some(stored.status.clone()),
        business_date: stored.business_date.map(|date| date.to_string()),
        tags: stored.tags.clone(),
        entry_datetime: plain(stored.created_at, zone),
        last_update_datetime: stored.updated_at.map(|instant| plain(instant, zone)),
        currency: stored.currency.to_string(),
        cash_coin: Some(stored.coin().into()),
    }
}

fn plain(instant: Timestamp, zone: &TimeZone) -> String {
    LocalTime::new(instant, zone).plain()
}

/// An approval, and what the till sends of it.
pub(super) fn approval(approval: Approval, text: String, zone: &TimeZone) -> pb::CreateApprovalResponse {
    let end = Timestamp::from_second(approval.end).unwrap_or(Timestamp::MAX);
    pb::CreateApprovalResponse {
        approval: text,
        permission: approval.permission,
        approved_by: Some(pb::StaffInfo {
            id: approval.approver.id,
            name: approval.approver.name,
        }),
        expires_at: LocalTime::new(end, zone).iso(),
    }
}
