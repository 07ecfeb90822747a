//! Whether a transaction still stands. The log itself is never changed.

use kugel_types::{StoreCode, TerminalId, TerminalNo};
use serde::{Deserialize, Serialize};

/// The reversal state of one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionStatus {
    /// The tenant.
    pub tenant_id: String,
    /// The store.
    pub store_code: StoreCode,
    /// The terminal that made the transaction.
    pub terminal_no: TerminalNo,
    /// The transaction.
    pub transaction_no: i64,
    /// True while it is voided.
    pub is_voided: bool,
    /// True while it is returned.
    pub is_refunded: bool,
    /// The void.
    pub void_transaction_no: Option<i64>,
    /// When it was voided.
    pub void_date_time: Option<String>,
    /// Who voided it.
    pub void_staff_id: Option<String>,
    /// The return.
    pub return_transaction_no: Option<i64>,
    /// The terminal that made the return.
    pub return_terminal_no: Option<i32>,
    /// When it was returned.
    pub return_date_time: Option<String>,
    /// Who returned it.
    pub return_staff_id: Option<String>,
}

impl TransactionStatus {
    /// The state of a transaction that nothing has happened to.
    pub fn standing(terminal: &TerminalId, transaction_no: i64) -> Self {
        Self {
            tenant_id: terminal.tenant.to_string(),
            store_code: terminal.store.clone(),
            terminal_no: terminal.number,
            transaction_no,
            is_voided: false,
            is_refunded: false,
            void_transaction_no: None,
            void_date_time: None,
            void_staff_id: None,
            return_transaction_no: None,
            return_terminal_no: None,
            return_date_time: None,
            return_staff_id: None,
        }
    }

    /// After a void.
    #[must_use]
    pub fn voided(self, transaction_no: i64, at: &str, staff_id: &str) -> Self {
        Self {
            is_voided: true,
            void_transaction_no: Some(transaction_no),
            void_date_time: Some(at.to_owned()),
            void_staff_id: Some(staff_id.to_owned()),
            ..self
        }
    }

    /// After a return, which any terminal of the store may have made.
    #[must_use]
    pub fn returned(self, transaction_no: i64, by: TerminalNo, at: &str, staff_id: &str) -> Self {
        Self {
            is_refunded: true,
            return_transaction_no: Some(transaction_no),
            return_terminal_no: Some(by.get()),
            return_date_time: Some(at.to_owned()),
            return_staff_id: Some(staff_id.to_owned()),
            ..self
        }
    }

    /// After the void of its return: it may be returned or voided again.
    #[must_use]
    pub fn not_returned(self) -> Self {
        Self {
            is_refunded: false,
            return_transaction_no: None,
            return_terminal_no: None,
            return_date_time: None,
            return_staff_id: None,
            ..self
        }
    }
}
