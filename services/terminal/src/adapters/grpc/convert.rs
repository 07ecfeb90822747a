//! From request messages to commands: everything is parsed here, once, and everything that is wrong is named.

use kugel_auth::{Permission, TillRights};
use kugel_error::{Error, codes};
use kugel_proto::Decimal;
use kugel_proto::terminal::v1 as pb;
use kugel_rpc::{Caller, Checks, List, View};
use kugel_store::Record as _;
use kugel_types::{InvalidId, Money, StoreCode, TenantId, TerminalId, TerminalNo};

use crate::app::{
    DeliveryOutcome, DeliveryReport, MoveCash, NewApproval, NewStore, NewTenant, NewTerminal, SignIn,
    StorePatch,
};
use crate::domain::{CashDirection, FunctionMode};
use crate::records::{StoreDocument, TerminalDocument};

const STORES: List = List::by("store_code:1", |field| {
    StoreDocument::COLLECTION.kind_of(field).is_some()
});
const TERMINALS: List = List::by("terminal_id:1", |field| {
    TerminalDocument::COLLECTION.kind_of(field).is_some()
});

/// The terminal that a request names or, if it names none, the one that calls.
pub(super) fn terminal(caller: &Caller, text: &str) -> Result<TerminalId, Error> {
    let mut checks = Checks::default();
    let id = named(&mut checks, caller, text);
    checks.finish(|| id)
}

fn named(checks: &mut Checks, caller: &Caller, text: &str) -> Option<TerminalId> {
    if !text.is_empty() {
        return checks.parse("terminal_id", text);
    }
    let own = caller.terminal().map(|claims| claims.id.clone());
    checks.require(
        own.is_some(),
        "terminal_id",
        "is required unless a terminal calls",
    );
    own
}

/// The terminal that somebody claims to be. What is no id is no terminal, and is refused like a wrong key.
pub(super) fn claimed(text: &str) -> Result<TerminalId, Error> {
    text.parse().map_err(|error: InvalidId| no_key().caused_by(error))
}

/// A key that lets nobody in.
pub(super) fn no_key() -> Error {
    codes::UNAUTHENTICATED.error("the API key is not valid")
}

/// Who approves what.
pub(super) fn approval(caller: &Caller, request: pb::CreateApprovalRequest) -> Result<NewApproval, Error> {
    let mut checks = Checks::default();
    let terminal = named(&mut checks, caller, &request.terminal_id);
    let staff_id = checks.name("staff_id", request.staff_id);
    checks.require(!request.staff_pin.is_empty(), "staff_pin", "is required");
    let permission = Permission::named(&request.permission);
    checks.require(permission.is_some(), "permission", "is none of ListPermissions");
    checks.finish(|| {
        Some(NewApproval {
            terminal: terminal?,
            staff_id,
            pin: request.staff_pin,
            permission: permission?,
        })
    })
}

/// Who signs in.
pub(super) fn sign_in(caller: &Caller, request: pb::SignInTerminalRequest) -> Result<SignIn, Error> {
    let mut checks = Checks::default();
    let terminal = named(&mut checks, caller, &request.terminal_id);
    let staff_id = checks.name("staff_id", request.staff_id);
    checks.finish(|| {
        Some(SignIn {
            terminal: terminal?,
            staff_id,
            pin: request.staff_pin,
        })
    })
}

/// A terminal, and an amount that may be missing.
pub(super) fn counted(
    caller: &Caller,
    terminal_id: &str,
    field: &str,
    wire: Option<&Decimal>,
) -> Result<(TerminalId, Option<Money>), Error> {
    let mut checks = Checks::default();
    let id = named(&mut checks, caller, terminal_id);
    let amount = wire.map(|wire| amount(&mut checks, field, Some(wire)));
    checks.finish(|| Some((id?, amount)))
}

/// Cash that comes in.
pub(super) fn cash_in(caller: &Caller, request: pb::RecordCashInRequest) -> Result<MoveCash, Error> {
    let direction = Some("CashIn");
    movement(
        caller,
        &request.terminal_id,
        direction,
        request.amount.as_ref(),
        request.description,
    )
}

/// Cash that goes out.
pub(super) fn cash_out(caller: &Caller, request: pb::RecordCashOutRequest) -> Result<MoveCash, Error> {
    let direction = Some("CashOut");
    movement(
        caller,
        &request.terminal_id,
        direction,
        request.amount.as_ref(),
        request.description,
    )
}

/// Cash that moves either way.
pub(super) fn cash_in_out(caller: &Caller, request: pb::RecordCashInOutRequest) -> Result<MoveCash, Error> {
    let direction = request.operation.as_deref().filter(|text| !text.is_empty());
    movement(
        caller,
        &request.terminal_id,
        direction,
        request.amount.as_ref(),
        request.description,
    )
}

/// Cash that moves as the operation says or, without one, as the sign of the amount does.
fn movement(
    caller: &Caller,
    terminal_id: &str,
    operation: Option<&str>,
    wire: Option<&Decimal>,
    description: Option<String>,
) -> Result<MoveCash, Error> {
    let mut checks = Checks::default();
    let terminal = named(&mut checks, caller, terminal_id);
    let amount = amount(&mut checks, "amount", wire);
    let choices = [("CashIn", CashDirection::In), ("CashOut", CashDirection::Out)];
    let (direction, amount) = match operation {
        Some(name) => (checks.one_of("operation", name, &choices), amount),
        None if amount.is_negative() => (Some(CashDirection::Out), amount.negated()),
        None => (Some(CashDirection::In), amount),
    };
    checks.finish(|| {
        Some(MoveCash {
            terminal: terminal?,
            direction: direction?,
            amount,
            description,
        })
    })
}

/// An amount that must be there. Which sign it may have is the domain's to say.
fn amount(checks: &mut Checks, field: &str, wire: Option<&Decimal>) -> Money {
    checks.figure(field, wire, "", |_| true)
}

/// A consumer's word on an event.
pub(super) fn delivery(
    caller: &Caller,
    request: pb::UpdateDeliveryStatusRequest,
) -> Result<DeliveryReport, Error> {
    let mut checks = Checks::default();
    let event = checks.parse("event_id", &request.event_id);
    let failed = DeliveryOutcome::Failed(request.message.unwrap_or_default());
    let choices = [
        ("received", &DeliveryOutcome::Received),
        ("delivered", &DeliveryOutcome::Received),
        ("failed", &failed),
        ("pending", &DeliveryOutcome::Pending),
    ];
    let outcome = checks.one_of("status", &request.status, &choices);
    checks.finish(|| {
        Some(DeliveryReport {
            tenant: caller.tenant().clone(),
            event: event?,
            service: request.service,
            outcome: outcome?.clone(),
        })
    })
}

/// A terminal to enter.
pub(super) fn new_terminal(
    caller: &Caller,
    request: pb::CreateTerminalRequest,
) -> Result<NewTerminal, Error> {
    let mut checks = Checks::default();
    let store = checks.parse("store_code", &request.store_code);
    let number = checks.taken("terminal_no", TerminalNo::new(request.terminal_no.into()));
    checks.finish(|| {
        let id = TerminalId {
            tenant: caller.tenant().clone(),
            store: store?,
            number: number?,
        };
        Some(NewTerminal {
            id,
            description: request.description,
        })
    })
}

/// Which terminals to list.
pub(super) fn list_terminals(
    caller: &Caller,
    request: &pb::ListTerminalsRequest,
    is_legacy: bool,
) -> Result<(Option<StoreCode>, View), Error> {
    let mut checks = Checks::default();
    let store: Option<StoreCode> = checks.parse_given("store_code", request.store_code.as_deref());
    let view = TERMINALS.view(&mut checks, request.limit, request.page, request.sort.as_deref());
    checks.done()?;
    // A till sees its own store, unless the tenant lets it see others.
    let till = caller
        .terminal()
        .filter(|till| !is_legacy && !till.rights.read_other_stores);
    let store = till.map(|till| till.id.store.clone()).or(store);
    let view = view
        .filtered("tenant_id", Some(caller.tenant()))
        .filtered("store_code", store.as_ref());
    Ok((store, view))
}

/// What people call a terminal.
pub(super) fn description(
    caller: &Caller,
    request: pb::UpdateDescriptionRequest,
) -> Result<(TerminalId, String), Error> {
    let mut checks = Checks::default();
    let id = named(&mut checks, caller, &request.terminal_id);
    let description = checks.name("description", request.description);
    checks.finish(|| Some((id?, description)))
}

/// A screen.
pub(super) fn mode(
    caller: &Caller,
    request: &pb::UpdateFunctionModeRequest,
) -> Result<(TerminalId, FunctionMode), Error> {
    let mut checks = Checks::default();
    let id = named(&mut checks, caller, &request.terminal_id);
    let mode = checks.parse("function_mode", &request.function_mode);
    checks.finish(|| Some((id?, mode?)))
}

/// A tenant's record.
pub(super) fn tenant(
    tenant_id: &str,
    name: String,
    tags: Vec<String>,
    till_rights: Option<pb::TillRights>,
) -> Result<NewTenant, Error> {
    let mut checks = Checks::default();
    let tenant = checks.parse("tenant_id", tenant_id);
    let name = checks.name("tenant_name", name);
    checks.finish(|| {
        Some(NewTenant {
            tenant: tenant?,
            name,
            tags,
            till_rights: till_rights.map(|rights| TillRights {
                read_other_stores: rights.read_other_stores,
                write_masters: rights.write_masters,
            }),
        })
    })
}

/// A tenant to delete, named in so many words, so that a call with a forgotten field deletes nothing.
pub(super) fn tenant_id(text: &str) -> Result<TenantId, Error> {
    let mut checks = Checks::default();
    let tenant = checks.parse("tenant_id", text);
    checks.finish(|| tenant)
}

/// A store's code.
pub(super) fn store(text: &str) -> Result<StoreCode, Error> {
    let mut checks = Checks::default();
    let store = checks.parse("store_code", text);
    checks.finish(|| store)
}

/// A store's code; empty means all stores.
pub(super) fn optional_store(text: &str) -> Result<Option<StoreCode>, Error> {
    (!text.is_empty()).then(|| store(text)).transpose()
}

/// A store to enter.
pub(super) fn new_store(request: pb::CreateStoreRequest) -> Result<NewStore, Error> {
    let mut checks = Checks::default();
    let code = checks.parse("store_code", &request.store_code);
    let name = checks.name("store_name", request.store_name);
    let currency = checks.parse_given("currency", request.currency.as_deref());
    let cash_coin = coin(&mut checks, request.cash_coin.as_ref());
    checks.finish(|| {
        Some(NewStore {
            code: code?,
            name,
            tags: request.tags,
            currency,
            cash_coin,
        })
    })
}

/// The smallest coin of a store, if it names one. Whether its currency has such coins is the use case's to say.
fn coin(checks: &mut Checks, wire: Option<&Decimal>) -> Option<Money> {
    wire.map(|wire| {
        checks.figure("cash_coin", Some(wire), "must be above zero", |coin: &Money| {
            coin.is_positive()
        })
    })
}

/// Which stores to list.
pub(super) fn list_stores(caller: &Caller, request: &pb::ListStoresRequest) -> Result<View, Error> {
    let mut checks = Checks::default();
    let view = STORES.view(&mut checks, request.limit, request.page, request.sort.as_deref());
    checks.done()?;
    Ok(view.filtered("tenant_id", Some(caller.tenant())))
}

/// New values of a store.
pub(super) fn store_patch(request: pb::UpdateStoreRequest) -> Result<(StoreCode, StorePatch), Error> {
    let mut checks = Checks::default();
    let code = checks.parse("store_code", &request.store_code);
    let patch = StorePatch {
        name: checks.name("store_name", request.store_name),
        status: request.status.filter(|status| !status.is_empty()),
        business_date: checks.parse_given("business_date", request.business_date.as_deref()),
        tags: request.tags,
        currency: checks.parse_given("currency", request.currency.as_deref()),
        cash_coin: coin(&mut checks, request.cash_coin.as_ref()),
    };
    checks.finish(|| Some((code?, patch)))
}
