//! Files a transaction log that is handed in by a call instead of an event.

use kugel_bus::inbox;
use kugel_error::Error;
use kugel_proto::cart::v1::TransactionLog;
use kugel_rpc::Caller;
use kugel_types::TerminalId;

use super::App;
use crate::records::{Entry, LOGS, TransactionRecord};

impl App {
    /// Files the log with its entry as posted: an event with its number takes its place. One that is filed already is
    /// kept as it is.
    pub(crate) async fn post_transaction(
        &self,
        caller: &Caller,
        mut log: TransactionLog,
    ) -> Result<(), Error> {
        let entry = Entry::of_transaction(&log)?;
        let terminal = TerminalId {
            tenant: caller.tenant().clone(),
            store: entry.store_code.clone(),
            number: entry.terminal_no,
        };
        self.terminals.check_log(&terminal, &mut log).await?;
        let changes = self.documents.changes(&caller.actor());
        let changes = changes.insert(TransactionRecord::of(log)).insert(entry);
        match self.documents.commit(&caller.scope(), changes).await {
            Err(error) if inbox::is_filed(&error, &LOGS) => Ok(()),
            result => Ok(result?),
        }
    }
}
