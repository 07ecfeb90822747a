//! A terminal's logs from the beginning.

use std::sync::Arc;

use kugel_error::Error;
use kugel_store::{Query, Scope};
use kugel_types::{StoreCode, TenantId, TerminalNo};

use super::App;
use crate::records::{CashLogDocument, OpenCloseLogDocument};

/// A log as it was made.
#[derive(Debug, Clone)]
pub enum LogEntry {
    /// Cash moved.
    Cash(Arc<CashLogDocument>),
    /// A session began or ended.
    OpenClose(Arc<OpenCloseLogDocument>),
}

impl LogEntry {
    /// When it was made, and for what was made at the same instant, in which order: the change fund goes in before
    /// the session's opening is logged.
    fn order(&self) -> (&str, u8) {
        match self {
            Self::Cash(log) => (&log.0.generate_date_time, 0),
            Self::OpenClose(log) => (&log.0.generate_date_time, 1),
        }
    }
}

impl App {
    /// The terminals that ever logged anything, deleted ones included.
    pub async fn logged_terminals(
        &self,
        tenant: &TenantId,
        store: Option<&StoreCode>,
    ) -> Result<Vec<(StoreCode, TerminalNo)>, Error> {
        // A terminal logs nothing before its first opening, and each session has exactly one.
        let query = Query::all()
            .eq("operation", "open")
            .eq("open_counter", 1_i64)
            .given(store, |query, store| query.eq("store_code", store));
        let openings = self
            .documents
            .find::<OpenCloseLogDocument>(&Scope::from(tenant), query)
            .await?;
        let mut terminals = Vec::new();
        for opening in openings.rows {
            let log = &opening.0;
            terminals.push((log.store_code.parse()?, TerminalNo::new(log.terminal_no.into())?));
        }
        terminals.sort_unstable();
        terminals.dedup();
        Ok(terminals)
    }

    /// All logs of one terminal in the order they were made.
    pub async fn logs(
        &self,
        tenant: &TenantId,
        store: &StoreCode,
        number: TerminalNo,
    ) -> Result<Vec<LogEntry>, Error> {
        let scope = Scope::from(tenant);
        let query = Query::all().eq("store_code", store).eq("terminal_no", number);
        let cash = self
            .documents
            .find::<CashLogDocument>(&scope, query.clone())
            .await?;
        let sessions = self.documents.find::<OpenCloseLogDocument>(&scope, query).await?;
        let mut logs: Vec<_> = cash
            .rows
            .into_iter()
            .map(|row| LogEntry::Cash(row.value))
            .collect();
        logs.extend(
            sessions
                .rows
                .into_iter()
                .map(|row| LogEntry::OpenClose(row.value)),
        );
        logs.sort_by(|one, other| one.order().cmp(&other.order()));
        Ok(logs)
    }
}
