//! The logs of a session, read again from the services that made them.

use std::sync::Arc;

use async_trait::async_trait;
use kugel_bus::{Event, Topic};
use kugel_error::{Error, codes};
use kugel_proto::cart::v1 as cart;
use kugel_proto::cart::v1::transaction_service_client::TransactionServiceClient;
use kugel_proto::terminal::v1 as terminal;
use kugel_proto::terminal::v1::session_service_client::SessionServiceClient;
use kugel_proto::terminal::v1::stream_logs_response::Log;
use kugel_rpc::{Client as _, Neighbour};
use kugel_store::Body;
use kugel_types::TenantId;
use serde::Serialize;

use crate::domain::log::Session;
use crate::ports::Logs;

/// The cart and the terminal service.
pub(crate) struct LogClient {
    cart: Neighbour,
    terminal: Neighbour,
}

impl LogClient {
    /// Reads from both.
    pub(crate) fn new(cart: Neighbour, terminal: Neighbour) -> Self {
        Self { cart, terminal }
    }

    async fn transactions(&self, tenant: &TenantId, session: &Session) -> Result<Vec<Arc<Event>>, Error> {
        let message = cart::StreamTransactionsRequest {
            tenant_id: tenant.to_string(),
            store_code: session.store.to_string(),
            terminal_no: session.terminal.get(),
        };
        let mut client = TransactionServiceClient::over(self.cart.channel());
        let answer = client
            .stream_transactions(self.cart.request(tenant, message))
            .await;
        let (mut rows, mut events) = (self.cart.answered(answer)?, Vec::new());
        while let Some(row) = rows.message().await.map_err(|status| self.cart.failed(status))? {
            let Some(log) = row.transaction else { continue };
            if session.has(log.terminal_no, &log.business_date, log.open_counter) {
                let (id, at) = (log.event_id.clone(), log.generate_date_time.clone());
                events.push(event(tenant, session, Topic::TranlogReport, (&id, &at), log)?);
            }
        }
        Ok(events)
    }

    async fn session_logs(&self, tenant: &TenantId, session: &Session) -> Result<Vec<Arc<Event>>, Error> {
        let message = terminal::StreamLogsRequest {
            tenant_id: tenant.to_string(),
            store_code: session.store.to_string(),
        };
        let mut client = SessionServiceClient::over(self.terminal.channel());
        let answer = client.stream_logs(self.terminal.request(tenant, message)).await;
        let (mut rows, mut events) = (self.terminal.answered(answer)?, Vec::new());
        while let Some(row) = rows
            .message()
            .await
            .map_err(|status| self.terminal.failed(status))?
        {
            match row.log {
                Some(Log::CashLog(log))
                    if session.has(log.terminal_no, &log.business_date, log.open_counter) =>
                {
                    let (id, at) = (log.event_id.clone(), log.generate_date_time.clone());
                    events.push(event(tenant, session, Topic::CashlogReport, (&id, &at), log)?);
                }
                Some(Log::OpenCloseLog(log))
                    if session.has(log.terminal_no, &log.business_date, log.open_counter) =>
                {
                    let (id, at) = (log.event_id.clone(), log.generate_date_time.clone());
                    events.push(event(
                        tenant,
                        session,
                        Topic::OpencloselogReport,
                        (&id, &at),
                        log,
                    )?);
                }
                _ => {}
            }
        }
        Ok(events)
    }
}

#[async_trait]
impl Logs for LogClient {
    async fn of_session(&self, tenant: &TenantId, session: &Session) -> Result<Vec<Arc<Event>>, Error> {
        let mut events = self.transactions(tenant, session).await?;
        events.extend(self.session_logs(tenant, session).await?);
        Ok(events)
    }
}

/// The event that carried a log.
fn event<L: Serialize + Send + Sync + 'static>(
    tenant: &TenantId,
    session: &Session,
    topic: Topic,
    (id, at): (&str, &str),
    log: L,
) -> Result<Arc<Event>, Error> {
    let unusable = |error: &dyn std::fmt::Display| {
        codes::REPORT_NEIGHBOUR_FAILED.error(format!("log {id} cannot be read: {error}"))
    };
    Ok(Arc::new(Event {
        id: id.parse().map_err(|error| unusable(&error))?,
        topic,
        tenant: tenant.clone(),
        store: Some(session.store.clone()),
        terminal: Some(session.terminal),
        occurred_at: at.parse().map_err(|error: jiff::Error| unusable(&error))?,
        schema_version: Event::SCHEMA_VERSION,
        traceparent: None,
        body: Body::of(Arc::new(log)).map_err(|error| unusable(&error))?,
    }))
}
