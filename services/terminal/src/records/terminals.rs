//! Terminals.

use kugel_auth::ApiKeyHash;
use kugel_store::{Collection, Field, Index, Record};
use kugel_types::{StoreCode, TenantId, TerminalId, TerminalNo};
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
    ],
    indexes: &[Index::on(&["store_code"])],
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

/// Whose an API key is, among the documents that all tenants share: a key that comes without a terminal id leads to its
/// terminal, and an unknown one to nobody, without a look into any tenant's documents.
///
/// It is written before the terminal that has the key, and the terminal's own document decides: an entry whose terminal
/// has another key, or is not there, lets nobody in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyOwner {
    /// The hash of the key.
    pub api_key_hash: ApiKeyHash,
    /// The terminal.
    pub terminal_id: TerminalId,
    /// Its tenant.
    pub tenant_id: TenantId,
}

pub(super) static KEY_OWNERS: Collection = Collection {
    name: "api_key_owners",
    fields: &[Field::text("tenant_id")],
    indexes: &[Index::on(&["tenant_id"])],
};

impl Record for KeyOwner {
    const COLLECTION: &'static Collection = &KEY_OWNERS;
    fn id(&self) -> String {
        self.api_key_hash.as_str().to_owned()
    }
}

impl KeyOwner {
    /// The terminal as the owner of a key.
    pub(crate) fn new(terminal_id: TerminalId, api_key_hash: ApiKeyHash) -> Self {
        Self {
            api_key_hash,
            tenant_id: terminal_id.tenant.clone(),
            terminal_id,
        }
    }
}
