//! A session's sales, as the cart service logged them.

use kugel_error::Error;
use kugel_proto::cart::v1 as pb;
use kugel_proto::cart::v1::transaction_service_client::TransactionServiceClient;
use kugel_types::{Money, PaymentKind, TerminalId, TransactionType};
use tonic::Status;

use super::{Clients, failed};
use crate::domain::SessionSales;

impl Clients {
    pub(super) async fn count_sales(
        &self,
        terminal: &TerminalId,
        business_counter: i32,
        after: i64,
    ) -> Result<SessionSales, Error> {
        let away = |status: Status| failed("cart", status);
        let message = pb::StreamTransactionsRequest {
            tenant_id: terminal.tenant.to_string(),
            store_code: terminal.store.to_string(),
            terminal_no: terminal.number.get(),
            after_transaction_no: after,
        };
        let request = self.request(&terminal.tenant, message);
        let mut client = TransactionServiceClient::new(self.channel("cart"));
        let mut transactions = client
            .stream_transactions(request)
            .await
            .map_err(away)?
            .into_inner();
        let mut sales = SessionSales::default();
        while let Some(row) = transactions.message().await.map_err(away)? {
            if let Some(log) = row
                .transaction
                .filter(|log| log.business_counter == business_counter)
            {
                let kind = TransactionType::try_from(log.transaction_type)?;
                sales = sales.counted(log.transaction_no, kind, cash_of(&log)?)?;
            }
        }
        Ok(sales)
    }
}

/// The cash that a transaction settled; nothing for a cancelled cart.
fn cash_of(transaction: &pb::TransactionLog) -> Result<Money, Error> {
    if transaction.sales.as_ref().is_some_and(|sales| sales.is_cancelled) {
        return Ok(Money::ZERO);
    }
    let cash = transaction
        .payments
        .iter()
        .filter(|payment| PaymentKind::of_code(&payment.payment_code) == PaymentKind::Cash);
    let amounts = cash
        .filter_map(|payment| payment.amount.as_ref())
        .map(Money::try_from);
    Ok(Money::sum(amounts.collect::<Result<Vec<_>, _>>()?)?)
}
