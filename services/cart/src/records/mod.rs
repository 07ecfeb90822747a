//! The collections of the cart service, and how its documents are kept in them.

pub(crate) mod receipt;
pub(crate) mod transaction_log;

use kugel_bus::{Producer, Topic};
use kugel_store::{Collection, Field, Index, PROCESSED_REQUESTS, Record};
use kugel_types::TerminalId;
use serde::{Deserialize, Serialize};

use crate::domain::cart::Cart;
use crate::domain::numbering::Numbers;
use crate::domain::session::SessionSums;
use crate::domain::status::TransactionStatus;

/// Carts.
pub(crate) static CACHE_CART: Collection = Collection {
    name: "cache_cart",
    fields: &[
        Field::text("store_code"),
        Field::integer("terminal_no"),
        Field::text("cart_status"),
    ],
    indexes: &[],
};

/// Transactions. Their documents are the bodies of their events. Their key is store, terminal and number, so that no
/// number is used twice without an index that says so again.
pub(crate) static LOG_TRAN: Collection = Collection {
    name: "log_tran",
    fields: &[
        Field::text("store_code"),
        Field::integer("terminal_no"),
        Field::integer("transaction_no"),
        Field::integer("receipt_no"),
        Field::integer("transaction_type"),
        Field::text("business_date"),
        Field::integer("open_counter"),
        Field::integer("business_counter"),
        Field::text("generate_date_time"),
        Field::boolean("sales.is_cancelled"),
        Field::text("invoice_issue_no"),
    ],
    indexes: &[
        Index::on(&["store_code", "terminal_no", "transaction_no"]),
        Index::on(&["store_code", "terminal_no", "business_date", "transaction_no"]),
        Index::on(&["invoice_issue_no"]),
    ],
};

/// Reversal states of transactions.
pub(crate) static STATUS_TRAN: Collection = Collection {
    name: "status_tran",
    fields: &[
        Field::text("store_code"),
        Field::integer("terminal_no"),
        Field::integer("transaction_no"),
        Field::boolean("is_voided"),
        Field::boolean("is_refunded"),
    ],
    indexes: &[],
};

/// Numbers of terminals and the sums of their sessions.
pub(crate) static INFO_TERMINAL_COUNTER: Collection = Collection {
    name: "info_terminal_counter",
    fields: &[Field::text("store_code"), Field::integer("terminal_no")],
    indexes: &[],
};

static STATUS_TRAN_DELIVERY: Collection = kugel_bus::deliveries("status_tran_delivery");

/// Transactions as events, and what became of them.
pub static PRODUCER: Producer = Producer {
    deliveries: &STATUS_TRAN_DELIVERY,
    logs: &[(Topic::TranlogReport, &LOG_TRAN)],
};

/// The key of a transaction in `log_tran` and `status_tran`.
pub fn transaction_key(store_code: &str, terminal_no: i32, transaction_no: i64) -> String {
    format!("{store_code}/{terminal_no}/{transaction_no}")
}

/// The numbers that a terminal used last, and what the session they were used in comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalCounter {
    /// The terminal.
    pub terminal_id: String,
    /// Its store and number, so that the log can be read terminal by terminal.
    pub store_code: String,
    /// The number within the store.
    pub terminal_no: i32,
    /// The numbers by name.
    pub count_dic: Numbers,
    /// The session; a counter of an earlier build has none.
    #[serde(default)]
    pub session: Option<SessionSums>,
}

impl TerminalCounter {
    /// The counter of a terminal that has used `numbers`, the last of them in `session`.
    pub(crate) fn new(terminal: &TerminalId, numbers: Numbers, session: SessionSums) -> Self {
        Self {
            terminal_id: terminal.to_string(),
            store_code: terminal.store.to_string(),
            terminal_no: terminal.number.get(),
            count_dic: numbers,
            session: Some(session),
        }
    }
}

impl Record for Cart {
    const COLLECTION: &'static Collection = &CACHE_CART;
    fn id(&self) -> String {
        self.cart_id.to_string()
    }
}

impl Record for TransactionStatus {
    const COLLECTION: &'static Collection = &STATUS_TRAN;
    fn id(&self) -> String {
        transaction_key(
            self.store_code.as_str(),
            self.terminal_no.get(),
            self.transaction_no,
        )
    }
}

impl Record for TerminalCounter {
    const COLLECTION: &'static Collection = &INFO_TERMINAL_COUNTER;
    fn id(&self) -> String {
        self.terminal_id.clone()
    }
}

/// All collections of the service.
pub static COLLECTIONS: [&Collection; 6] = [
    &CACHE_CART,
    &LOG_TRAN,
    &STATUS_TRAN,
    &INFO_TERMINAL_COUNTER,
    &STATUS_TRAN_DELIVERY,
    &PROCESSED_REQUESTS,
];
