//! What is logged about a terminal: the documents that are kept and the events that go out are the same.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_bus::{Event, Topic};
use kugel_error::{Error, codes};
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog, StaffInfo, TerminalInfo};
use kugel_store::Body;
use kugel_types::{Currency, EventId, LocalTime, Money, TerminalId};

use super::StoreDocument;
use super::receipt::{self, Printed};
use super::token::wire_count;
use crate::adapters::documents::{cash_log_key, open_close_log_key};
use crate::domain::{Refusal, SessionSales, Terminal};

/// A log entry of a terminal.
#[derive(Debug, Clone)]
pub struct Log {
    event_id: EventId,
    terminal: TerminalId,
    entry: Entry,
}

#[derive(Debug, Clone)]
enum Entry {
    Cash(Arc<CashLog>),
    OpenClose(Arc<OpenCloseLog>),
}

/// The store a terminal stands in, as logs and receipts need it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) code: String,
    pub(crate) name: Option<String>,
    pub(crate) currency: Currency,
}

impl Place {
    pub(crate) fn of(store: &StoreDocument, fallback: Currency) -> Self {
        let name = store.store_name.trim();
        Self {
            code: store.store_code.clone(),
            name: (!name.is_empty()).then(|| name.to_owned()),
            currency: store.currency.parse().unwrap_or(fallback),
        }
    }

    /// Refuses an amount that no coins of the store's currency make up.
    pub(crate) fn check_amount(&self, field: &'static str, amount: Option<Money>) -> Result<(), Error> {
        match amount {
            Some(amount) if amount.decimal().normalize().scale() > self.currency.minor_digits() => {
                let rule = "has more decimals than the store's currency";
                Err(Refusal::Amount { field, rule }.into())
            }
            _ => Ok(()),
        }
    }
}

impl Log {
    /// Cash moved.
    pub(crate) fn cash(
        event_id: EventId,
        terminal: &Terminal,
        place: &Place,
        time: &LocalTime,
        signed: Money,
        description: &str,
    ) -> Result<Self, Error> {
        let printed = receipt::cash(terminal, place, time, signed, description);
        let log = CashLog {
            event_id: event_id.to_string(),
            event_type: "cash_in_out".to_owned(),
            tenant_id: terminal.id.tenant.to_string(),
            store_code: place.code.clone(),
            store_name: place.name.clone(),
            terminal_no: terminal.id.number.get(),
            staff_id: terminal.staff.as_ref().map(|staff| staff.id.clone()),
            staff_name: terminal.staff.as_ref().map(|staff| staff.name.clone()),
            business_date: business_date(terminal)?,
            open_counter: wire_count(terminal.open_counter),
            business_counter: wire_count(terminal.business_counter),
            generate_date_time: time.iso(),
            amount: Some(signed.into()),
            description: description.to_owned(),
            receipt_text: printed.receipt_text,
            journal_text: printed.journal_text,
        };
        Ok(Self {
            event_id,
            terminal: terminal.id.clone(),
            entry: Entry::Cash(Arc::new(log)),
        })
    }

    /// A session began.
    pub(crate) fn opened(terminal: &Terminal, place: &Place, time: &LocalTime) -> Result<Self, Error> {
        let printed = receipt::opened(terminal, place, time);
        Self::session("open", terminal, place, time, printed, |_| {})
    }

    /// A session ended.
    pub(crate) fn closed(
        terminal: &Terminal,
        place: &Place,
        time: &LocalTime,
        sales: &SessionSales,
        zone: &TimeZone,
    ) -> Result<Self, Error> {
        let printed = receipt::closed(terminal, place, time);
        let drawer = terminal.drawer;
        Self::session("close", terminal, place, time, printed, |log| {
            log.cart_transaction_count = Some(wire_count(sales.count));
            log.cart_transaction_last_no = sales.last_no;
            log.cash_in_out_count = Some(wire_count(drawer.count));
            log.cash_in_out_last_datetime = drawer.last.map(|instant| LocalTime::new(instant, zone).iso());
        })
    }

    fn session(
        operation: &str,
        terminal: &Terminal,
        place: &Place,
        time: &LocalTime,
        printed: Printed,
        complete: impl FnOnce(&mut OpenCloseLog),
    ) -> Result<Self, Error> {
        let event_id = EventId::generate();
        let mut log = OpenCloseLog {
            event_id: event_id.to_string(),
            event_type: operation.to_owned(),
            tenant_id: terminal.id.tenant.to_string(),
            store_code: place.code.clone(),
            store_name: place.name.clone(),
            terminal_no: terminal.id.number.get(),
            staff_id: terminal.staff.as_ref().map(|staff| staff.id.clone()),
            staff_name: terminal.staff.as_ref().map(|staff| staff.name.clone()),
            business_date: business_date(terminal)?,
            open_counter: wire_count(terminal.open_counter),
            business_counter: wire_count(terminal.business_counter),
            operation: operation.to_owned(),
            generate_date_time: time.iso(),
            terminal_info: Some(terminal_info(terminal)?),
            cart_transaction_count: None,
            cart_transaction_last_no: None,
            cash_in_out_count: None,
            cash_in_out_last_datetime: None,
            receipt_text: printed.receipt_text,
            journal_text: printed.journal_text,
        };
        complete(&mut log);
        Ok(Self {
            event_id,
            terminal: terminal.id.clone(),
            entry: Entry::OpenClose(Arc::new(log)),
        })
    }

    /// The key of its document.
    pub(crate) fn key(&self) -> String {
        match &self.entry {
            Entry::Cash(log) => cash_log_key(log),
            Entry::OpenClose(log) => open_close_log_key(log),
        }
    }

    /// The event.
    pub(crate) fn event(
        &self,
        occurred_at: Timestamp,
        traceparent: Option<&str>,
    ) -> Result<Arc<Event>, Error> {
        let (topic, body) = match &self.entry {
            Entry::Cash(log) => (Topic::CashlogReport, Body::of(Arc::clone(log))),
            Entry::OpenClose(log) => (Topic::OpencloselogReport, Body::of(Arc::clone(log))),
        };
        let body = body.map_err(|error| {
            codes::TERMINAL_INTERNAL
                .error("the log has no form")
                .caused_by(error)
        })?;
        Ok(Arc::new(Event {
            id: self.event_id.clone(),
            topic,
            tenant: self.terminal.tenant.clone(),
            store: self.terminal.store.clone(),
            terminal: self.terminal.number,
            occurred_at,
            schema_version: Event::SCHEMA_VERSION,
            traceparent: traceparent.map(str::to_owned),
            body,
        }))
    }

    /// Receipt and journal text.
    pub(crate) fn printed(&self) -> (String, String) {
        match &self.entry {
            Entry::Cash(log) => (log.receipt_text.clone(), log.journal_text.clone()),
            Entry::OpenClose(log) => (log.receipt_text.clone(), log.journal_text.clone()),
        }
    }
}

fn business_date(terminal: &Terminal) -> Result<String, Error> {
    let date = terminal.business_date.map(|date| date.to_string());
    date.ok_or_else(|| {
        codes::TERMINAL_INTERNAL.error(format!("terminal {} has no business date", terminal.id))
    })
}

fn terminal_info(terminal: &Terminal) -> Result<TerminalInfo, Error> {
    Ok(TerminalInfo {
        tenant_id: terminal.id.tenant.to_string(),
        store_code: terminal.id.store.to_string(),
        terminal_no: terminal.id.number.get(),
        description: terminal.description.clone(),
        terminal_id: terminal.id.to_string(),
        function_mode: terminal.function_mode.name().to_owned(),
        status: terminal.status.name().to_owned(),
        business_date: business_date(terminal)?,
        open_counter: wire_count(terminal.open_counter),
        business_counter: wire_count(terminal.business_counter),
        staff: terminal.staff.as_ref().map(|staff| StaffInfo {
            id: staff.id.clone(),
            name: staff.name.clone(),
        }),
        initial_amount: terminal.initial_amount.map(Into::into),
        physical_amount: terminal.physical_amount.map(Into::into),
        tags: Vec::new(),
    })
}
