//! From messages to the domain's words. What cannot be read is refused with its field named.

use kugel_auth::{Permission, StaffRights, TerminalClaims};
use kugel_error::{Error, codes};
use kugel_pricing::{Discount, DiscountValue};
use kugel_proto::Decimal;
use kugel_proto::cart::v1 as pb;
use kugel_rpc::{Caller, Checks, List, View};
use kugel_types::{BusinessDate, Money, Quantity, Rate, TenantId, TerminalId, TerminalNo, TransactionType};

use crate::app::{Acknowledgement, NewCart, StreamStart, Till, TransactionFilter, approved};
use crate::domain::by_hand::ByHand;
use crate::domain::entry::LineEntry;
use crate::domain::payment::PaymentEntry;
use crate::domain::terminal::Session;
use crate::records::LOG_TRAN;

/// Transactions of a terminal, the newest first.
const TRANSACTIONS: List = List::by("transaction_no:-1", |field| LOG_TRAN.kind_of(field).is_some());

/// The terminal that calls. The methods' policies let nobody else in.
pub(super) fn terminal(caller: &Caller) -> Result<&TerminalId, Error> {
    caller
        .terminal()
        .map(|claims: &TerminalClaims| &claims.id)
        .ok_or_else(|| codes::PERMISSION_DENIED.error("only a terminal may call this"))
}

/// The terminal that calls, with what makes its command repeatable.
pub(super) fn till(caller: &Caller) -> Result<Till, Error> {
    // Where nobody is signed in, which older clients alone may be, nothing is limited.
    let rights = caller.terminal().and_then(|claims| claims.staff_rights);
    let overrides = |rights: &StaffRights| rights.permissions.contains(Permission::SalesOverride);
    let bound = rights.filter(|rights| !overrides(rights));
    Ok(Till {
        terminal: terminal(caller)?.clone(),
        by_hand: ByHand {
            sets_prices: bound.is_none(),
            discount_limit: bound.and_then(|rights| rights.discount_limit),
        },
        approval: approved(caller),
        traceparent: caller.traceparent().map(ToOwned::to_owned),
        request: caller.request().cloned(),
    })
}

/// The terminal that a request names, in the caller's tenant.
pub(super) fn named_terminal(
    tenant: &TenantId,
    store_code: &str,
    terminal_no: i32,
) -> Result<TerminalId, Error> {
    let mut checks = Checks::default();
    let terminal = terminal_of(&mut checks, tenant, store_code, terminal_no);
    checks.finish(|| terminal)
}

fn terminal_of(
    checks: &mut Checks,
    tenant: &TenantId,
    store_code: &str,
    terminal_no: i32,
) -> Option<TerminalId> {
    let store = checks.parse("store_code", store_code);
    let number = checks.taken("terminal_no", TerminalNo::new(i64::from(terminal_no)));
    Some(TerminalId {
        tenant: tenant.clone(),
        store: store?,
        number: number?,
    })
}

pub(super) fn new_cart(request: pb::CreateCartRequest) -> NewCart {
    NewCart {
        transaction_type: request.transaction_type,
        user_id: request.user_id,
        user_name: request.user_name,
    }
}

pub(super) fn line_entries(entries: Vec<pb::LineItemEntry>) -> Result<Vec<LineEntry>, Error> {
    let mut checks = Checks::default();
    let lines = checks.each("line_items", entries, |checks, entry| {
        let item_code = checks.parse("item_code", &entry.item_code);
        let price = entry.unit_price.as_ref();
        Some(LineEntry {
            quantity: count(checks, entry.quantity.as_ref()),
            unit_price: price.map(|price| checks.amount("unit_price", Some(price))),
            item_code: item_code?,
        })
    });
    checks.finish(|| lines.into_iter().collect())
}

pub(super) fn unit_price(value: Option<&Decimal>) -> Result<Money, Error> {
    let mut checks = Checks::default();
    let price = checks.amount("unit_price", value);
    checks.done().map(|()| price)
}

pub(super) fn quantity(value: Option<&Decimal>) -> Result<Quantity, Error> {
    let mut checks = Checks::default();
    let quantity = count(&mut checks, value);
    checks.done().map(|()| quantity)
}

fn count(checks: &mut Checks, value: Option<&Decimal>) -> Quantity {
    checks.figure("quantity", value, "must be above zero", |quantity: &Quantity| {
        quantity.is_positive()
    })
}

pub(super) fn discounts(entries: Vec<pb::DiscountEntry>) -> Result<Vec<Discount>, Error> {
    const KINDS: [(&str, bool); 2] = [("DiscountAmount", false), ("DiscountPercentage", true)];
    let mut checks = Checks::default();
    let discounts = checks.each("discounts", entries, |checks, entry| {
        let value = entry.discount_value.as_ref();
        Discount {
            value: match checks.one_of("discount_type", &entry.discount_type, &KINDS) {
                Some(true) => DiscountValue::Percentage(percentage(checks, value)),
                Some(false) | None => DiscountValue::Amount(above_zero(checks, "discount_value", value)),
            },
            detail: entry.discount_detail,
            promotion: None,
        }
    });
    checks.done().map(|()| discounts)
}

fn percentage(checks: &mut Checks, value: Option<&Decimal>) -> Rate {
    let rule = "must be a percentage from 0 to 100";
    checks.percent("discount_value", value, rule, |rate| !rate.is_negative())
}

fn above_zero(checks: &mut Checks, field: &str, value: Option<&Decimal>) -> Money {
    checks.figure(field, value, "must be above zero", |amount: &Money| {
        amount.is_positive()
    })
}

pub(super) fn payments(entries: Vec<pb::PaymentEntry>) -> Result<Vec<PaymentEntry>, Error> {
    let mut checks = Checks::default();
    let payments = payments_of(&mut checks, entries);
    checks.done().map(|()| payments)
}

fn payments_of(checks: &mut Checks, entries: Vec<pb::PaymentEntry>) -> Vec<PaymentEntry> {
    checks.each("payments", entries, |checks, entry| PaymentEntry {
        payment_code: checks.name("payment_code", entry.payment_code),
        // Nothing is an amount too: it settles in cash what rounds to nothing.
        amount: checks.amount("amount", entry.amount.as_ref()),
        detail: entry.detail,
    })
}

/// What is reversed, and what is given back.
pub(super) fn reversal(
    tenant: &TenantId,
    store_code: &str,
    terminal_no: i32,
    payments: Vec<pb::PaymentEntry>,
) -> Result<(TerminalId, Vec<PaymentEntry>), Error> {
    let mut checks = Checks::default();
    let terminal = terminal_of(&mut checks, tenant, store_code, terminal_no);
    let payments = payments_of(&mut checks, payments);
    checks.finish(|| Some((terminal?, payments)))
}

/// Which session of which terminal is sealed.
pub(super) fn session(
    tenant: &TenantId,
    request: &pb::SealSessionRequest,
) -> Result<(TerminalId, Session), Error> {
    let mut checks = Checks::default();
    let terminal = terminal_of(&mut checks, tenant, &request.store_code, request.terminal_no);
    let business_date = checks.parse("business_date", &request.business_date);
    let (open_counter, business_counter) = (request.open_counter, request.business_counter);
    checks.require(open_counter > 0, "open_counter", "must be above zero");
    checks.require(business_counter > 0, "business_counter", "must be above zero");
    checks.finish(|| {
        let session = Session {
            business_date: business_date?,
            open_counter,
            business_counter,
        };
        Some((terminal?, session))
    })
}

/// Which transactions of which terminal are listed.
pub(super) fn list(
    tenant: &TenantId,
    request: &pb::ListTransactionsRequest,
) -> Result<(TerminalId, TransactionFilter, View), Error> {
    let mut checks = Checks::default();
    let terminal = terminal_of(&mut checks, tenant, &request.store_code, request.terminal_no);
    let business_date = checks.parse_given::<BusinessDate>("business_date", request.business_date.as_deref());
    let types = request.transaction_type.iter().enumerate();
    let types: Vec<_> = types
        .map(|(index, number)| {
            checks.taken(
                &format!("transaction_type[{index}]"),
                TransactionType::try_from(*number),
            )
        })
        .collect();
    let view = TRANSACTIONS.view(&mut checks, request.limit, request.page, request.sort.as_deref());
    let (terminal, transaction_types) =
        checks.finish(|| Some((terminal?, types.into_iter().collect::<Option<Vec<_>>>()?)))?;
    let filter = TransactionFilter {
        business_date,
        open_counter: request.open_counter.filter(|counter| *counter != 0),
        transaction_types,
        receipt_no: request.receipt_no.filter(|number| *number != 0),
        include_cancelled: request.include_cancelled.unwrap_or(false),
    };
    let types = filter.transaction_types.iter().map(ToString::to_string);
    let types = Some(types.collect::<Vec<_>>()).filter(|types| !types.is_empty());
    let view = view
        .filtered("store_code", Some(&terminal.store))
        .filtered("terminal_no", Some(terminal.number))
        .filtered("business_date", filter.business_date)
        .filtered("open_counter", filter.open_counter)
        .filtered("transaction_type", types.map(|types| types.join(",")))
        .filtered("receipt_no", filter.receipt_no)
        .filtered("is_cancelled", (!filter.include_cancelled).then_some(false));
    Ok((terminal, filter, view))
}

pub(super) fn acknowledgement(request: &pb::UpdateDeliveryStatusRequest) -> Result<Acknowledgement, Error> {
    const STATUSES: [(&str, bool); 3] = [("received", false), ("delivered", false), ("failed", true)];
    let mut checks = Checks::default();
    let event_id = checks.parse("event_id", &request.event_id);
    let service = checks.name("service", request.service.clone());
    let is_failed = checks.one_of("status", &request.status, &STATUSES);
    let reason = request.message.clone().filter(|text| !text.is_empty());
    let reason = reason.unwrap_or_else(|| "no reason given".to_owned());
    checks.finish(|| {
        Some(Acknowledgement {
            event_id: event_id?,
            service,
            failure: is_failed?.then_some(reason),
        })
    })
}

pub(super) fn stream(request: &pb::StreamTransactionsRequest) -> Result<StreamStart, Error> {
    let mut checks = Checks::default();
    let store = checks.parse_given("store_code", Some(&request.store_code));
    let number = Some(request.terminal_no).filter(|number| *number != 0);
    let terminal = number.and_then(|number| checks.taken("terminal_no", TerminalNo::new(i64::from(number))));
    checks.done()?;
    Ok(StreamStart { store, terminal })
}

#[cfg(test)]
mod tests {
    use kugel_stand::decimal;
    use kugel_types::EventId;

    use super::*;

    #[track_caller]
    fn check<T>(result: Result<T, Error>, field: &str) {
        let error = result.map(|_| ()).expect_err(field);
        assert!(error.is(&codes::INVALID_INPUT));
        assert_eq!(error.fields()[0].field, field);
    }

    #[test]
    fn a_line_that_cannot_be_read_names_its_field() {
        let entry = |code: &str, quantity: Option<Decimal>, price: Option<Decimal>| {
            let good = pb::LineItemEntry {
                item_code: "a".to_owned(),
                quantity: decimal("1"),
                unit_price: None,
            };
            let other = pb::LineItemEntry {
                item_code: code.to_owned(),
                quantity,
                unit_price: price,
            };
            line_entries(vec![good, other])
        };
        assert_eq!(entry("b", decimal("0.25"), decimal("0")).unwrap().len(), 2);
        check(entry("", decimal("1"), None), "line_items[1].item_code");
        for quantity in [
            None,
            decimal("0"),
            decimal("-1"),
            decimal("one"),
            decimal("0.00001"),
        ] {
            check(entry("b", quantity, None), "line_items[1].quantity");
        }
        check(
            entry("b", decimal("1"), decimal("-1")),
            "line_items[1].unit_price",
        );
    }

    #[test]
    fn discounts_and_payments_that_cannot_be_read_name_their_field() {
        let discount = |kind: &str, value: Option<Decimal>| {
            discounts(vec![pb::DiscountEntry {
                discount_type: kind.to_owned(),
                discount_value: value,
                discount_detail: None,
            }])
        };
        assert!(discount("DiscountPercentage", decimal("12.5")).is_ok());
        check(discount("Discount", decimal("1")), "discounts[0].discount_type");
        check(discount("DiscountAmount", None), "discounts[0].discount_value");
        let payment = |code: &str, amount: Option<Decimal>| {
            payments(vec![pb::PaymentEntry {
                payment_code: code.to_owned(),
                amount,
                detail: None,
            }])
        };
        assert!(payment("01", decimal("1")).is_ok());
        check(payment("", decimal("1")), "payments[0].payment_code");
        check(payment("01", decimal("-1")), "payments[0].amount");
        check(payment("01", None), "payments[0].amount");
    }

    #[test]
    fn consumers_report_receipt_or_failure() {
        let report = |status: &str, message: Option<&str>| {
            acknowledgement(&pb::UpdateDeliveryStatusRequest {
                event_id: EventId::generate().to_string(),
                service: "report".to_owned(),
                status: status.to_owned(),
                message: message.map(ToOwned::to_owned),
                ..Default::default()
            })
        };
        assert_eq!(report("received", Some("")).unwrap().failure, None);
        assert_eq!(report("delivered", None).unwrap().failure, None);
        assert_eq!(
            report("failed", Some("full")).unwrap().failure.as_deref(),
            Some("full")
        );
        assert!(report("failed", None).unwrap().failure.is_some());
        check(report("done", None), "status");
    }

    #[track_caller]
    fn check_all<T>(result: Result<T, Error>, expected: &[&str]) {
        let error = result.map(|_| ()).expect_err("refused");
        let fields = error.fields().iter().map(|wrong| wrong.field.as_str());
        assert_eq!(fields.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn all_wrong_fields_are_named_at_once() {
        let line = |code: &str, quantity: &str| pb::LineItemEntry {
            item_code: code.to_owned(),
            quantity: decimal(quantity),
            unit_price: decimal("-1"),
        };
        check_all(
            line_entries(vec![line("", "0"), line("b", "1")]),
            &[
                "line_items[0].item_code",
                "line_items[0].quantity",
                "line_items[0].unit_price",
                "line_items[1].unit_price",
            ],
        );
        let tenant = "t1".parse().unwrap();
        let payments = vec![pb::PaymentEntry::default()];
        check_all(
            reversal(&tenant, "", 0, payments),
            &[
                "store_code",
                "terminal_no",
                "payments[0].payment_code",
                "payments[0].amount",
            ],
        );
        let request = pb::ListTransactionsRequest {
            store_code: "s1".to_owned(),
            terminal_no: 1,
            business_date: Some("today".to_owned()),
            transaction_type: vec![101, 7],
            limit: Some(-1),
            sort: Some("colour:1".to_owned()),
            ..Default::default()
        };
        check_all(
            list(&tenant, &request),
            &["business_date", "transaction_type[1]", "limit", "sort"],
        );
        check_all(
            acknowledgement(&pb::UpdateDeliveryStatusRequest::default()),
            &["event_id", "service", "status"],
        );
    }
}
