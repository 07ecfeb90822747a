//! Sessions, as the cart service sold in them.

use kugel_error::Error;
use kugel_proto::cart::v1 as pb;
use kugel_proto::cart::v1::transaction_service_client::TransactionServiceClient;
use kugel_rpc::{Client as _, Neighbour};
use kugel_types::{Money, TerminalId};

use crate::domain::{LastSession, SessionSales, Terminal};
use crate::ports::SealedSession;

/// Seals the present session.
pub(super) async fn seal_session(cart: &Neighbour, terminal: &Terminal) -> Result<SealedSession, Error> {
    let tenant = &terminal.id.tenant;
    let message = pb::SealSessionRequest {
        tenant_id: tenant.to_string(),
        store_code: terminal.id.store.to_string(),
        terminal_no: terminal.id.number.get(),
        business_date: terminal
            .business_date
            .map(|date| date.to_string())
            .unwrap_or_default(),
        open_counter: terminal.open_counter,
        business_counter: terminal.business_counter,
    };
    let mut client = TransactionServiceClient::over(cart.channel());
    let answer = cart.answered(client.seal_session(cart.request(tenant, message)).await)?;
    Ok(SealedSession {
        sales: sales(&answer.session.unwrap_or_default())?,
        open_carts: answer.open_cart_ids,
    })
}

/// The last session in which the terminal sold or that was sealed.
pub(super) async fn last_session(cart: &Neighbour, id: &TerminalId) -> Result<Option<LastSession>, Error> {
    let message = pb::GetSessionRequest {
        tenant_id: id.tenant.to_string(),
        store_code: id.store.to_string(),
        terminal_no: id.number.get(),
    };
    let mut client = TransactionServiceClient::over(cart.channel());
    let answer = cart.answered(client.get_session(cart.request(&id.tenant, message)).await)?;
    let session = answer.session.map(|sums| {
        Ok(LastSession {
            business_counter: sums.business_counter,
            is_sealed: sums.is_sealed,
            sales: sales(&sums)?,
        })
    });
    session.transpose()
}

fn sales(sums: &pb::SessionSums) -> Result<SessionSales, Error> {
    Ok(SessionSales {
        count: sums.transaction_count,
        last_no: sums.last_transaction_no,
        cash: Money::try_from(sums.cash_amount.clone().unwrap_or_default())?,
    })
}
