//! Terminals.

use jiff::Timestamp;
use kugel_auth::ApiKeyHash;
use kugel_error::Error;
use kugel_store::{Collection, Field, Index, Record};
use kugel_types::{BusinessDate, Money, TerminalId};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::damaged;
use crate::domain::{Drawer, FunctionMode, Staff, Status, Terminal};

/// A terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalDocument {
    /// The key, `{tenant_id}-{store_code}-{terminal_no}`.
    pub terminal_id: String,
    /// The tenant.
    pub tenant_id: String,
    /// The store.
    pub store_code: String,
    /// The till within the store.
    pub terminal_no: i32,
    /// What people call it.
    pub description: String,
    /// The screen it is in.
    pub function_mode: String,
    /// Where it is in its life.
    pub status: String,
    /// The day of the present or last session.
    pub business_date: Option<String>,
    /// Sessions on that day.
    pub open_counter: i32,
    /// Sessions in its life.
    pub business_counter: i32,
    /// The change fund of the present or last session.
    pub initial_amount: Option<Decimal>,
    /// The cash counted at the last close.
    pub physical_amount: Option<Decimal>,
    /// Who is signed in.
    pub staff: Option<StaffDocument>,
    /// Cash logs of the session.
    pub cash_in_out_count: i32,
    /// Their sum.
    pub cash_in_out_amount: Decimal,
    /// When the newest was made.
    pub cash_in_out_last_at: Option<Timestamp>,
    /// The highest transaction number of the sessions that are closed.
    pub cart_transaction_last_no: i64,
    /// The hash of the API key.
    pub api_key_hash: String,
}

/// Who is signed in at a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffDocument {
    /// The key in the staff master.
    pub id: String,
    /// The name that receipts print.
    pub name: String,
}

pub(super) static TERMINALS: Collection = Collection {
    name: "info_terminal",
    fields: &[
        Field::text("terminal_id"),
        Field::text("store_code"),
        Field::integer("terminal_no"),
        Field::text("description"),
        Field::text("function_mode"),
        Field::text("status"),
        Field::text("business_date"),
        Field::integer("open_counter"),
        Field::integer("business_counter"),
        Field::text("api_key_hash"),
    ],
    // By key hash a terminal is found that presents its key without saying who it is.
    indexes: &[Index::on(&["store_code"]), Index::unique(&["api_key_hash"])],
};

impl Record for TerminalDocument {
    const COLLECTION: &'static Collection = &TERMINALS;
    fn id(&self) -> String {
        self.terminal_id.clone()
    }
}

impl From<&Terminal> for TerminalDocument {
    fn from(terminal: &Terminal) -> Self {
        Self {
            terminal_id: terminal.id.to_string(),
            tenant_id: terminal.id.tenant.to_string(),
            store_code: terminal.id.store.to_string(),
            terminal_no: terminal.id.number.get(),
            description: terminal.description.clone(),
            function_mode: terminal.function_mode.name().to_owned(),
            status: terminal.status.name().to_owned(),
            business_date: terminal.business_date.map(|date| date.to_string()),
            open_counter: terminal.open_counter,
            business_counter: terminal.business_counter,
            initial_amount: terminal.initial_amount.map(Money::decimal),
            physical_amount: terminal.physical_amount.map(Money::decimal),
            staff: terminal.staff.as_ref().map(|staff| StaffDocument {
                id: staff.id.clone(),
                name: staff.name.clone(),
            }),
            cash_in_out_count: terminal.drawer.count,
            cash_in_out_amount: terminal.drawer.amount.decimal(),
            cash_in_out_last_at: terminal.drawer.last,
            cart_transaction_last_no: terminal.last_transaction_no,
            api_key_hash: terminal.api_key_hash.as_str().to_owned(),
        }
    }
}

impl TerminalDocument {
    /// The terminal that the document describes.
    pub fn terminal(&self) -> Result<Terminal, Error> {
        let damaged = |what| damaged("terminal", &self.terminal_id, what);
        let business_date = self
            .business_date
            .as_deref()
            .map(str::parse::<BusinessDate>)
            .transpose();
        Ok(Terminal {
            id: self
                .terminal_id
                .parse::<TerminalId>()
                .map_err(|_| damaged("id"))?,
            description: self.description.clone(),
            function_mode: self
                .function_mode
                .parse::<FunctionMode>()
                .map_err(|_| damaged("mode"))?,
            status: Status::from_name(&self.status).ok_or_else(|| damaged("status"))?,
            business_date: business_date.map_err(|_| damaged("business date"))?,
            open_counter: self.open_counter,
            business_counter: self.business_counter,
            initial_amount: self.initial_amount.map(Money::from_decimal),
            physical_amount: self.physical_amount.map(Money::from_decimal),
            staff: self.staff.as_ref().map(|staff| Staff {
                id: staff.id.clone(),
                name: staff.name.clone(),
            }),
            drawer: Drawer {
                count: self.cash_in_out_count,
                amount: Money::from_decimal(self.cash_in_out_amount),
                last: self.cash_in_out_last_at,
            },
            last_transaction_no: self.cart_transaction_last_no,
            api_key_hash: ApiKeyHash::from_document(&self.api_key_hash),
        })
    }
}
