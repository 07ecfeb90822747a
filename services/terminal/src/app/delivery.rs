//! What became of events.

use kugel_error::{Error, codes};
use kugel_types::{EventId, TenantId};

use super::App;

/// A consumer's word on an event.
#[derive(Debug, Clone)]
pub struct DeliveryReport {
    /// Whose event.
    pub tenant: TenantId,
    /// Which event.
    pub event: EventId,
    /// The consumer.
    pub service: String,
    /// What it says.
    pub outcome: DeliveryOutcome,
}

/// What a consumer says about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// It is working on it; nothing changes.
    Pending,
    /// Its effect is durable.
    Received,
    /// It failed, for this reason.
    Failed(String),
}

impl App {
    /// Notes a consumer's word.
    pub async fn note_delivery(&self, report: DeliveryReport) -> Result<(), Error> {
        let DeliveryReport {
            tenant,
            event,
            service,
            outcome,
        } = report;
        let known = match outcome {
            DeliveryOutcome::Pending => self.outbox.record(&tenant, &event).await?.is_some(),
            DeliveryOutcome::Received => self.outbox.acknowledge(&tenant, &event, &service, None).await?,
            DeliveryOutcome::Failed(reason) => {
                self.outbox
                    .acknowledge(&tenant, &event, &service, Some(reason))
                    .await?
            }
        };
        if known {
            return Ok(());
        }
        Err(codes::TERMINAL_INTERNAL
            .error(format!("there is no event {event}"))
            .with("event_id", event.as_str()))
    }
}
