//! From request messages to commands: everything is parsed here, once.

use kugel_error::{Error, codes};
use kugel_proto::Decimal;
use kugel_proto::terminal::v1 as pb;
use kugel_rpc::Caller;
use kugel_types::{InvalidId, Money, Page, Sort, StoreCode, TerminalId, TerminalNo};

use crate::app::{
    DeliveryOutcome, DeliveryReport, ListStores, ListTerminals, MoveCash, NewStore, NewTenant, NewTerminal,
    SignIn, StorePatch,
};
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

/// The terminal that somebody claims to be. What is no id is no terminal, and is refused like a wrong key.
pub(super) fn claimed(text: &str) -> Result<TerminalId, Error> {
    text.parse().map_err(|error| {
        codes::UNAUTHENTICATED
            .error("the API key is not valid")
            .caused_by(error)
    })
}

/// Who signs in.
pub(super) fn sign_in(caller: &Caller, request: pb::SignInTerminalRequest) -> Result<SignIn, Error> {
    Ok(SignIn {
        terminal: terminal(caller, &request.terminal_id)?,
        staff_id: request.staff_id,
        pin: request.staff_pin,
    })
}

/// Cash that comes in.
pub(super) fn cash_in(caller: &Caller, request: pb::RecordCashInRequest) -> Result<MoveCash, Error> {
    Ok(MoveCash {
        terminal: terminal(caller, &request.terminal_id)?,
        direction: CashDirection::In,
        amount: required_amount("amount", request.amount)?,
        description: request.description,
    })
}

/// Cash that goes out.
pub(super) fn cash_out(caller: &Caller, request: pb::RecordCashOutRequest) -> Result<MoveCash, Error> {
    Ok(MoveCash {
        terminal: terminal(caller, &request.terminal_id)?,
        direction: CashDirection::Out,
        amount: required_amount("amount", request.amount)?,
        description: request.description,
    })
}

/// Cash that moves either way.
pub(super) fn cash_in_out(caller: &Caller, request: pb::RecordCashInOutRequest) -> Result<MoveCash, Error> {
    let terminal = terminal(caller, &request.terminal_id)?;
    let amount = required_amount("amount", request.amount)?;
    let (direction, amount) = movement(request.operation.as_deref(), amount)?;
    Ok(MoveCash {
        terminal,
        direction,
        amount,
        description: request.description,
    })
}

/// A consumer's word on an event.
pub(super) fn delivery(
    caller: &Caller,
    request: pb::UpdateDeliveryStatusRequest,
) -> Result<DeliveryReport, Error> {
    Ok(DeliveryReport {
        tenant: caller.tenant().clone(),
        event: request.event_id.parse()?,
        service: request.service,
        outcome: outcome(&request.status, request.message)?,
    })
}

/// A terminal to enter.
pub(super) fn new_terminal(
    caller: &Caller,
    request: pb::CreateTerminalRequest,
) -> Result<NewTerminal, Error> {
    let number =
        TerminalNo::new(request.terminal_no.into()).map_err(|error| invalid("terminal_no", error.rule))?;
    let id = TerminalId {
        tenant: caller.tenant().clone(),
        store: request.store_code.parse()?,
        number,
    };
    Ok(NewTerminal {
        id,
        description: request.description,
    })
}

/// Which terminals to list.
pub(super) fn list_terminals(
    caller: &Caller,
    request: &pb::ListTerminalsRequest,
) -> Result<ListTerminals, Error> {
    Ok(ListTerminals {
        tenant: caller.tenant().clone(),
        store: given(request.store_code.as_deref())?,
        sort: sort(request.sort.as_deref(), "terminal_id:1")?,
        page: page(request.limit, request.page)?,
    })
}

/// A tenant's record.
pub(super) fn tenant(tenant_id: &str, name: String, tags: Vec<String>) -> Result<NewTenant, Error> {
    Ok(NewTenant {
        tenant: tenant_id.parse()?,
        name,
        tags,
    })
}

/// A store's code.
pub(super) fn store(text: &str) -> Result<StoreCode, Error> {
    Ok(text.parse()?)
}

/// A store to enter.
pub(super) fn new_store(caller: &Caller, request: pb::CreateStoreRequest) -> Result<NewStore, Error> {
    Ok(NewStore {
        tenant: caller.tenant().clone(),
        code: store(&request.store_code)?,
        name: request.store_name,
        tags: request.tags,
        currency: given(request.currency.as_deref())?,
    })
}

/// Which stores to list.
pub(super) fn list_stores(caller: &Caller, request: &pb::ListStoresRequest) -> Result<ListStores, Error> {
    Ok(ListStores {
        tenant: caller.tenant().clone(),
        sort: sort(request.sort.as_deref(), "store_code:1")?,
        page: page(request.limit, request.page)?,
    })
}

/// New values of a store.
pub(super) fn store_patch(request: pb::UpdateStoreRequest) -> Result<StorePatch, Error> {
    Ok(StorePatch {
        business_date: given(request.business_date.as_deref())?,
        currency: given(request.currency.as_deref())?,
        name: request.store_name,
        status: request.status,
        tags: request.tags,
    })
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
fn required_amount(field: &'static str, value: Option<Decimal>) -> Result<Money, Error> {
    amount(field, value)?.ok_or_else(|| invalid(field, "is required"))
}

/// Which way cash goes and how much it is: by the operation or, without one, by the sign.
fn movement(operation: Option<&str>, amount: Money) -> Result<(CashDirection, Money), Error> {
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
fn page(limit: Option<i32>, page: Option<i32>) -> Result<Page, Error> {
    Ok(Page::new(limit, page, DEFAULT_LIMIT)?)
}

/// An order, or the list's own.
fn sort(text: Option<&str>, default: &str) -> Result<Sort, Error> {
    Ok(Sort::parse(
        text.filter(|text| !text.is_empty()).unwrap_or(default),
    )?)
}

/// What a consumer says of an event.
fn outcome(status: &str, message: Option<String>) -> Result<DeliveryOutcome, Error> {
    match status {
        "received" | "delivered" => Ok(DeliveryOutcome::Received),
        "failed" => Ok(DeliveryOutcome::Failed(message.unwrap_or_default())),
        "pending" => Ok(DeliveryOutcome::Pending),
        _ => Err(invalid("status", "must be received, failed or pending")),
    }
}

/// Bad input in a field.
fn invalid(field: &'static str, rule: &'static str) -> Error {
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
