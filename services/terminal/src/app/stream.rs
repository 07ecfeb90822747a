//! A terminal's logs from the beginning.

use std::sync::Arc;

use jiff::Timestamp;
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
    /// Its session, whose close comes last, and the instant at which it was made; for what was made at the same one: the
    /// change fund goes in before the session's opening is logged. Clocks are set back, so instants alone are no order.
    fn order(&self) -> (i32, bool, Option<Timestamp>, u8) {
        match self {
            Self::Cash(log) => {
                let log = &log.0;
                (log.business_counter, false, instant(&log.generate_date_time), 0)
            }
            Self::OpenClose(log) => {
                let (log, is_close) = (&log.0, log.0.operation == "close");
                (
                    log.business_counter,
                    is_close,
                    instant(&log.generate_date_time),
                    1,
                )
            }
        }
    }
}

/// Texts of instants have the offset of their day, so they are no order either.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok()
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
        logs.sort_by_cached_key(LogEntry::order);
        Ok(logs)
    }
}
