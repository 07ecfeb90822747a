//! Reads transactions with their reversal states.

use std::sync::Arc;

use kugel_error::{Error, codes};
use kugel_proto::cart::v1::TransactionLog;
use kugel_store::{Body, Direction, Page, Query, Scope, Sort, StoreError};
use kugel_types::{BusinessDate, TerminalId, TransactionType};

use super::App;
use crate::domain::status::TransactionStatus;
use crate::records::{LOG_TRAN, transaction_key};

/// A transaction and whether it still stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// The transaction.
    pub log: Arc<TransactionLog>,
    /// True if it was voided.
    pub is_voided: bool,
    /// True if it was returned.
    pub is_refunded: bool,
}

/// Which transactions of a terminal are wanted.
#[derive(Debug, Clone, Default)]
pub struct TransactionFilter {
    /// Only of this day in the books.
    pub business_date: Option<BusinessDate>,
    /// Only of this opening.
    pub open_counter: Option<i32>,
    /// Only of these types; none means all.
    pub transaction_types: Vec<TransactionType>,
    /// Only with this receipt number.
    pub receipt_no: Option<i64>,
    /// Cancelled carts too.
    pub include_cancelled: bool,
}

/// A page of transactions.
#[derive(Debug, Clone)]
pub struct TransactionPage {
    /// The transactions.
    pub rows: Vec<Transaction>,
    /// How many there are on all pages.
    pub total: u64,
}

impl App {
    /// Lists transactions of a terminal of the caller's tenant.
    pub async fn list_transactions(
        &self,
        terminal: &TerminalId,
        filter: TransactionFilter,
        sort: Sort,
        page: Page,
    ) -> Result<TransactionPage, Error> {
        let query = Query::all()
            .eq("store_code", &terminal.store)
            .eq("terminal_no", terminal.number)
            .given(filter.business_date, |query, date| {
                query.eq("business_date", date)
            })
            .given(filter.open_counter, |query, counter| {
                query.eq("open_counter", counter)
            })
            .given(filter.receipt_no, |query, number| query.eq("receipt_no", number))
            .given((!filter.include_cancelled).then_some(false), |query, flag| {
                query.eq("sales.is_cancelled", flag)
            })
            .given(
                Some(filter.transaction_types).filter(|types| !types.is_empty()),
                |query, types| {
                    query.one_of("transaction_type", types.into_iter().map(TransactionType::number))
                },
            )
            .sort(by_number(sort))
            .page(page);
        let scope = Scope::from(&terminal.tenant);
        let found = self.documents.store().find(&scope, &LOG_TRAN, &query).await?;
        let logs = found
            .documents
            .iter()
            .map(|document| parse(&document.id, &document.body));
        let logs = logs.collect::<Result<Vec<_>, _>>()?;
        Ok(TransactionPage {
            rows: self.with_status(&scope, logs).await?,
            total: found.total,
        })
    }

    /// Reads a transaction.
    pub async fn get_transaction(
        &self,
        terminal: &TerminalId,
        transaction_no: i64,
    ) -> Result<Transaction, Error> {
        let log = self.transaction_log(terminal, transaction_no).await?;
        let mut rows = self
            .with_status(&Scope::from(&terminal.tenant), vec![log])
            .await?;
        rows.pop().ok_or_else(|| not_found(terminal, transaction_no))
    }

    /// The log of a transaction.
    pub(crate) async fn transaction_log(
        &self,
        terminal: &TerminalId,
        transaction_no: i64,
    ) -> Result<Arc<TransactionLog>, Error> {
        let key = transaction_key(terminal.store.as_str(), terminal.number.get(), transaction_no);
        let scope = Scope::from(&terminal.tenant);
        match self.documents.store().get(&scope, &LOG_TRAN, &key).await? {
            Some(document) => Ok(parse(&document.id, &document.body)?),
            None => Err(not_found(terminal, transaction_no)),
        }
    }

    async fn with_status(
        &self,
        scope: &Scope,
        logs: Vec<Arc<TransactionLog>>,
    ) -> Result<Vec<Transaction>, Error> {
        let keys: Vec<String> = logs
            .iter()
            .map(|log| transaction_key(&log.store_code, log.terminal_no, log.transaction_no))
            .collect();
        let statuses = self.documents.get_many::<TransactionStatus>(scope, &keys).await?;
        let merged = logs.into_iter().zip(statuses).map(|(log, status)| Transaction {
            log,
            is_voided: status.as_ref().is_some_and(|status| status.is_voided),
            is_refunded: status.as_ref().is_some_and(|status| status.is_refunded),
        });
        Ok(merged.collect())
    }
}

/// A terminal makes its transactions in the order of their numbers. Their times are texts, each with the offset of its day,
/// and clocks are set back.
fn by_number(sort: Sort) -> Sort {
    let mut fields: Vec<(String, Direction)> = Vec::new();
    for (field, way) in sort.0 {
        let field = match field.as_str() {
            "generate_date_time" => "transaction_no".to_owned(),
            _ => field,
        };
        if fields.iter().all(|(known, _)| *known != field) {
            fields.push((field, way));
        }
    }
    Sort(fields)
}

pub(crate) fn parse(id: &str, body: &Body) -> Result<Arc<TransactionLog>, StoreError> {
    body.parse::<TransactionLog>()
        .map_err(|error| StoreError::Malformed {
            collection: LOG_TRAN.name,
            id: id.to_owned(),
            reason: error.to_string(),
        })
}

fn not_found(terminal: &TerminalId, transaction_no: i64) -> Error {
    codes::NOT_FOUND
        .error(format!(
            "transaction {transaction_no} of terminal {terminal} is not found"
        ))
        .with("transaction_no", transaction_no)
}
