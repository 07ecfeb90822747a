//! From request messages to commands: everything is parsed here, once, and everything that is wrong is named.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_error::{Error, codes};
use kugel_proto::Decimal;
use kugel_proto::stock::v1 as pb;
use kugel_rpc::{Caller, Checks, List, View, in_order};
use kugel_types::{ItemCode, Moment, Quantity, StoreCode};

use crate::app::Thresholds;
use crate::domain::movement::Movement;
use crate::domain::schedule_draft::Draft;

const STOCKS: List = List::by("item_code:1", |_| true).limited(1, 1000);
const HISTORY: List = List::by("timestamp:-1", |_| true).limited(1, 1000);
const SNAPSHOTS: List = List::by("generate_date_time:-1", |_| true).limited(1, 1000);
/// The author of a snapshot when the request names none.
const DEFAULT_AUTHOR: &str = "system";

/// A store.
pub(super) fn store(text: &str) -> Result<StoreCode, Error> {
    let mut checks = Checks::default();
    let store = checks.parse("store_code", text);
    checks.finish(|| store)
}

/// A store; no text means every store.
pub(super) fn optional_store(text: &str) -> Result<Option<StoreCode>, Error> {
    (!text.is_empty()).then(|| store(text)).transpose()
}

/// An item of a store.
pub(super) fn place(store_code: &str, item_code: &str) -> Result<(StoreCode, ItemCode), Error> {
    let mut checks = Checks::default();
    let (store, item) = read_place(&mut checks, store_code, item_code);
    checks.finish(|| Some((store?, item?)))
}

fn read_place(
    checks: &mut Checks,
    store_code: &str,
    item_code: &str,
) -> (Option<StoreCode>, Option<ItemCode>) {
    (
        checks.parse("store_code", store_code),
        checks.parse("item_code", item_code),
    )
}

/// The same where the item's stock is made if there is none.
fn read_made(
    checks: &mut Checks,
    store_code: &str,
    item_code: &str,
) -> (Option<StoreCode>, Option<ItemCode>) {
    checks.made("item_code", item_code);
    read_place(checks, store_code, item_code)
}

/// The items of a store to list.
pub(super) fn stocks(request: &pb::ListStocksRequest) -> Result<(StoreCode, View), Error> {
    let mut checks = Checks::default();
    let store = checks.parse("store_code", &request.store_code);
    let view = STOCKS.view(&mut checks, request.limit, request.page, None);
    checks.finish(|| Some((store?, view)))
}

/// All items of a store, on one page.
pub(super) fn all_stocks(store_code: &str) -> Result<(StoreCode, View), Error> {
    let mut checks = Checks::default();
    let store = checks.parse("store_code", store_code);
    let view = STOCKS.rows(0).view(&mut checks, None, None, None);
    checks.finish(|| Some((store?, view)))
}

/// The changes of an item to list.
pub(super) fn history(request: &pb::ListStockHistoryRequest) -> Result<(StoreCode, ItemCode, View), Error> {
    let mut checks = Checks::default();
    let (store, item) = read_place(&mut checks, &request.store_code, &request.item_code);
    let view = HISTORY.view(&mut checks, request.limit, request.page, None);
    checks.finish(|| Some((store?, item?, view)))
}

/// The minimum to set.
pub(super) fn minimum(
    request: &pb::SetMinimumQuantityRequest,
) -> Result<(StoreCode, ItemCode, Thresholds), Error> {
    let mut checks = Checks::default();
    let (store, item) = read_made(&mut checks, &request.store_code, &request.item_code);
    let minimum = threshold(&mut checks, "minimum_quantity", request.minimum_quantity.as_ref());
    let thresholds = Thresholds {
        minimum: Some(minimum),
        ..Thresholds::default()
    };
    checks.finish(|| Some((store?, item?, thresholds)))
}

/// The reorder parameters to set.
pub(super) fn reorder(
    request: &pb::SetReorderParametersRequest,
) -> Result<(StoreCode, ItemCode, Thresholds), Error> {
    let mut checks = Checks::default();
    let (store, item) = read_made(&mut checks, &request.store_code, &request.item_code);
    let point = threshold(&mut checks, "reorder_point", request.reorder_point.as_ref());
    let quantity = threshold(&mut checks, "reorder_quantity", request.reorder_quantity.as_ref());
    let thresholds = Thresholds {
        reorder_point: Some(point),
        reorder_quantity: Some(quantity),
        minimum: None,
    };
    checks.finish(|| Some((store?, item?, thresholds)))
}

fn threshold(checks: &mut Checks, field: &str, wire: Option<&Decimal>) -> Quantity {
    checks.figure(field, wire, "must not be negative", |value: &Quantity| {
        !value.is_negative()
    })
}

/// A change by hand.
pub(super) fn movement(
    caller: &Caller,
    request: pb::UpdateStockRequest,
    at: Timestamp,
) -> Result<Movement, Error> {
    let mut checks = Checks::default();
    let (store, item) = read_made(&mut checks, &request.store_code, &request.item_code);
    let kind = checks.parse("update_type", &request.update_type);
    let change = checks.quantity("quantity_change", request.quantity_change.as_ref());
    // A change by hand always has an author, and one that a transaction made has none.
    let operator = request.operator_id.filter(|name| !name.is_empty());
    checks.finish(|| {
        Some(Movement {
            store: store?,
            item: item?,
            kind: kind?,
            change,
            reference: request.reference_id.map(Into::into),
            at,
            operator: Some(operator.unwrap_or_else(|| caller.actor())),
            note: request.note,
        })
    })
}

/// Who takes a snapshot: who is named, else the terminal that asks, else the system.
pub(super) fn author(caller: &Caller, named: Option<String>) -> String {
    named
        .filter(|name| !name.is_empty() && name != DEFAULT_AUTHOR)
        .or_else(|| caller.terminal().map(|claims| claims.id.to_string()))
        .unwrap_or_else(|| DEFAULT_AUTHOR.to_owned())
}

/// The time within which snapshots are listed; its end is inclusive.
pub(super) type Period = (Option<Timestamp>, Option<Timestamp>);

/// The snapshots of a store to list.
pub(super) fn snapshots(
    request: pb::ListSnapshotsRequest,
    zone: &TimeZone,
) -> Result<(StoreCode, Period, View), Error> {
    let mut checks = Checks::default();
    let store = checks.parse("store_code", &request.store_code);
    let mut moment = |field, text: Option<&str>| checks.taken(field, Moment::parse(text?, zone));
    let start = moment("start_date", request.start_date.as_deref()).map(|start| start.first);
    let end = moment("end_date", request.end_date.as_deref()).map(|end| end.last);
    let view = SNAPSHOTS
        .view(&mut checks, request.limit, request.page, None)
        .filtered("start_date", request.start_date)
        .filtered("end_date", request.end_date);
    let asked = checks.finish(|| Some((store?, (start, end), view)))?;
    in_order(&codes::RANGE_REVERSED, ("start_date", start), ("end_date", end))?;
    Ok(asked)
}

/// A schedule as it was written; its rules are the domain's.
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
