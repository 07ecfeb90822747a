//! Terminals.

use kugel_store::{Collection, Field, Index, Record};
use kugel_types::{StoreCode, TenantId, TerminalNo};
use serde::{Deserialize, Serialize};

use crate::domain::Terminal;

/// A terminal, with the parts of its id that lists ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalDocument {
    /// The terminal.
    #[serde(flatten)]
    pub terminal: Terminal,
    /// The tenant.
    tenant_id: TenantId,
    /// The store.
    store_code: StoreCode,
    /// The till within the store.
    terminal_no: TerminalNo,
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
        self.terminal.id.to_string()
    }
}

impl From<Terminal> for TerminalDocument {
    fn from(terminal: Terminal) -> Self {
        Self {
            tenant_id: terminal.id.tenant.clone(),
            store_code: terminal.id.store.clone(),
            terminal_no: terminal.id.number,
            terminal,
        }
    }
}
