//! A session's sales, as the cart service logged them.

use kugel_error::Error;
use kugel_proto::cart::v1 as pb;
use kugel_proto::cart::v1::transaction_service_client::TransactionServiceClient;
use kugel_rpc::{Client as _, Neighbour};
use kugel_types::{Money, PaymentKind, TerminalId, TransactionType};

use crate::domain::SessionSales;

/// What the `business_counter`-th session sold: read from the transactions above number `after`.
pub(super) async fn session_sales(
    cart: &Neighbour,
    terminal: &TerminalId,
    business_counter: i32,
    after: i64,
) -> Result<SessionSales, Error> {
    let message = pb::StreamTransactionsRequest {
        tenant_id: terminal.tenant.to_string(),
        store_code: terminal.store.to_string(),
        terminal_no: terminal.number.get(),
        after_transaction_no: after,
    };
    let mut client = TransactionServiceClient::over(cart.channel());
    let answer = client
        .stream_transactions(cart.request(&terminal.tenant, message))
        .await;
    let mut transactions = cart.answered(answer)?;
    let mut sales = SessionSales::default();
    while let Some(row) = transactions
        .message()
        .await
        .map_err(|status| cart.failed(status))?
    {
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

/// The cash that a transaction settled; nothing for a cancelled cart.
fn cash_of(transaction: &pb::TransactionLog) -> Result<Money, Error> {
    if transaction.sales.as_ref().is_some_and(|sales| sales.is_cancelled) {
        return Ok(Money::ZERO);
    }
    let mut amounts = Vec::new();
    for payment in &transaction.payments {
        if payment.kind()? == PaymentKind::Cash {
            amounts.push(Money::try_from(payment.amount.clone().unwrap_or_default())?);
        }
    }
    Ok(Money::sum(amounts)?)
}
