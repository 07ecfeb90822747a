//! From messages to the domain's words. What cannot be read is refused with its field named.

use std::fmt::Display;

use kugel_auth::TerminalClaims;
use kugel_error::{Error, codes};
use kugel_pricing::{Discount, DiscountValue};
use kugel_proto::Decimal;
use kugel_proto::cart::v1 as pb;
use kugel_rpc::Caller;
use kugel_store::{Page, Sort};
use kugel_types::{BusinessDate, EventId, InvalidAmount, Money, Quantity, TenantId, TerminalId, TerminalNo};

use crate::app::{Acknowledgement, NewCart, StreamStart, Till, TransactionFilter};
use crate::domain::entry::LineEntry;
use crate::domain::payment::PaymentEntry;

/// Rows a page if the caller does not say.
const ROWS_DEFAULT: u32 = 100;

fn invalid(field: impl Into<String>, rule: impl Display) -> Error {
    codes::INVALID_INPUT
        .error("the input is not valid")
        .field(field, rule.to_string())
}

fn number<'a, T: TryFrom<&'a Decimal, Error = InvalidAmount>>(
    value: Option<&'a Decimal>,
    field: impl Fn() -> String,
) -> Result<T, Error> {
    let value = value.ok_or_else(|| invalid(field(), "is required"))?;
    T::try_from(value).map_err(|error| invalid(field(), error))
}

/// The terminal that calls. The methods' policies let nobody else in.
pub(super) fn terminal(caller: &Caller) -> Result<&TerminalId, Error> {
    caller
        .terminal()
        .map(|claims: &TerminalClaims| &claims.id)
        .ok_or_else(|| codes::PERMISSION_DENIED.error("only a terminal may call this"))
}

/// The terminal that calls, with what makes its command repeatable.
pub(super) fn till(caller: &Caller) -> Result<Till, Error> {
    Ok(Till {
        terminal: terminal(caller)?.clone(),
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
    Ok(TerminalId {
        tenant: tenant.clone(),
        store: store_code.parse()?,
        number: TerminalNo::new(i64::from(terminal_no))?,
    })
}

pub(super) fn new_cart(request: pb::CreateCartRequest) -> NewCart {
    NewCart {
        transaction_type: request.transaction_type,
        user_id: request.user_id,
        user_name: request.user_name,
    }
}

pub(super) fn line_entries(entries: &[pb::LineItemEntry]) -> Result<Vec<LineEntry>, Error> {
    let read = |(index, entry): (usize, &pb::LineItemEntry)| {
        let field = |name: &str| format!("line_items[{index}].{name}");
        let quantity: Quantity = number(entry.quantity.as_ref(), || field("quantity"))?;
        if !quantity.is_positive() {
            return Err(invalid(field("quantity"), "must be above zero"));
        }
        let unit_price = entry.unit_price.as_ref();
        let unit_price = unit_price
            .map(|price| number::<Money>(Some(price), || field("unit_price")))
            .transpose()?;
        Ok(LineEntry {
            item_code: entry
                .item_code
                .parse()
                .map_err(|error| invalid(field("item_code"), error))?,
            quantity,
            unit_price: unit_price
                .map(|price| not_negative(price, field("unit_price")))
                .transpose()?,
        })
    };
    entries.iter().enumerate().map(read).collect()
}

fn not_negative(price: Money, field: String) -> Result<Money, Error> {
    if price.is_negative() {
        Err(invalid(field, "must not be negative"))
    } else {
        Ok(price)
    }
}

pub(super) fn unit_price(value: Option<&Decimal>) -> Result<Money, Error> {
    not_negative(
        number(value, || "unit_price".to_owned())?,
        "unit_price".to_owned(),
    )
}

pub(super) fn quantity(value: Option<&Decimal>) -> Result<Quantity, Error> {
    let quantity: Quantity = number(value, || "quantity".to_owned())?;
    if quantity.is_positive() {
        Ok(quantity)
    } else {
        Err(invalid("quantity", "must be above zero"))
    }
}

pub(super) fn discounts(entries: &[pb::DiscountEntry]) -> Result<Vec<Discount>, Error> {
    let read = |(index, entry): (usize, &pb::DiscountEntry)| {
        let field = |name: &str| format!("discounts[{index}].{name}");
        let value = entry.discount_value.as_ref();
        let value_field = || field("discount_value");
        let value = match entry.discount_type.as_str() {
            "DiscountAmount" => DiscountValue::Amount(number(value, value_field)?),
            "DiscountPercentage" => DiscountValue::Percentage(number(value, value_field)?),
            _ => {
                return Err(invalid(
                    field("discount_type"),
                    "must be DiscountAmount or DiscountPercentage",
                ));
            }
        };
        Ok(Discount {
            value,
            detail: entry.discount_detail.clone(),
            promotion: None,
        })
    };
    entries.iter().enumerate().map(read).collect()
}

pub(super) fn payments(entries: &[pb::PaymentEntry]) -> Result<Vec<PaymentEntry>, Error> {
    let read = |(index, entry): (usize, &pb::PaymentEntry)| {
        let field = |name: &str| format!("payments[{index}].{name}");
        let amount: Money = number(entry.amount.as_ref(), || field("amount"))?;
        if entry.payment_code.is_empty() {
            return Err(invalid(field("payment_code"), "is required"));
        }
        if !amount.is_positive() {
            return Err(invalid(field("amount"), "must be above zero"));
        }
        Ok(PaymentEntry {
            payment_code: entry.payment_code.clone(),
            amount,
            detail: entry.detail.clone(),
        })
    };
    entries.iter().enumerate().map(read).collect()
}

/// What a list of transactions is asked for.
pub(super) struct ListQuery {
    pub(super) terminal: TerminalId,
    pub(super) filter: TransactionFilter,
    pub(super) sort: Sort,
    pub(super) page: Page,
}

pub(super) fn list(tenant: &TenantId, request: &pb::ListTransactionsRequest) -> Result<ListQuery, Error> {
    let date = request.business_date.as_deref().filter(|text| !text.is_empty());
    let sort = request.sort.as_deref().filter(|text| !text.is_empty());
    Ok(ListQuery {
        terminal: named_terminal(tenant, &request.store_code, request.terminal_no)?,
        filter: TransactionFilter {
            business_date: date.map(str::parse::<BusinessDate>).transpose()?,
            open_counter: request.open_counter.filter(|counter| *counter != 0),
            transaction_types: request.transaction_type.clone(),
            receipt_no: request.receipt_no.filter(|number| *number != 0),
            include_cancelled: request.include_cancelled.unwrap_or(false),
        },
        sort: sort.map_or_else(|| Ok(crate::app::newest_first()), Sort::parse)?,
        page: Page::new(request.limit, request.page, ROWS_DEFAULT)?,
    })
}

pub(super) fn acknowledgement(request: &pb::UpdateDeliveryStatusRequest) -> Result<Acknowledgement, Error> {
    let message = || request.message.clone().filter(|text| !text.is_empty());
    let failure = match request.status.as_str() {
        "received" | "delivered" => None,
        "failed" => Some(message().unwrap_or_else(|| "no reason given".to_owned())),
        _ => return Err(invalid("status", "must be received, delivered or failed")),
    };
    if request.service.is_empty() {
        return Err(invalid("service", "is required"));
    }
    let event_id: EventId = request.event_id.parse()?;
    Ok(Acknowledgement {
        event_id,
        service: request.service.clone(),
        failure,
    })
}

pub(super) fn stream(request: &pb::StreamTransactionsRequest) -> Result<StreamStart, Error> {
    let store = Some(request.store_code.as_str()).filter(|code| !code.is_empty());
    let number = Some(request.terminal_no).filter(|number| *number != 0);
    Ok(StreamStart {
        store: store.map(str::parse).transpose()?,
        terminal: number
            .map(|number| TerminalNo::new(i64::from(number)))
            .transpose()?,
        after_transaction_no: request.after_transaction_no,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Option<Decimal> {
        Some(Decimal {
            value: text.to_owned(),
        })
    }

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
            line_entries(&[good, other])
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
            discounts(&[pb::DiscountEntry {
                discount_type: kind.to_owned(),
                discount_value: value,
                discount_detail: None,
            }])
        };
        assert!(discount("DiscountPercentage", decimal("12.5")).is_ok());
        check(discount("Discount", decimal("1")), "discounts[0].discount_type");
        check(discount("DiscountAmount", None), "discounts[0].discount_value");
        let payment = |code: &str, amount: Option<Decimal>| {
            payments(&[pb::PaymentEntry {
                payment_code: code.to_owned(),
                amount,
                detail: None,
            }])
        };
        assert!(payment("01", decimal("1")).is_ok());
        check(payment("", decimal("1")), "payments[0].payment_code");
        check(payment("01", decimal("0")), "payments[0].amount");
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
}
