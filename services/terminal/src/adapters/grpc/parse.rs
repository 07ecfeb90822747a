//! From request fields to the domain's types.

use kugel_error::{Error, codes};
use kugel_proto::Decimal;
use kugel_rpc::Caller;
use kugel_types::{InvalidId, Money, Page, Sort, TerminalId};

use crate::app::DeliveryOutcome;
use crate::domain::{CashDirection, FunctionMode};

/// Rows of a page when the caller does not say.
const DEFAULT_LIMIT: u32 = 100;

/// The terminal that a request names or, if it names none, the one that calls.
pub(super) fn terminal(caller: &Caller, text: &str) -> Result<TerminalId, Error> {
    if !text.is_empty() {
        return Ok(text.parse()?);
    }
    let own = caller.terminal().map(|claims| claims.id.clone());
    own.ok_or_else(|| invalid("terminal_id", "is required unless a terminal calls"))
}

/// A value that may be missing; empty text means missing too.
pub(super) fn given<T: std::str::FromStr<Err = InvalidId>>(text: Option<&str>) -> Result<Option<T>, Error> {
    Ok(text.filter(|text| !text.is_empty()).map(str::parse).transpose()?)
}

/// An amount that may be missing.
pub(super) fn amount(field: &'static str, value: Option<Decimal>) -> Result<Option<Money>, Error> {
    value
        .map(Money::try_from)
        .transpose()
        .map_err(|error| invalid(field, "is not an amount").caused_by(error))
}

/// An amount that must be there.
pub(super) fn required_amount(field: &'static str, value: Option<Decimal>) -> Result<Money, Error> {
    amount(field, value)?.ok_or_else(|| invalid(field, "is required"))
}

/// Which way cash goes and how much it is: told by the operation or else by the sign.
pub(super) fn movement(operation: Option<&str>, amount: Money) -> Result<(CashDirection, Money), Error> {
    match operation.unwrap_or_default() {
        "CashIn" => Ok((CashDirection::In, amount)),
        "CashOut" => Ok((CashDirection::Out, amount)),
        "" if amount.is_negative() => Ok((CashDirection::Out, amount.negated())),
        "" => Ok((CashDirection::In, amount)),
        _ => Err(invalid("operation", "must be CashIn or CashOut")),
    }
}

/// A screen.
pub(super) fn mode(text: &str) -> Result<FunctionMode, Error> {
    text.parse()
        .map_err(|error| invalid("function_mode", "is not a function mode").caused_by(error))
}

/// A page.
pub(super) fn page(limit: Option<i32>, page: Option<i32>) -> Result<Page, Error> {
    Ok(Page::new(limit, page, DEFAULT_LIMIT)?)
}

/// An order, or the list's own.
pub(super) fn sort(text: Option<&str>, default: &str) -> Result<Sort, Error> {
    Ok(Sort::parse(
        text.filter(|text| !text.is_empty()).unwrap_or(default),
    )?)
}

/// What a consumer says of an event.
pub(super) fn outcome(status: &str, message: Option<String>) -> Result<DeliveryOutcome, Error> {
    match status {
        "received" | "delivered" => Ok(DeliveryOutcome::Received),
        "failed" => Ok(DeliveryOutcome::Failed(message.unwrap_or_default())),
        "pending" => Ok(DeliveryOutcome::Pending),
        _ => Err(invalid("status", "must be received, failed or pending")),
    }
}

/// Bad input in a field.
pub(super) fn invalid(field: &'static str, rule: &'static str) -> Error {
    codes::INVALID_INPUT
        .error(format!("{field} {rule}"))
        .field(field, rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operation_tells_the_direction_and_else_the_sign() {
        #[track_caller]
        fn check(operation: Option<&str>, amount: &str, expected: Option<(CashDirection, &str)>) {
            let expected = expected.map(|(direction, amount)| (direction, amount.parse().unwrap()));
            assert_eq!(movement(operation, amount.parse().unwrap()).ok(), expected);
        }
        check(None, "500", Some((CashDirection::In, "500")));
        check(None, "-500", Some((CashDirection::Out, "500")));
        check(Some("CashIn"), "500", Some((CashDirection::In, "500")));
        check(Some("CashOut"), "500", Some((CashDirection::Out, "500")));
        // The use case refuses it: with an operation, the amount is above zero.
        check(Some("CashOut"), "-500", Some((CashDirection::Out, "-500")));
        check(Some("Payout"), "500", None);
    }

    #[test]
    fn a_field_at_fault_is_named() {
        let decimal = |value: &str| {
            Some(Decimal {
                value: value.to_owned(),
            })
        };
        for value in ["", "1e999", "abc", "1.00001"] {
            assert_eq!(
                amount("amount", decimal(value)).unwrap_err().fields()[0].field,
                "amount",
                "{value:?}"
            );
        }
        assert!(required_amount("amount", None).is_err());
        assert_eq!(mode("Dancing").unwrap_err().fields()[0].field, "function_mode");
        assert_eq!(outcome("lost", None).unwrap_err().fields()[0].field, "status");
    }
}
