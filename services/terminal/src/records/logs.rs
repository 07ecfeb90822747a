//! What is logged about a terminal: the documents that are kept and the events that go out are the same.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_bus::{Event, Topic};
use kugel_error::{Error, codes};
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog, StaffInfo, TerminalInfo};
use kugel_store::{Body, Collection, Field, Index, Record};
use kugel_types::{EventId, LocalTime, Money, StaffRef, TerminalId};
use serde::{Deserialize, Serialize};

use crate::domain::{Place, Printed, Refusal, SessionSales, Terminal, receipt};

/// A cash log: the body of its event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CashLogDocument(pub CashLog);

pub(super) static CASH_LOGS: Collection = Collection {
    name: "log_cash_in_out",
    fields: &[
        Field::text("store_code"),
        Field::integer("terminal_no"),
        Field::text("business_date"),
        Field::integer("open_counter"),
        Field::text("generate_date_time"),
    ],
    indexes: &[Index::on(&[
        "store_code",
        "terminal_no",
        "business_date",
        "open_counter",
    ])],
};

impl Record for CashLogDocument {
    const COLLECTION: &'static Collection = &CASH_LOGS;
    fn id(&self) -> String {
        cash_log_key(&self.0)
    }
}

/// The key of a cash log: its event's id, because two movements may share a microsecond.
fn cash_log_key(log: &CashLog) -> String {
    log.event_id.clone()
}

/// An open or close log: the body of its event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OpenCloseLogDocument(pub OpenCloseLog);

pub(super) static OPEN_CLOSE_LOGS: Collection = Collection {
    name: "log_open_close",
    fields: &[
        Field::text("store_code"),
        Field::integer("terminal_no"),
        Field::text("business_date"),
        Field::integer("open_counter"),
        Field::integer("business_counter"),
        Field::text("operation"),
        Field::text("generate_date_time"),
        Field::integer("cart_transaction_count"),
    ],
    indexes: &[Index::on(&["store_code", "terminal_no", "business_counter"])],
};

impl Record for OpenCloseLogDocument {
    const COLLECTION: &'static Collection = &OPEN_CLOSE_LOGS;
    fn id(&self) -> String {
        open_close_log_key(&self.0)
    }
}

/// The key of an open or close log: a session of a till begins once and ends once.
fn open_close_log_key(log: &OpenCloseLog) -> String {
    format!(
        "{}/{}/{}/{}",
        log.store_code, log.terminal_no, log.business_counter, log.operation
    )
}

/// What the security log is told: the bodies of its events under their ids, until they are too old to matter.
pub static SECURITY_LOGS: Collection = Collection {
    name: "log_terminal_security",
    fields: &[],
    indexes: &[Index::on(&["created_at"])],
};

/// A log entry of a terminal.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    event_id: EventId,
    entry: Entry,
}

#[derive(Debug, Clone)]
enum Entry {
    Cash(Arc<CashLog>),
    OpenClose(Arc<OpenCloseLog>),
}

impl Log {
    /// Cash moved.
    pub(crate) fn cash(
        event_id: EventId,
        terminal: &Terminal,
        place: &Place,
        time: &LocalTime,
        signed: Money,
        over_drawer: Option<Money>,
        description: &str,
    ) -> Result<Self, Error> {
        let printed = receipt::cash(terminal, place, time, signed, over_drawer, description);
        let log = CashLog {
            event_id: event_id.to_string(),
            event_type: "cash_in_out".to_owned(),
            tenant_id: terminal.id.tenant.to_string(),
            store_code: place.code.to_string(),
            store_name: place.name.clone(),
            terminal_no: terminal.id.number.get(),
            staff_id: terminal.staff.as_ref().map(|staff| staff.id.clone()),
            staff_name: terminal.staff.as_ref().map(|staff| staff.name.clone()),
            business_date: business_date(terminal)?,
            open_counter: terminal.open_counter,
            business_counter: terminal.business_counter,
            generate_date_time: time.iso(),
            amount: Some(signed.into()),
            description: description.to_owned(),
            receipt_text: printed.receipt_text,
            journal_text: printed.journal_text,
            over_drawer_amount: over_drawer.map(Into::into),
            approved_by: None,
        };
        Ok(Self {
            event_id,
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
        let count = terminal.count(sales.cash).map_err(Refusal::from)?;
        let printed = receipt::closed(terminal, place, time, &count);
        let drawer = terminal.drawer;
        Self::session("close", terminal, place, time, printed, |log| {
            log.cart_transaction_count = Some(sales.count);
            log.cart_transaction_last_no = sales.last_no;
            log.cash_in_out_count = Some(drawer.count);
            log.cash_in_out_last_datetime = drawer.last.map(|instant| LocalTime::new(instant, zone).iso());
            log.expected_amount = Some(count.expected.into());
            log.over_short_amount = count.over_short.map(Into::into);
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
            store_code: place.code.to_string(),
            store_name: place.name.clone(),
            terminal_no: terminal.id.number.get(),
            staff_id: terminal.staff.as_ref().map(|staff| staff.id.clone()),
            staff_name: terminal.staff.as_ref().map(|staff| staff.name.clone()),
            business_date: business_date(terminal)?,
            open_counter: terminal.open_counter,
            business_counter: terminal.business_counter,
            operation: operation.to_owned(),
            generate_date_time: time.iso(),
            terminal_info: Some(terminal_info(terminal)?),
            cart_transaction_count: None,
            cart_transaction_last_no: None,
            cash_in_out_count: None,
            cash_in_out_last_datetime: None,
            receipt_text: printed.receipt_text,
            journal_text: printed.journal_text,
            expected_amount: None,
            over_short_amount: None,
            currency_code: place.currency.code().to_owned(),
            approved_by: None,
        };
        complete(&mut log);
        Ok(Self {
            event_id,
            entry: Entry::OpenClose(Arc::new(log)),
        })
    }

    /// The same with who approved what it tells of, if that took somebody.
    pub(crate) fn approved_by(mut self, approver: Option<&StaffRef>) -> Self {
        let approver = approver.map(staff_info);
        match &mut self.entry {
            Entry::Cash(log) => Arc::make_mut(log).approved_by = approver,
            Entry::OpenClose(log) => Arc::make_mut(log).approved_by = approver,
        }
        self
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
        terminal: &TerminalId,
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
            tenant: terminal.tenant.clone(),
            store: Some(terminal.store.clone()),
            terminal: Some(terminal.number),
            occurred_at,
            schema_version: Event::SCHEMA_VERSION,
            traceparent: traceparent.map(str::to_owned),
            body,
        }))
    }

    /// What is printed about it.
    pub(crate) fn printed(&self) -> Printed {
        let (receipt_text, journal_text) = match &self.entry {
            Entry::Cash(log) => (&log.receipt_text, &log.journal_text),
            Entry::OpenClose(log) => (&log.receipt_text, &log.journal_text),
        };
        Printed {
            receipt_text: receipt_text.clone(),
            journal_text: journal_text.clone(),
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
        open_counter: terminal.open_counter,
        business_counter: terminal.business_counter,
        staff: terminal.staff.as_ref().map(staff_info),
        initial_amount: terminal.initial_amount.map(Into::into),
        physical_amount: terminal.physical_amount.map(Into::into),
        tags: Vec::new(),
    })
}

fn staff_info(staff: &StaffRef) -> StaffInfo {
    StaffInfo {
        id: staff.id.clone(),
        name: staff.name.clone(),
    }
}
