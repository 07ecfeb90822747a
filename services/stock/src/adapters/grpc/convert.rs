//! From the wire to what the use cases take: everything is parsed here, once.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_error::{Error, codes};
use kugel_proto::Decimal;
use kugel_proto::stock::v1 as pb;
use kugel_rpc::Caller;
use kugel_types::{InvalidId, ItemCode, Moment, Page, Quantity, StoreCode};

use crate::app::Thresholds;
use crate::domain::movement::{Kind, Movement};
use crate::domain::schedule_draft::Draft;

/// Rows a page when the request does not say, and the most it may ask for.
const LIMIT_DEFAULT: i32 = 100;
const LIMIT_MAX: i32 = 1000;
/// The author of a snapshot when the request names none.
const DEFAULT_AUTHOR: &str = "system";

fn invalid(field: &'static str, rule: &str) -> Error {
    codes::INVALID_INPUT
        .error(format!("{field} {rule}"))
        .field(field, rule)
}

/// Names the field of the request that a value was refused for.
fn in_field(field: &'static str) -> impl Fn(InvalidId) -> Error {
    move |refused| {
        codes::INVALID_INPUT
            .error(format!("{field}: {refused}"))
            .field(field, refused.rule)
    }
}

/// Reads a store code.
pub(super) fn store(text: &str) -> Result<StoreCode, Error> {
    text.parse().map_err(in_field("store_code"))
}

/// Reads a store code; no text means every store.
pub(super) fn optional_store(text: &str) -> Result<Option<StoreCode>, Error> {
    (!text.is_empty()).then(|| store(text)).transpose()
}

/// Reads store and item.
pub(super) fn place(store_code: &str, item_code: &str) -> Result<(StoreCode, ItemCode), Error> {
    Ok((store(store_code)?, item(item_code)?))
}

/// Reads an item code.
fn item(text: &str) -> Result<ItemCode, Error> {
    text.parse().map_err(in_field("item_code"))
}

/// Reads the page of a list.
pub(super) fn page(page: Option<i32>, limit: Option<i32>) -> Result<Page, Error> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(invalid("limit", "must be 1 to 1000"));
    }
    Ok(Page::new(Some(limit), page, limit.unsigned_abs())?)
}

/// Reads a quantity that must be there.
fn quantity(field: &'static str, value: Option<&Decimal>) -> Result<Quantity, Error> {
    let value = value.ok_or_else(|| invalid(field, "is required"))?;
    Quantity::try_from(value).map_err(|refused| {
        codes::INVALID_INPUT
            .error(format!("{field}: {refused}"))
            .field(field, "is not in range")
    })
}

/// The minimum to set.
pub(super) fn minimum(request: &pb::SetMinimumQuantityRequest) -> Result<Thresholds, Error> {
    Ok(Thresholds {
        minimum: Some(threshold("minimum_quantity", request.minimum_quantity.as_ref())?),
        ..Thresholds::default()
    })
}

/// The reorder parameters to set.
pub(super) fn reorder(request: &pb::SetReorderParametersRequest) -> Result<Thresholds, Error> {
    Ok(Thresholds {
        reorder_point: Some(threshold("reorder_point", request.reorder_point.as_ref())?),
        reorder_quantity: Some(threshold("reorder_quantity", request.reorder_quantity.as_ref())?),
        minimum: None,
    })
}

/// Reads a threshold, which must be there and not negative.
fn threshold(field: &'static str, value: Option<&Decimal>) -> Result<Quantity, Error> {
    let value = quantity(field, value)?;
    if value.is_negative() {
        Err(invalid(field, "must not be negative"))
    } else {
        Ok(value)
    }
}

/// Reads a change by hand.
pub(super) fn movement(
    caller: &Caller,
    request: pb::UpdateStockRequest,
    at: Timestamp,
) -> Result<Movement, Error> {
    Ok(Movement {
        store: store(&request.store_code)?,
        item: item(&request.item_code)?,
        kind: request
            .update_type
            .parse::<Kind>()
            .map_err(in_field("update_type"))?,
        change: quantity("quantity_change", request.quantity_change.as_ref())?,
        reference: request.reference_id.map(Into::into),
        at,
        // A change by hand always has an author, and one that a transaction made has none.
        operator: Some(
            request
                .operator_id
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| caller.actor()),
        ),
        note: request.note,
    })
}

/// Who takes a snapshot: who is named, else the terminal that asks, else the system.
pub(super) fn author(caller: &Caller, named: Option<String>) -> String {
    named
        .filter(|name| !name.is_empty() && name != DEFAULT_AUTHOR)
        .or_else(|| caller.terminal().map(|claims| claims.id.to_string()))
        .unwrap_or_else(|| DEFAULT_AUTHOR.to_owned())
}

/// Reads the time within which snapshots are listed; its end is inclusive.
pub(super) fn period(
    start: Option<&str>,
    end: Option<&str>,
    zone: &TimeZone,
) -> Result<(Option<Timestamp>, Option<Timestamp>), Error> {
    let moment = |field, text: Option<&str>| {
        text.map(|text| Moment::parse(text, zone).map_err(in_field(field)))
            .transpose()
    };
    let (start, end) = (moment("start_date", start)?, moment("end_date", end)?);
    Ok((start.map(|start| start.first), end.map(|end| end.last)))
}

/// Takes a schedule as it was written; its rules are the domain's.
pub(super) fn draft(request: pb::SetSnapshotScheduleRequest) -> Draft {
    Draft {
        enabled: request.enabled,
        interval: request.schedule_interval,
        hour: request.schedule_hour,
        minute: request.schedule_minute,
        day_of_week: request.schedule_day_of_week,
        day_of_month: request.schedule_day_of_month,
        retention_days: request.retention_days,
        target_stores: request.target_stores,
    }
}
