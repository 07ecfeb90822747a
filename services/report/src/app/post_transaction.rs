//! Counting a transaction log that is handed in by a call instead of an event.

use std::sync::Arc;

use kugel_bus::inbox;
use kugel_error::{Error, codes};
use kugel_proto::cart::v1::TransactionLog;
use kugel_rpc::Caller;
use kugel_store::Body;
use kugel_types::{TerminalId, TerminalNo};

use super::App;
use super::count_logs::{count, fold};
use crate::records::{AnyLog, LOGS, LogMessage};

impl App {
    /// Files and counts the log as posted: it may be of any past, and an event with its number takes its place. One that
    /// is filed already is left as it is.
    pub(crate) async fn post_transaction(
        &self,
        caller: &Caller,
        mut log: TransactionLog,
    ) -> Result<(), Error> {
        let terminal = TerminalId {
            tenant: caller.tenant().clone(),
            store: log.store_code.parse()?,
            number: TerminalNo::new(log.terminal_no.into())?,
        };
        self.terminals.check_log(&terminal, &mut log).await?;
        let log = Arc::new(log);
        let sums = fold([LogMessage::read(&*log)?.posted()]);
        let filed = Body::of(Arc::clone(&log)).and_then(|body| log.filed(&body));
        let filed = filed.map_err(|error| {
            codes::CREATE_FAILED
                .error("the log could not be written")
                .caused_by(error)
        })?;
        match count(&self.documents, &caller.scope(), &caller.actor(), &[filed], &sums).await {
            Err(error) if inbox::is_filed(&error, &LOGS) => Ok(()),
            result => Ok(result?),
        }
    }
}
