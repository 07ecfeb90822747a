//! From requests to what the use cases take: everything is parsed here, once.

use jiff::tz::TimeZone;
use kugel_error::{Error, codes};
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::journal::v1 as pb;
use kugel_rpc::in_order;
use kugel_types::{BusinessDate, InvalidId, Moment, Money, Page, Quantity, StoreCode, TenantId, TerminalNo};

use crate::domain::search::{Order, Search};
use crate::records::{Entry, missing, zero};

/// Rows a page when the request does not say.
const DEFAULT_LIMIT: u32 = 100;

/// Names the field of the request that a value was refused for.
fn in_field(field: &'static str) -> impl Fn(InvalidId) -> Error {
    move |invalid| {
        codes::INVALID_INPUT
            .error(format!("{field}: {invalid}"))
            .field(field, invalid.rule)
    }
}

/// Reads a search.
pub(super) fn search(request: &pb::SearchJournalsRequest, zone: &TimeZone) -> Result<Search, Error> {
    let number = |number: &i32| TerminalNo::new((*number).into()).map_err(in_field("terminals"));
    let search = Search {
        store: request.store_code.parse().map_err(in_field("store_code"))?,
        terminals: request.terminals.iter().map(number).collect::<Result<_, _>>()?,
        transaction_types: request.transaction_types.clone(),
        business_date_from: date("business_date_from", request.business_date_from.as_deref())?,
        business_date_to: date("business_date_to", request.business_date_to.as_deref())?,
        generated_from: moment(
            "generate_date_time_from",
            request.generate_date_time_from.as_deref(),
            zone,
        )?
        .map(|moment| moment.first),
        generated_to: moment(
            "generate_date_time_to",
            request.generate_date_time_to.as_deref(),
            zone,
        )?
        .map(|moment| moment.last),
        receipt_no_from: request.receipt_no_from,
        receipt_no_to: request.receipt_no_to,
        // An empty keyword is held by every text: it would switch the others off.
        keywords: request
            .keywords
            .iter()
            .filter(|keyword| !keyword.is_empty())
            .cloned()
            .collect(),
        order: Order::parse(request.sort.as_deref())?,
        page: Page::new(request.limit, request.page, DEFAULT_LIMIT)?,
    };
    ranges(&search)?;
    Ok(search)
}

fn ranges(search: &Search) -> Result<(), Error> {
    let spec = &codes::RANGE_REVERSED;
    in_order(
        spec,
        ("business_date_from", search.business_date_from),
        ("business_date_to", search.business_date_to),
    )?;
    in_order(
        spec,
        ("generate_date_time_from", search.generated_from),
        ("generate_date_time_to", search.generated_to),
    )?;
    in_order(
        spec,
        ("receipt_no_from", search.receipt_no_from),
        ("receipt_no_to", search.receipt_no_to),
    )
}

/// The search of a stream: that of the request, in the request's own store, on one page.
pub(super) fn unpaged(request: pb::StreamJournalsRequest) -> pb::SearchJournalsRequest {
    let (tenant_id, store_code) = (request.tenant_id, request.store_code);
    pb::SearchJournalsRequest {
        tenant_id,
        store_code,
        limit: None,
        page: None,
        ..request.search.unwrap_or_default()
    }
}

fn date(field: &'static str, text: Option<&str>) -> Result<Option<BusinessDate>, Error> {
    text.map(|text| text.parse().map_err(in_field(field))).transpose()
}

fn moment(field: &'static str, text: Option<&str>, zone: &TimeZone) -> Result<Option<Moment>, Error> {
    text.map(|text| Moment::parse(text, zone).map_err(in_field(field)))
        .transpose()
}

/// The identity that a path names, to be compared with that of the body.
struct Place {
    tenant: TenantId,
    store: StoreCode,
    terminal: TerminalNo,
}

impl Place {
    /// Reads the path.
    fn new(tenant: &TenantId, store: &str, terminal: i32) -> Result<Self, Error> {
        let store = store.parse().map_err(in_field("store_code"))?;
        let terminal = TerminalNo::new(terminal.into()).map_err(in_field("terminal_no"))?;
        Ok(Self {
            tenant: tenant.clone(),
            store,
            terminal,
        })
    }

    /// Refuses a body that names another tenant, store or terminal: it would be filed where nobody finds it, or in the
    /// name of somebody else.
    fn must_be(&self, tenant: &str, store: &str, terminal: i32) -> Result<(), Error> {
        for (field, same) in [
            ("tenant_id", tenant == self.tenant.as_str()),
            ("store_code", store == self.store.as_str()),
            ("terminal_no", terminal == self.terminal.get()),
        ] {
            if !same {
                let message = format!("{field} of the body is not that of the path");
                return Err(codes::INVALID_INPUT
                    .error(message)
                    .field(field, "must be that of the path"));
            }
        }
        Ok(())
    }
}

/// Reads a transaction log that is posted.
pub(super) fn posted_transaction(
    tenant: &TenantId,
    request: pb::PostTransactionRequest,
) -> Result<TransactionLog, Error> {
    let place = Place::new(tenant, &request.store_code, request.terminal_no)?;
    let log = request.transaction.ok_or_else(|| missing("transaction"))?;
    let same = place.must_be(&log.tenant_id, &log.store_code, log.terminal_no);
    same.map_err(|error| error.within("transaction"))?;
    Ok(log)
}

/// Reads an entry that was written by hand or by a report.
pub(super) fn new_journal(
    tenant: &TenantId,
    request: pb::CreateJournalRequest,
    zone: &TimeZone,
) -> Result<Entry, Error> {
    let place = Place::new(tenant, &request.store_code, request.terminal_no)?;
    let posted = request.journal.ok_or_else(|| missing("journal"))?;
    new_entry(&place, posted, zone).map_err(|error| error.within("journal"))
}

fn new_entry(place: &Place, entry: pb::NewJournalEntry, zone: &TimeZone) -> Result<Entry, Error> {
    let terminal = entry.terminal_no.ok_or_else(|| missing("terminal_no"))?;
    for (field, text) in [("tenant_id", &entry.tenant_id), ("store_code", &entry.store_code)] {
        if text.is_empty() {
            return Err(missing(field));
        }
    }
    place.must_be(&entry.tenant_id, &entry.store_code, terminal)?;
    let business_date: BusinessDate = entry.business_date.parse().map_err(in_field("business_date"))?;
    let generated = Moment::parse(&entry.generate_date_time, zone)
        .map_err(in_field("generate_date_time"))?
        .first;
    let transaction_type = entry
        .transaction_type
        .ok_or_else(|| missing("transaction_type"))?;
    let amount = entry
        .amount
        .as_ref()
        .map(Money::try_from)
        .transpose()
        .map_err(amount_in("amount"))?;
    let quantity = entry
        .quantity
        .as_ref()
        .map(Quantity::try_from)
        .transpose()
        .map_err(amount_in("quantity"))?;
    let mut entry = Entry {
        key: String::new(),
        store_code: place.store.clone(),
        terminal_no: place.terminal,
        transaction_no: entry.transaction_no,
        transaction_type,
        business_date,
        open_counter: entry.open_counter.ok_or_else(|| missing("open_counter"))?,
        business_counter: entry
            .business_counter
            .ok_or_else(|| missing("business_counter"))?,
        generate_date_time: entry.generate_date_time,
        generated_at: generated.as_microsecond(),
        receipt_no: entry.receipt_no,
        amount: amount.map_or_else(zero, Into::into),
        quantity: quantity.map_or_else(zero, Into::into),
        staff_id: entry.staff_id,
        approver_ids: Vec::new(),
        user_id: entry.user_id,
        journal_text: entry.journal_text.unwrap_or_default(),
        receipt_text: entry.receipt_text.unwrap_or_default(),
    };
    entry.key = entry.posted_key();
    Ok(entry)
}

fn amount_in(field: &'static str) -> impl Fn(kugel_types::InvalidAmount) -> Error {
    move |invalid| {
        codes::INVALID_INPUT
            .error(format!("{field}: {invalid}"))
            .field(field, "is not in range")
    }
}
