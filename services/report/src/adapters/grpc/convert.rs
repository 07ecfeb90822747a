//! From requests to what use cases take. Bad input ends here.

use kugel_error::{Error, codes};
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::report::v1 as pb;
use kugel_rpc::{Caller, Checks, in_order};
use kugel_types::{BusinessDate, Page, Sort, StoreCode, TerminalId, TerminalNo};

use crate::domain::log::Session;
use crate::domain::query::{Period, ReportQuery, ReportScope};

/// What a report is asked for, and the terminal that asks.
pub(super) type Asked = (ReportQuery, Option<TerminalNo>);

/// Reads the request for a report.
pub(super) fn report(caller: &Caller, request: &pb::GetReportRequest) -> Result<Asked, Error> {
    let terminal = request.terminal_no.map(|number| TerminalNo::new(number.into()));
    let terminal = terminal.transpose()?;
    for (field, value) in [
        ("report_scope", &request.report_scope),
        ("report_type", &request.report_type),
    ] {
        if value.is_empty() {
            let message = format!("{field} is required");
            return Err(codes::INVALID_INPUT.error(message).field(field, "is required"));
        }
    }
    let scope = ReportScope::from_name(&request.report_scope).ok_or_else(|| {
        codes::REPORT_SCOPE_INVALID
            .error("report_scope must be `flash` or `daily`")
            .field("report_scope", "must be `flash` or `daily`")
    })?;
    let sort = request.sort.as_deref().filter(|sort| !sort.is_empty());
    let query = ReportQuery {
        store: request.store_code.parse()?,
        terminal,
        scope,
        report_type: request.report_type.clone(),
        period: period(request, scope)?,
        open_counter: request.open_counter,
        business_counter: request.business_counter,
        page: Page::new(request.limit, request.page, 0)?,
        sort: sort.map(Sort::parse).transpose()?.unwrap_or_default(),
    };
    let asking = asking(caller, request, &query);
    Ok((query, asking))
}

fn period(request: &pb::GetReportRequest, scope: ReportScope) -> Result<Period, Error> {
    let given = |date: &Option<String>| date.clone().filter(|date| !date.is_empty());
    let (from, to) = (
        given(&request.business_date_from),
        given(&request.business_date_to),
    );
    let (from, to) = match (from, to, given(&request.business_date)) {
        (Some(from), Some(to), _) => (from, to),
        (_, _, Some(day)) => return Ok(Period::Day(date("business_date", &day)?)),
        _ => {
            let message = "business_date is required, or business_date_from and business_date_to";
            return Err(codes::GENERAL_FAILURE
                .error(message)
                .field("business_date", "is required"));
        }
    };
    if scope == ReportScope::Flash {
        return Err(codes::GENERAL_FAILURE.error("a flash report covers one business_date, not a range"));
    }
    let (first, last) = (date("business_date_from", &from)?, date("business_date_to", &to)?);
    in_order(
        &codes::REPORT_RANGE_REVERSED,
        ("business_date_from", Some(first)),
        ("business_date_to", Some(last)),
    )?;
    Ok(Period::Range(first, last))
}

fn date(field: &str, text: &str) -> Result<BusinessDate, Error> {
    text.parse().map_err(|_| {
        codes::REPORT_DATE_INVALID
            .error(format!("{field} must be a date as YYYYMMDD"))
            .field(field, "must be a date as YYYYMMDD")
    })
}

/// The terminal under which the report is filed: the one that calls, else the one that the caller names.
fn asking(caller: &Caller, request: &pb::GetReportRequest, query: &ReportQuery) -> Option<TerminalNo> {
    if let Some(claims) = caller.terminal() {
        return Some(claims.id.number);
    }
    let named = request.terminal_id.as_deref().filter(|id| !id.is_empty())?;
    let id: Option<TerminalId> = named.parse().ok();
    id.filter(|id| id.store == query.store)
        .map(|id| id.number)
        .or(query.terminal)
}

/// The longest reason of a remark, in characters.
const REASON_MAX: usize = 500;

/// Reads which sessions are to be listed.
pub(super) fn unsettled(request: &pb::ListUnsettledSessionsRequest) -> Result<Option<StoreCode>, Error> {
    let mut checks = Checks::default();
    let store = checks.parse_given::<StoreCode>("store_code", request.store_code.as_deref());
    checks.done()?;
    Ok(store)
}

/// Reads the session that is to be mended.
pub(super) fn mend(request: &pb::MendSessionRequest) -> Result<Session, Error> {
    let mut checks = Checks::default();
    let (store, date) = (&request.store_code, &request.business_date);
    let session = session(
        &mut checks,
        store,
        request.terminal_no,
        date,
        request.open_counter,
    );
    checks.finish(|| session)
}

/// Reads the session that is to be settled, why, and in whose name.
pub(super) fn settle(request: pb::SettleSessionRequest) -> Result<(Session, String, Option<String>), Error> {
    let mut checks = Checks::default();
    let (store, date) = (&request.store_code, &request.business_date);
    let session = session(
        &mut checks,
        store,
        request.terminal_no,
        date,
        request.open_counter,
    );
    let reason = checks.name("reason", request.reason);
    checks.require(
        reason.chars().count() <= REASON_MAX,
        "reason",
        "must have at most 500 characters",
    );
    let made_by = request.made_by.filter(|name| !name.is_empty());
    checks.finish(|| Some((session?, reason, made_by)))
}

fn session(checks: &mut Checks, store: &str, terminal: i32, date: &str, opening: i32) -> Option<Session> {
    let store = checks.parse::<StoreCode>("store_code", store);
    let terminal = checks.taken("terminal_no", TerminalNo::new(terminal.into()));
    let date = checks.parse::<BusinessDate>("business_date", date);
    checks.require(opening >= 1, "open_counter", "must be 1 or more");
    Some(Session {
        store: store?,
        terminal: terminal?,
        date: date?,
        open_counter: opening,
        is_posted: false,
    })
}

/// Reads a transaction log that is posted. What it leaves out of its key is that of the path; what it says must agree.
pub(super) fn posted_transaction(request: pb::PostTransactionRequest) -> Result<TransactionLog, Error> {
    let missing = || {
        codes::INVALID_INPUT
            .error("a transaction log is required")
            .field("transaction", "is required")
    };
    let mut log = request.transaction.ok_or_else(missing)?;
    for (field, path, own) in [
        ("tenant_id", &request.tenant_id, &mut log.tenant_id),
        ("store_code", &request.store_code, &mut log.store_code),
    ] {
        if own.is_empty() {
            own.clone_from(path);
        } else if own != path {
            return Err(not_of_the_path(field));
        }
    }
    if log.terminal_no == 0 {
        log.terminal_no = request.terminal_no;
    } else if log.terminal_no != request.terminal_no {
        return Err(not_of_the_path("terminal_no"));
    }
    Ok(log)
}

fn not_of_the_path(field: &str) -> Error {
    codes::INVALID_INPUT
        .error(format!("{field} of the transaction is not that of the path"))
        .field(field, "must be that of the path")
        .within("transaction")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_posted_log_is_named_from_the_request_on() {
        let named = |transaction: Option<TransactionLog>| {
            let request = pb::PostTransactionRequest {
                tenant_id: "T1".to_owned(),
                store_code: "S1".to_owned(),
                terminal_no: 1,
                transaction,
            };
            posted_transaction(request).map_err(|error| error.fields()[0].field.clone())
        };
        assert_eq!(named(None).unwrap_err(), "transaction");
        let of_store = |store: &str| TransactionLog {
            store_code: store.to_owned(),
            ..TransactionLog::default()
        };
        assert_eq!(named(Some(of_store("S2"))).unwrap_err(), "transaction.store_code");
        assert_eq!(named(Some(of_store("S1"))).unwrap().terminal_no, 1);
    }
}
