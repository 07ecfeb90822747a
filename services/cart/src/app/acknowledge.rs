//! Notes what a consumer did with a transaction's event.

use kugel_error::{Error, codes};
use kugel_types::{EventId, TenantId};

use super::App;

/// What a consumer reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The event.
    pub event_id: EventId,
    /// The consumer.
    pub service: String,
    /// Why the event was not processed; `None` if it was.
    pub failure: Option<String>,
}

impl App {
    /// Notes the report in the event's delivery record.
    pub async fn acknowledge(&self, tenant: &TenantId, report: Acknowledgement) -> Result<(), Error> {
        let Acknowledgement {
            event_id,
            service,
            failure,
        } = report;
        match self
            .outbox
            .acknowledge(tenant, &event_id, &service, failure)
            .await?
        {
            true => Ok(()),
            false => Err(codes::CART_INTERNAL
                .error(format!("there is no event {event_id}"))
                .with("event_id", event_id)),
        }
    }
}
