//! Streams the transaction log of a tenant.

use std::sync::Arc;

use kugel_error::Error;
use kugel_proto::cart::v1::TransactionLog;
use kugel_store::{Direction, Page, Query, Scope, Sort};
use kugel_types::{StoreCode, TenantId, TerminalNo};
use tokio::sync::mpsc;

use super::App;
use super::list_transactions::parse;
use crate::records::{LOG_TRAN, TerminalCounter};

/// Transactions that are read at once.
const CHUNK: u32 = 500;
/// Transactions that are read ahead of a slow reader.
const AHEAD: usize = 64;

/// Which part of the log is wanted.
#[derive(Debug, Clone)]
pub struct StreamStart {
    /// Only this store.
    pub store: Option<StoreCode>,
    /// Only this terminal of the store.
    pub terminal: Option<TerminalNo>,
}

type Sender = mpsc::Sender<Result<Arc<TransactionLog>, Error>>;

impl App {
    /// Reads the log terminal by terminal, each in the order of its numbers, until the reader goes away.
    pub fn stream_transactions(
        &self,
        tenant: TenantId,
        start: StreamStart,
    ) -> mpsc::Receiver<Result<Arc<TransactionLog>, Error>> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let app = self.clone();
        tokio::spawn(async move {
            if let Err(error) = app.stream_into(&Scope::from(tenant), &start, &sender).await {
                // A reader that is gone needs no error.
                let _ = sender.send(Err(error)).await;
            }
        });
        receiver
    }

    async fn stream_into(&self, scope: &Scope, start: &StreamStart, sender: &Sender) -> Result<(), Error> {
        let by_terminal = [
            ("store_code", Direction::Ascending),
            ("terminal_no", Direction::Ascending),
        ];
        let query = Query::all()
            .given(start.store.as_ref(), |query, store| query.eq("store_code", store))
            .given(start.terminal, |query, number| query.eq("terminal_no", number))
            .sort(Sort(
                by_terminal.map(|(field, way)| (field.to_owned(), way)).to_vec(),
            ));
        // Every terminal with a transaction has a counter.
        for counter in self.documents.find::<TerminalCounter>(scope, query).await?.rows {
            if !self.stream_terminal(scope, &counter, sender).await? {
                break;
            }
        }
        Ok(())
    }

    /// Sends one terminal's transactions. `false`: the reader is gone.
    async fn stream_terminal(
        &self,
        scope: &Scope,
        counter: &TerminalCounter,
        sender: &Sender,
    ) -> Result<bool, Error> {
        let mut after = 0;
        loop {
            let query = Query::all()
                .eq("store_code", counter.store_code.as_str())
                .eq("terminal_no", counter.terminal_no);
            let logs = self.logs_after(scope, query, after).await?;
            let Some(last) = logs.last() else {
                return Ok(true);
            };
            after = last.transaction_no;
            for log in logs {
                if sender.send(Ok(log)).await.is_err() {
                    return Ok(false);
                }
            }
        }
    }

    /// The next transactions of a terminal above a number, in the order of their numbers.
    pub(super) async fn logs_after(
        &self,
        scope: &Scope,
        query: Query,
        after: i64,
    ) -> Result<Vec<Arc<TransactionLog>>, Error> {
        let query = query
            .greater("transaction_no", after)
            .sort(("transaction_no", Direction::Ascending))
            .page(Page {
                limit: CHUNK,
                number: 1,
            });
        let found = self.documents.store().find(scope, &LOG_TRAN, &query).await?;
        let logs = found.documents.iter();
        Ok(logs
            .map(|document| parse(&document.id, &document.body))
            .collect::<Result<_, _>>()?)
    }
}
